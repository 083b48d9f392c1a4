//===- ShortFloatTable.h - Codes that stand for 16-bit floats ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What kernels look up that multiply codes of four bits, which are no integers, as f16 or bf16.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_SHORTFLOATTABLE_H
#define QUENCH_CODEGEN_SHORTFLOATTABLE_H

#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

#include <array>
#include <cstdint>
#include <optional>

namespace quench {

using ShortFloatTable = std::array<uint16_t, 16>;

/// The bits of the f16 or bf16 that codes of four bits or fewer stand for, as multiples of the unit
/// of their `CodeTable` if there is one. Nothing for integers and other codes, and if such floats
/// do not hold all values.
std::optional<ShortFloatTable> shortFloatsOf(SchemeAttr scheme, bool isHalf);

} // namespace quench

#endif // QUENCH_CODEGEN_SHORTFLOATTABLE_H

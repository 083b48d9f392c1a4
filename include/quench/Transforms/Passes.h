//===- Passes.h - Passes that calibrate and quantize models -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_PASSES_H
#define QUENCH_TRANSFORMS_PASSES_H

#include "quench/Transforms/RangeMethod.h"

#include "mlir/Pass/Pass.h"

namespace quench {

#define GEN_PASS_DECL
#include "quench/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quench/Transforms/Passes.h.inc"

} // namespace quench

#endif // QUENCH_TRANSFORMS_PASSES_H

//===- Passes.h - The evaluator as a pass -----------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_REFERENCE_PASSES_H
#define QUENCH_REFERENCE_PASSES_H

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>

namespace quench {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "quench/Reference/Passes.h.inc"

} // namespace quench

#endif // QUENCH_REFERENCE_PASSES_H

//===- Passes.h - Passes that run the model while they change it *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_PASSES_H
#define QUENCH_TUNING_PASSES_H

#include "mlir/Pass/Pass.h"

namespace quench {

#define GEN_PASS_DECL
#include "quench/Tuning/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quench/Tuning/Passes.h.inc"

} // namespace quench

#endif // QUENCH_TUNING_PASSES_H

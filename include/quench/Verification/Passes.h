//===- Passes.h - Passes that hold others to their promises *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_VERIFICATION_PASSES_H
#define QUENCH_VERIFICATION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace quench {

#define GEN_PASS_DECL
#include "quench/Verification/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quench/Verification/Passes.h.inc"

} // namespace quench

#endif // QUENCH_VERIFICATION_PASSES_H

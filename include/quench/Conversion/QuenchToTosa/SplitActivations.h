//===- SplitActivations.h - Floats as two bytes -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CONVERSION_QUENCHTOTOSA_SPLITACTIVATIONS_H
#define QUENCH_CONVERSION_QUENCHTOTOSA_SPLITACTIVATIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace quench {

#define GEN_PASS_DECL_SPLITACTIVATIONSPASS
#include "quench/Conversion/Passes.h.inc"

} // namespace quench

#endif // QUENCH_CONVERSION_QUENCHTOTOSA_SPLITACTIVATIONS_H

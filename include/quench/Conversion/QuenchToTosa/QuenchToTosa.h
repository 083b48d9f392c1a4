//===- QuenchToTosa.h - Quantized functions in TOSA's integers ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CONVERSION_QUENCHTOTOSA_QUENCHTOTOSA_H
#define QUENCH_CONVERSION_QUENCHTOTOSA_QUENCHTOTOSA_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace quench {

class WeightStore;

#define GEN_PASS_DECL_CONVERTQUENCHTOTOSAPASS
#include "quench/Conversion/Passes.h.inc"

/// What `convert-quench-to-tosa` does, for a caller who has the weights open. `weights` may be null
/// for a module whose weights are constants. A failure is diagnosed, and nothing has changed then.
mlir::LogicalResult convertQuenchToTosa(mlir::ModuleOp module, const WeightStore *weights,
                                        int64_t rows);

} // namespace quench

#endif // QUENCH_CONVERSION_QUENCHTOTOSA_QUENCHTOTOSA_H

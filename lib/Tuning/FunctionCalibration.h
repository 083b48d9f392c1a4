//===- FunctionCalibration.h - Statistics of any function -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A causal language model runs on tokens, which an archive holds. Any other function runs on
// tensors: a safetensors file has one tensor for each argument, "0", "1" and so on, whose first
// axis counts samples and whose others are those of the argument.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TUNING_FUNCTIONCALIBRATION_H
#define QUENCH_LIB_TUNING_FUNCTIONCALIBRATION_H

#include "quench/Calibration/Statistics.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/IR/BuiltinOps.h"

namespace quench {

struct FunctionCalibration {
  calibration::Statistics statistics;
  uint64_t samples = 0;
};

/// Compiles the function that has observers and runs it on all samples. `weights` may be null.
/// Errors: no observers, or in several functions; arguments that are not tensors of f32 or i32;
/// samples that are missing, of another type or shape, or not as many for each argument; what the
/// function cannot be compiled or run for; an activation that is not finite.
llvm::Expected<FunctionCalibration>
calibrateFunction(mlir::ModuleOp module, const WeightStore &samples, const WeightStore *weights,
                  const calibration::StatisticKinds &kinds, unsigned threads);

} // namespace quench

#endif // QUENCH_LIB_TUNING_FUNCTIONCALIBRATION_H

//===- WeightQuantization.h - Rounding and writing weights ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TRANSFORMS_WEIGHTQUANTIZATION_H
#define QUENCH_LIB_TRANSFORMS_WEIGHTQUANTIZATION_H

#include "quench/Transforms/QuantizationPlan.h"
#include "quench/Workspace/Workspace.h"

namespace quench {

/// Makes codes of the finite values of a weight, in its shape and scheme.
using WeightRounding = llvm::function_ref<llvm::Expected<numerics::QuantizedTensor>(
    llvm::ArrayRef<float> values, const PlannedWeight &weight, unsigned threads)>;

/// To nearest, with scales by the rule of the weight's format.
llvm::Expected<numerics::QuantizedTensor>
roundToNearest(llvm::ArrayRef<float> values, const PlannedWeight &weight, unsigned threads);

/// Quantizes the constants of a plan and keeps their codes in it. Fails on values that are not
/// finite.
mlir::LogicalResult quantizeConstants(QuantizationPlan &plan, WeightRounding round);

/// Adds the codes and scales of the plan's stored weights to the workspace, one weight at a time.
/// Fails with a diagnostic at the layer, or at `module` where none is to blame; the workspace is
/// then as it was.
mlir::LogicalResult quantizeStoredWeights(QuantizationPlan &plan, Workspace &workspace,
                                          mlir::ModuleOp module, WeightRounding round);

} // namespace quench

#endif // QUENCH_LIB_TRANSFORMS_WEIGHTQUANTIZATION_H

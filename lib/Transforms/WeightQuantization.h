//===- WeightQuantization.h - Rounding and writing weights ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TRANSFORMS_WEIGHTQUANTIZATION_H
#define QUENCH_LIB_TRANSFORMS_WEIGHTQUANTIZATION_H

#include "QuantizationPlan.h"

#include "quench/WeightStore/SafetensorsWriter.h"

#include <functional>

namespace quench {

/// Quantizes the constants of a plan and keeps their codes in it. Fails on values that are not
/// finite.
mlir::LogicalResult quantizeConstants(QuantizationPlan &plan);

/// Declares and writes all tensors of `weights`, those that the plan quantizes in their new form,
/// reading one at a time; the caller commits. Tensors that some op still reads as floats are
/// written in both forms. Fails with a diagnostic at the layer, or at `module` where none is to
/// blame.
mlir::LogicalResult writeWeights(QuantizationPlan &plan, const WeightStore &weights,
                                 SafetensorsWriter &output, mlir::ModuleOp module,
                                 const std::function<void(size_t, size_t)> &progress);

} // namespace quench

#endif // QUENCH_LIB_TRANSFORMS_WEIGHTQUANTIZATION_H

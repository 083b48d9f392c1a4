//===- BiasCorrection.h - Means that rounding has shifted -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A layer y = x Wᵀ + b whose weights were rounded to V and whose inputs are rounded to z has
// outputs whose means are shifted by V E[z] - W E[x]. The bias takes that back (arXiv 1906.04721,
// section 4.2).
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_BIASCORRECTION_H
#define QUENCH_NUMERICS_BIASCORRECTION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace quench::numerics {

/// b - (V E[z] - W E[x]), summed in f64. `weights` and `rounded` are of [outputs, inputs], as many
/// inputs as `means` and `roundedMeans`, E[x] and E[z], have entries; `bias` has one entry for each
/// output, or none for a layer without bias. Fails when sizes do not fit and when a corrected bias
/// is not finite.
llvm::Expected<std::vector<float>> correctBias(llvm::ArrayRef<float> bias,
                                               llvm::ArrayRef<float> weights,
                                               llvm::ArrayRef<float> rounded,
                                               llvm::ArrayRef<double> means,
                                               llvm::ArrayRef<double> roundedMeans);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_BIASCORRECTION_H

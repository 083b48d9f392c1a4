//===- SalientScales.h - Scales that protect what large inputs meet *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// AWQ (arXiv 2306.00978) multiplies the columns of weights that meet large inputs, so that less of
// them is lost when they are rounded, and divides the inputs by the same scales:
//
//   s_j = max((mean |x_j|)^a, 1e-4) / sqrt(max s * min s)
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_SALIENTSCALES_H
#define QUENCH_TUNING_SALIENTSCALES_H

#include "quench/Numerics/Scheme.h"
#include "quench/Numerics/WeightRange.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace quench {

/// The exponents a that are tried: 0, 0.05, ..., 0.95.
inline constexpr unsigned numSalientExponents = 20;
inline double salientExponent(unsigned index) {
  return static_cast<double>(index) / numSalientExponents;
}

/// The scales of inputs with these mean magnitudes, finite and not negative, in f32. All are
/// positive.
std::vector<float> salientScales(llvm::ArrayRef<double> meanMagnitudes, double exponent);

/// What is left of weights [outputs, inputs] that are scaled, rounded to nearest and scaled back:
/// Q(W diag(s)) diag(s)^-1. Fails as quantizeTensor does.
llvm::Expected<std::vector<float>> roundScaled(llvm::ArrayRef<float> weights,
                                               llvm::ArrayRef<int64_t> shape,
                                               const numerics::Scheme &scheme,
                                               const numerics::RangeOptions &range,
                                               llvm::ArrayRef<float> scales);

/// tr(D H Dᵀ) for D = rounded - weights of [outputs, inputs] and a symmetric H of [inputs, inputs]:
/// the mean squared change of the outputs, summed over them, for inputs with the Gram matrix H.
double outputError(llvm::ArrayRef<float> weights, llvm::ArrayRef<float> rounded,
                   llvm::ArrayRef<double> gram, int64_t numInputs, unsigned threads);

} // namespace quench

#endif // QUENCH_TUNING_SALIENTSCALES_H

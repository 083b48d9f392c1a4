//===- BiasCorrection.cpp - Means that rounding has shifted --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One sum for each output.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BiasCorrection.h"

#include <cmath>

using llvm::ArrayRef;
using llvm::createStringError;

llvm::Expected<std::vector<float>> quench::numerics::correctBias(ArrayRef<float> bias,
                                                                 ArrayRef<float> weights,
                                                                 ArrayRef<float> rounded,
                                                                 ArrayRef<double> means,
                                                                 ArrayRef<double> roundedMeans) {
  const size_t inputs = means.size();
  const size_t outputs = inputs == 0 ? bias.size() : weights.size() / inputs;
  if (weights.size() != outputs * inputs || rounded.size() != weights.size() ||
      roundedMeans.size() != inputs || (!bias.empty() && bias.size() != outputs)) {
    return createStringError("expected weights of [outputs, %zu], as many rounded ones, %zu means "
                             "of rounded inputs and as many biases as outputs, found %zu, %zu, %zu "
                             "and %zu",
                             inputs, inputs, weights.size(), rounded.size(), roundedMeans.size(),
                             bias.size());
  }
  std::vector<float> result(outputs);
  for (size_t output = 0; output < outputs; ++output) {
    double shift = 0.0;
    for (size_t input = 0; input < inputs; ++input) {
      const size_t index = output * inputs + input;
      shift += rounded[index] * roundedMeans[input] - weights[index] * means[input];
    }
    const double before = bias.empty() ? 0.0 : bias[output];
    result[output] = static_cast<float>(before - shift);
    if (!std::isfinite(result[output])) {
      return createStringError("the corrected bias of output %zu is not finite", output);
    }
  }
  return result;
}

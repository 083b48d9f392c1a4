//===- SalientScales.cpp - Scales that protect what large inputs meet -----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/SalientScales.h"

#include "quench/Numerics/MatrixProduct.h"

#include <algorithm>
#include <cmath>

using namespace quench;

using llvm::ArrayRef;
using llvm::Expected;

std::vector<float> quench::salientScales(ArrayRef<double> meanMagnitudes, double exponent) {
  constexpr double least = 1e-4;
  std::vector<double> scales;
  for (double magnitude : meanMagnitudes) {
    scales.push_back(std::max(std::pow(magnitude, exponent), least));
  }
  if (scales.empty()) {
    return {};
  }
  auto [smallest, largest] = std::minmax_element(scales.begin(), scales.end());
  double middle = std::sqrt(*smallest * *largest);
  std::vector<float> result;
  for (double scale : scales) {
    result.push_back(static_cast<float>(scale / middle));
  }
  return result;
}

Expected<std::vector<float>> quench::roundScaled(ArrayRef<float> weights, ArrayRef<int64_t> shape,
                                                 const numerics::Scheme &scheme,
                                                 const numerics::RangeOptions &range,
                                                 ArrayRef<float> scales) {
  std::vector<float> scaled(weights);
  for (size_t i = 0; i < scaled.size(); ++i) {
    scaled[i] *= scales[i % scales.size()];
  }
  Expected<numerics::QuantizedTensor> codes =
      numerics::quantizeTensor(scaled, shape, scheme, range);
  if (!codes) {
    return codes.takeError();
  }
  Expected<std::vector<float>> rounded = numerics::dequantizeTensor(*codes, scheme);
  if (!rounded) {
    return rounded;
  }
  for (size_t i = 0; i < rounded->size(); ++i) {
    (*rounded)[i] /= scales[i % scales.size()];
  }
  return rounded;
}

double quench::outputError(ArrayRef<float> weights, ArrayRef<float> rounded, ArrayRef<double> gram,
                           int64_t numInputs, unsigned threads) {
  int64_t numOutputs = static_cast<int64_t>(weights.size()) / numInputs;
  std::vector<double> change(weights.size()), product(weights.size());
  for (size_t i = 0; i < change.size(); ++i) {
    change[i] = static_cast<double>(rounded[i]) - weights[i];
  }
  numerics::ConstMatrix left{change.data(), numOutputs, numInputs, numInputs};
  numerics::ConstMatrix right{gram.data(), numInputs, numInputs, numInputs};
  numerics::addProduct({product.data(), numOutputs, numInputs, numInputs}, left, right, 1.0,
                       numerics::MatrixPart::All, threads);
  double sum = 0.0;
  for (size_t i = 0; i < change.size(); ++i) {
    sum += change[i] * product[i];
  }
  return sum;
}

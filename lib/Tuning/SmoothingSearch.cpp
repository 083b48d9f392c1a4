//===- SmoothingSearch.cpp - How much to smooth each input ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/SmoothingSearch.h"

#include "quench/Numerics/MatrixProduct.h"
#include "quench/Numerics/QuantizeTensor.h"

#include <algorithm>

using namespace quench;

using llvm::ArrayRef;
using llvm::Expected;

/// The values that codes stand for. With `largest` one scale for all values comes from that.
static Expected<std::vector<float>> rounded(ArrayRef<float> values, ArrayRef<int64_t> shape,
                                            const numerics::Scheme &scheme,
                                            std::optional<float> largest) {
  Expected<numerics::QuantizedTensor> codes = [&]() -> Expected<numerics::QuantizedTensor> {
    if (!largest) {
      return numerics::quantizeTensor(values, shape, scheme);
    }
    numerics::ValueRange range{-*largest, *largest};
    Expected<numerics::BlockScales> scales = numerics::scalesForRanges(range, shape, scheme);
    if (!scales) {
      return scales.takeError();
    }
    return numerics::quantizeWithScales(values, shape, scheme, std::move(*scales));
  }();
  if (!codes) {
    return codes.takeError();
  }
  return numerics::dequantizeTensor(*codes, scheme);
}

/// c = a bᵀ of [m, k] and [n, k].
static std::vector<double> product(ArrayRef<float> a, ArrayRef<float> b, int64_t k, double factor,
                                   std::vector<double> c, unsigned threads) {
  std::vector<double> lhs(a.begin(), a.end()), rhs(b.begin(), b.end());
  const auto m = static_cast<int64_t>(a.size()) / k, n = static_cast<int64_t>(b.size()) / k;
  c.resize(m * n, 0.0);
  numerics::ConstMatrix right{rhs.data(), n, k, k};
  numerics::addProduct({c.data(), m, n, n}, {lhs.data(), m, k, k}, right.transposed(), factor,
                       numerics::MatrixPart::All, threads);
  return c;
}

Expected<double> quench::smoothingError(const SmoothedInput &input, ArrayRef<double> scales,
                                        unsigned threads) {
  const auto channels = static_cast<int64_t>(scales.size());
  const auto tokens = static_cast<int64_t>(input.inputs.size()) / channels;
  std::vector<float> scaled(input.inputs);
  for (size_t i = 0; i < scaled.size(); ++i) {
    scaled[i] = static_cast<float>(scaled[i] / scales[i % channels]);
  }
  float largest = 0.0f;
  for (auto [magnitude, scale] : llvm::zip_equal(input.largest, scales)) {
    largest = std::max(largest, static_cast<float>(magnitude / scale));
  }
  double error = 0.0;
  for (const SmoothedLayer &layer : input.layers) {
    std::vector<float> weights(layer.weights);
    for (size_t i = 0; i < weights.size(); ++i) {
      weights[i] = static_cast<float>(weights[i] * scales[i % channels]);
    }
    if (layer.weightScheme) {
      auto codes = rounded(weights, {layer.rows, channels}, *layer.weightScheme, std::nullopt);
      if (!codes) {
        return codes.takeError();
      }
      weights = std::move(*codes);
    }
    std::vector<float> inputs(scaled);
    if (layer.activationScheme) {
      auto codes = rounded(scaled, {tokens, channels}, *layer.activationScheme,
                           layer.dynamic ? std::nullopt : std::optional(largest));
      if (!codes) {
        return codes.takeError();
      }
      inputs = std::move(*codes);
    }
    std::vector<double> difference =
        product(input.inputs, layer.weights, channels, -1.0, {}, threads);
    difference = product(inputs, weights, channels, 1.0, std::move(difference), threads);
    for (double value : difference) {
      error += value * value;
    }
  }
  return error;
}

//===- OutlierSelection.cpp - Weights that are worth keeping -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The last rank that is kept is found first, then the weights above it in one pass.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/OutlierSelection.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <functional>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Expected;

/// What a squared error counts at each input; 0 for those that are always 0.
static std::vector<double> sensitivities(const GramFactor &factor) {
  std::vector<double> result(factor.size(), 1.0);
  if (factor.damping()) {
    result = factor.inverseDiagonal();
    for (double &value : result) {
      value = 1.0 / value;
    }
  }
  for (int64_t position = 0; position < factor.size(); ++position) {
    if (factor.isDead(position)) {
      result[factor.order()[position]] = 0.0;
    }
  }
  return result;
}

Expected<std::vector<int64_t>>
quench::numerics::selectOutliers(ArrayRef<float> weights, ArrayRef<int64_t> shape,
                                 const Scheme &scheme, const GramFactor &factor,
                                 const RangeOptions &ranges, double fraction) {
  if (!(fraction >= 0.0 && fraction <= 1.0)) {
    return createStringError("expected a fraction of outliers within [0, 1], found %g", fraction);
  }
  if (shape.size() != 2 || shape[1] != factor.size()) {
    return createStringError("expected weights of [outputs, %lld], as the Gram matrix, found rank "
                             "%zu and %lld inputs",
                             static_cast<long long>(factor.size()), shape.size(),
                             static_cast<long long>(shape.empty() ? 0 : shape.back()));
  }
  Expected<QuantizedTensor> nearest = quantizeTensor(weights, shape, scheme, ranges);
  if (!nearest) {
    return nearest.takeError();
  }
  Expected<std::vector<float>> rounded = dequantizeTensor(*nearest, scheme);
  if (!rounded) {
    return rounded.takeError();
  }
  const std::vector<double> sensitivity = sensitivities(factor);
  std::vector<double> costs(weights.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    const double error = static_cast<double>(weights[i]) - (*rounded)[i];
    costs[i] = error * error * sensitivity[i % shape[1]];
  }
  const size_t count = static_cast<size_t>(fraction * static_cast<double>(weights.size()));
  std::vector<int64_t> result;
  if (count == 0) {
    return result;
  }
  std::vector<double> ranked = costs;
  std::nth_element(ranked.begin(), ranked.begin() + (count - 1), ranked.end(), std::greater<>());
  const double last = ranked[count - 1];
  size_t equal = count - llvm::count_if(costs, [&](double cost) { return cost > last; });
  for (size_t i = 0; i < costs.size(); ++i) {
    if (costs[i] > last || (costs[i] == last && equal > 0)) {
      equal -= costs[i] == last;
      result.push_back(static_cast<int64_t>(i));
    }
  }
  // What costs nothing needs no float.
  llvm::erase_if(result, [&](int64_t index) { return costs[index] == 0.0; });
  return result;
}

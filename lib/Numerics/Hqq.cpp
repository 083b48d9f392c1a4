//===- Hqq.cpp - Zero points that meet most weights -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scales first, because they are stored before zero points are looked for.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Hqq.h"

#include "BlockFits.h"
#include "quench/Numerics/Rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// Scale and first zero point from the range as it is: 0 need not be representable.
static BlockFit rangeFit(ArrayRef<float> values, const Encoding &element) {
  BlockFit fit;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  fit.range = {*low, *high};
  const float steps = static_cast<float>(element.maxCode() - element.minCode());
  const float width = *high - *low;
  // Halving is exact where the width overflows.
  fit.scale = std::isfinite(width) ? width / steps : (*high * 0.5f - *low * 0.5f) / steps * 2.0f;
  fit.realZeroPoint = static_cast<float>(element.minCode()) * fit.scale - *low;
  return fit;
}

/// One round: the mean of |d| under a zero point, and the zero point that follows. In f64.
static double improve(ArrayRef<float> values, double scale, const Encoding &element, double beta,
                      double &zeroPoint) {
  constexpr double norm = 0.7;
  const double lowest = element.minCode();
  const double highest = element.maxCode();
  double distance = 0.0;
  double sum = 0.0;
  for (double value : values) {
    const double code = std::clamp(roundHalfEven((value + zeroPoint) / scale), lowest, highest);
    const double error = value - (code * scale - zeroPoint);
    const double magnitude = std::fabs(error);
    distance += magnitude;
    double outlier = 0.0;
    if (magnitude > 0.0) {
      outlier = std::max(magnitude - std::pow(magnitude, norm - 1.0) / beta, 0.0);
    }
    sum += code * scale - (value - std::copysign(outlier, error));
  }
  const double count = static_cast<double>(values.size());
  zeroPoint = sum / count;
  return distance / count;
}

static float bestZeroPoint(ArrayRef<float> values, double scale, const Encoding &element,
                           double first) {
  constexpr int rounds = 20;
  double best = first;
  double least = std::numeric_limits<double>::infinity();
  double zeroPoint = first;
  double beta = 10.0;
  // The last round only judges what the one before it has found.
  for (int round = 0; round <= rounds; ++round) {
    const double candidate = zeroPoint;
    const double distance = improve(values, scale, element, beta, zeroPoint);
    // A fall by rounding alone is none.
    if (!(distance < least * (1.0 - 1e-9))) {
      break;
    }
    least = distance;
    best = candidate;
    beta *= 1.01;
  }
  return static_cast<float>(best);
}

Expected<QuantizedTensor> quench::numerics::quantizeHalfQuadratic(ArrayRef<float> values,
                                                                  ArrayRef<int64_t> shape,
                                                                  const Scheme &scheme,
                                                                  unsigned threads) {
  if (Error error = verifyValues(values, shape, scheme)) {
    return std::move(error);
  }
  if (!scheme.realZeroPoint) {
    return createStringError("half-quadratic quantization needs real zero points, found %s",
                             scheme.str().c_str());
  }
  RangeOptions options;
  options.threads = threads;
  Expected<std::vector<BlockFit>> fits = fitBlocks(
      values, shape, scheme, options, [&](size_t, ArrayRef<float> block, ArrayRef<float>) {
        return Expected<BlockFit>(rangeFit(block, scheme.element));
      });
  if (!fits) {
    return fits.takeError();
  }
  Expected<ScaleStorage> storage = ScaleStorage::create(*fits, shape, scheme);
  if (!storage) {
    return storage.takeError();
  }
  fits =
      fitBlocks(values, shape, scheme, options,
                [&](size_t index, ArrayRef<float> block, ArrayRef<float>) -> Expected<BlockFit> {
                  BlockFit fit = (*fits)[index];
                  Expected<BlockCoding> coding = storage->store(index, fit);
                  if (!coding) {
                    return coding.takeError();
                  }
                  const float first =
                      static_cast<float>(scheme.element.minCode()) * coding->scale - fit.range.min;
                  fit.realZeroPoint = bestZeroPoint(block, coding->scale, scheme.element, first);
                  return fit;
                });
  if (!fits) {
    return fits.takeError();
  }
  Expected<BlockScales> scales = storage->storeAll(*fits);
  if (!scales) {
    return scales.takeError();
  }
  return quantizeWithScales(values, shape, scheme, std::move(*scales));
}

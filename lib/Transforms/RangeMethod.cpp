//===- RangeMethod.cpp - How a static range is chosen ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/RangeMethod.h"

#include "quench/Numerics/Calibrators.h"

#include <algorithm>

using namespace llvm;
using namespace quench;

using calibration::EdgeStatistics;
using numerics::ValueRange;

StringRef quench::name(RangeMethod method) {
  switch (method) {
  case RangeMethod::MinMax:
    return "minmax";
  case RangeMethod::MovingAverage:
    return "moving-average";
  case RangeMethod::Percentile:
    return "percentile";
  case RangeMethod::Mse:
    return "mse";
  case RangeMethod::Entropy:
    return "entropy";
  case RangeMethod::EntropyNvidia:
    return "entropy-nvidia";
  case RangeMethod::Octav:
    return "octav";
  }
  llvm_unreachable("a method without a name");
}

/// Methods that think in integer codes on both sides of zero.
static Expected<double> clipOf(const EdgeStatistics &edge, RangeMethod method,
                               const numerics::Encoding &element) {
  if (!element.isInteger()) {
    return createStringError("method " + name(method) + " is for integers, found " + element.str());
  }
  // A zero point moves the codes; their number on both sides of zero stays.
  unsigned bits = element.bitWidth();
  if (method == RangeMethod::Octav) {
    return numerics::octavClip(edge.histogram, bits);
  }
  constexpr unsigned minBits = 2, maxBits = 8;
  if (bits < minBits || bits > maxBits) {
    return createStringError("method " + name(method) + " is for integers of " + Twine(minBits) +
                             " to " + Twine(maxBits) + " bits, found " + element.str());
  }
  numerics::EntropyForm form = method == RangeMethod::Entropy ? numerics::EntropyForm::Smoothed
                                                              : numerics::EntropyForm::Nvidia;
  return numerics::entropyClip(edge.histogram, 1u << (bits - 1), form);
}

Expected<ValueRange> quench::chooseRange(const EdgeStatistics &edge, RangeMethod method,
                                         double percentile,
                                         const recipe::ActivationFormat &format) {
  ValueRange seen = {edge.range.min, edge.range.max};
  if (method == RangeMethod::MinMax) {
    return seen;
  }
  if (method == RangeMethod::MovingAverage) {
    auto clip = static_cast<float>(edge.movingAverage.value);
    return ValueRange{std::clamp(seen.min, -clip, clip), std::clamp(seen.max, -clip, clip)};
  }
  if (edge.histogram.count() == 0) {
    return createStringError("method " + name(method) +
                             " needs histograms, which calibration was not asked to keep");
  }
  if (method == RangeMethod::Mse) {
    return numerics::mseRange(edge.histogram, format.element, format.zeroPoint);
  }
  if (method == RangeMethod::Percentile && format.zeroPoint) {
    return numerics::percentileRange(edge.histogram, percentile);
  }
  if (method == RangeMethod::Percentile) {
    return numerics::clippedRange(edge.histogram,
                                  numerics::percentileClip(edge.histogram, percentile));
  }
  Expected<double> clip = clipOf(edge, method, format.element);
  if (!clip) {
    return clip.takeError();
  }
  return numerics::clippedRange(edge.histogram, *clip);
}

//===- Statistics.cpp - What calibration remembers of an edge -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/Statistics.h"

#include "quench/WeightStore/ElementKind.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace quench;
using namespace quench::calibration;

float RangeStatistic::absmax() const { return std::max(std::fabs(min), std::fabs(max)); }

void EdgeStatistics::add(ArrayRef<float> values) {
  if (values.empty()) {
    return;
  }
  float low = values.front();
  float high = values.front();
  double sum = 0.0;
  for (float value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  double mean = sum / static_cast<double>(values.size());
  double squares = 0.0;
  for (float value : values) {
    squares += (value - mean) * (value - mean);
  }
  if (count == 0) {
    range = {low, high};
    moments = {mean, squares};
  } else {
    range = {std::min(range.min, low), std::max(range.max, high)};
    double before = static_cast<double>(count);
    double added = static_cast<double>(values.size());
    double delta = mean - moments.mean;
    moments.mean += delta * (added / (before + added));
    moments.squaredDeviations += squares + delta * delta * (before * added / (before + added));
  }
  count += values.size();
}

double EdgeStatistics::variance() const {
  return count == 0 ? 0.0 : moments.squaredDeviations / static_cast<double>(count);
}

/// The position of element `index` in a tensor of this shape, "[2, 0, 5]".
static std::string positionOf(size_t index, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> position(shape.size());
  for (size_t axis = shape.size(); axis-- > 0;) {
    position[axis] = static_cast<int64_t>(index % shape[axis]);
    index /= shape[axis];
  }
  return shapeToString(position);
}

Error Statistics::observe(StringRef edge, uint64_t sample, ArrayRef<float> values,
                          ArrayRef<int64_t> shape) {
  auto fail = [&](const Twine &message) {
    return createStringError("edge '" + edge + "', sample " + Twine(sample) + ": " + message);
  };
  std::optional<int64_t> expected = numElements(shape);
  if (!expected || static_cast<uint64_t>(*expected) != values.size()) {
    return fail("expected as many values as shape " + shapeToString(shape) + " has, found " +
                Twine(values.size()));
  }
  const float *bad = find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad != values.end()) {
    std::string text;
    raw_string_ostream(text) << format("%g", std::isnan(*bad) ? std::fabs(*bad) : *bad);
    return fail("expected finite values, found " + text + " at " +
                positionOf(bad - values.begin(), shape));
  }
  auto place = byName.find(edge);
  if (place == byName.end()) {
    place = byName.emplace(edge.str(), EdgeStatistics()).first;
  }
  place->second.add(values);
  return Error::success();
}

const EdgeStatistics *Statistics::lookup(StringRef edge) const {
  auto place = byName.find(edge);
  return place == byName.end() ? nullptr : &place->second;
}

void Statistics::set(StringRef edge, EdgeStatistics statistics) { byName[edge.str()] = statistics; }

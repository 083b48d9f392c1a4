//===- OutlierStatistics.cpp - How far the largest values stand out -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/OutlierStatistics.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cassert>
#include <cmath>

using namespace llvm;

namespace quench::numerics {

void CentralMoments::add(ArrayRef<float> values) {
  if (values.empty()) {
    return;
  }
  CentralMoments batch;
  batch.count = values.size();
  double sum = 0.0;
  for (float value : values) {
    sum += value;
  }
  batch.mean = sum / static_cast<double>(batch.count);
  for (float value : values) {
    double deviation = value - batch.mean;
    double square = deviation * deviation;
    batch.second += square;
    batch.third += square * deviation;
    batch.fourth += square * square;
  }
  merge(batch);
}

void CentralMoments::merge(const CentralMoments &other) {
  if (other.count == 0) {
    return;
  }
  if (count == 0) {
    *this = other;
    return;
  }
  double a = static_cast<double>(count), b = static_cast<double>(other.count), n = a + b;
  double delta = other.mean - mean;
  double step = delta / n;
  fourth += other.fourth + delta * step * step * step * a * b * (a * a - a * b + b * b) +
            6.0 * step * step * (a * a * other.second + b * b * second) +
            4.0 * step * (a * other.third - b * third);
  third += other.third + delta * step * step * a * b * (a - b) +
           3.0 * step * (a * other.second - b * second);
  second += other.second + delta * step * a * b;
  mean += step * b;
  count += other.count;
}

double CentralMoments::variance() const {
  return count == 0 ? 0.0 : second / static_cast<double>(count);
}

std::optional<double> CentralMoments::kurtosis() const {
  if (second <= 0.0) {
    return std::nullopt;
  }
  return static_cast<double>(count) * fourth / (second * second);
}

/// Magnitudes fall into bins by exponent and upper seven bits of the significand.
static constexpr unsigned droppedBits = 16;
static constexpr size_t numBins = size_t(1) << 15;

void OutlierStatistics::add(ArrayRef<float> values) {
  if (values.empty()) {
    return;
  }
  centralMoments.add(values);
  bins.resize(numBins);
  float batchLargest = 0.0f;
  for (float value : values) {
    float magnitude = std::fabs(value);
    batchLargest = std::max(batchLargest, magnitude);
    zeros += magnitude == 0.0f;
    ++bins[bit_cast<uint32_t>(magnitude) >> droppedBits];
  }
  largest = std::max<double>(largest, batchLargest);
}

void OutlierStatistics::merge(const OutlierStatistics &other) {
  if (other.count() == 0) {
    return;
  }
  centralMoments.merge(other.centralMoments);
  largest = std::max(largest, other.largest);
  zeros += other.zeros;
  bins.resize(numBins);
  for (size_t i = 0; i < numBins; ++i) {
    bins[i] += other.bins[i];
  }
}

double OutlierStatistics::median() const {
  uint64_t rank = (count() + 1) / 2;
  if (rank <= zeros) {
    return 0.0;
  }
  uint64_t below = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    below += bins[i];
    if (below >= rank) {
      float low = bit_cast<float>(static_cast<uint32_t>(i) << droppedBits);
      float high = bit_cast<float>(static_cast<uint32_t>(i + 1) << droppedBits);
      return std::min(largest, 0.5 * (static_cast<double>(low) + high));
    }
  }
  return largest;
}

std::optional<double> OutlierStatistics::ratio() const {
  double middle = median();
  if (middle == 0.0) {
    return std::nullopt;
  }
  return absmax() / middle;
}

void SignalToNoise::add(ArrayRef<float> references, ArrayRef<float> actuals) {
  assert(references.size() == actuals.size() && "every value has its reference");
  for (size_t i = 0; i < references.size(); ++i) {
    double reference = references[i];
    double error = reference - actuals[i];
    signal += reference * reference;
    noise += error * error;
  }
}

double SignalToNoise::decibels() const {
  if (noise == 0.0) {
    return limit;
  }
  double value = 10.0 * std::log10(signal / noise);
  // Not a number is what infinite noise makes of an infinite signal: nothing is left.
  return std::isnan(value) ? -limit : std::clamp(value, -limit, limit);
}

} // namespace quench::numerics

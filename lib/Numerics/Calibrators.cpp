//===- Calibrators.cpp - Ranges for activations ---------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Calibrators.h"
#include "quench/Numerics/Rounding.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench::numerics;

using Bin = LogHistogram::Bin;

ValueRange quench::numerics::clippedRange(const LogHistogram &histogram, double clip) {
  const auto limit = static_cast<float>(clip);
  return {std::clamp(histogram.min(), -limit, limit), std::clamp(histogram.max(), -limit, limit)};
}

//===----------------------------------------------------------------------===//
// Percentiles.
//===----------------------------------------------------------------------===//

/// The rank of a percentile among `count` values, 1 for the smallest.
static double rankOf(double percentile, uint64_t count) {
  const double total = static_cast<double>(count);
  return std::clamp(std::ceil(percentile / 100.0 * total), 1.0, total);
}

/// Where value number `rank` of `count` evenly spread ones is in [low, high).
static double positionIn(double low, double high, double rank, double count) {
  return low + (high - low) * (rank - 0.5) / count;
}

double quench::numerics::percentileClip(const LogHistogram &histogram, double percentile) {
  if (histogram.count() == 0) {
    return 0.0;
  }
  double rank = rankOf(percentile, histogram.count());
  if (rank == static_cast<double>(histogram.count())) {
    return histogram.absmax();
  }
  for (const Bin &bin : histogram.bins()) {
    const auto count = static_cast<double>(bin.count());
    if (rank <= count) {
      return positionIn(bin.low, bin.high, rank, count);
    }
    rank -= count;
  }
  return histogram.absmax();
}

/// Value number `rank` from below.
static double valueOfRank(const LogHistogram &histogram, llvm::ArrayRef<Bin> bins, double rank) {
  for (const Bin &bin : llvm::reverse(bins)) {
    const auto count = static_cast<double>(bin.negative);
    if (rank <= count) {
      return std::max<double>(-positionIn(bin.low, bin.high, count + 1.0 - rank, count),
                              histogram.min());
    }
    rank -= count;
  }
  for (const Bin &bin : bins) {
    const auto count = static_cast<double>(bin.positive);
    if (rank <= count) {
      return std::min<double>(positionIn(bin.low, bin.high, rank, count), histogram.max());
    }
    rank -= count;
  }
  return histogram.max();
}

ValueRange quench::numerics::percentileRange(const LogHistogram &histogram, double percentile) {
  const uint64_t count = histogram.count();
  if (count == 0) {
    return {};
  }
  const std::vector<Bin> bins = histogram.bins();
  const double upper = rankOf(100.0 - (100.0 - percentile) / 2.0, count);
  const double lower = static_cast<double>(count) + 1.0 - upper;
  ValueRange range = {histogram.min(), histogram.max()};
  if (lower > 1.0) {
    range = {static_cast<float>(valueOfRank(histogram, bins, lower)),
             static_cast<float>(valueOfRank(histogram, bins, upper))};
  }
  return range;
}

//===----------------------------------------------------------------------===//
// Squared error.
//===----------------------------------------------------------------------===//

namespace {

/// Rounding to multiples of `step` in [lowest, highest].
struct Grid {
  double step;
  double lowest;
  double highest;

  double squaredError(double value) const {
    const double error = value - std::clamp(roundHalfEven(value / step) * step, lowest, highest);
    return error * error;
  }

  /// The mean of `squaredError` on [low, high].
  double meanSquaredError(double low, double high) const;
};

} // namespace

/// The integral from 0 to `value` of the squared distance to the nearest integer.
static double integratedRounding(double value) {
  const double nearest = roundHalfEven(value);
  const double distance = value - nearest;
  return nearest / 12.0 + distance * distance * distance / 3.0;
}

double Grid::meanSquaredError(double low, double high) const {
  // Too narrow to integrate; its error is constant.
  if (high - low < 1e-6 * step) {
    return squaredError(0.5 * (low + high));
  }
  auto cube = [](double x) { return x * x * x; };
  double sum = 0.0;
  if (low < lowest) {
    const double end = std::min(high, lowest);
    sum += (cube(end - lowest) - cube(low - lowest)) / 3.0;
  }
  if (high > highest) {
    const double start = std::max(low, highest);
    sum += (cube(high - highest) - cube(start - highest)) / 3.0;
  }
  const double start = std::clamp(low, lowest, highest);
  const double end = std::clamp(high, lowest, highest);
  sum += cube(step) * (integratedRounding(end / step) - integratedRounding(start / step));
  return sum / (high - low);
}

/// The squared error of all values.
static double squaredError(llvm::ArrayRef<Bin> bins, const Encoding &element,
                           ScaleAndZeroPoint parameters) {
  const double scale = parameters.scale;
  double sum = 0.0;
  if (element.isInteger()) {
    const Grid grid = {scale, scale * (element.minCode() - parameters.zeroPoint),
                       scale * (element.maxCode() - parameters.zeroPoint)};
    for (const Bin &bin : bins) {
      sum += static_cast<double>(bin.positive) * grid.meanSquaredError(bin.low, bin.high);
      sum += static_cast<double>(bin.negative) * grid.meanSquaredError(-bin.high, -bin.low);
    }
    return sum;
  }
  auto errorAt = [&](double value) {
    const int32_t code = element.encodeValue(static_cast<float>(value / scale));
    const double error = value - element.decodeCode(code) * scale;
    return error * error;
  };
  for (const Bin &bin : bins) {
    sum += static_cast<double>(bin.positive) * errorAt(bin.center());
    sum += static_cast<double>(bin.negative) * errorAt(-bin.center());
  }
  return sum;
}

llvm::Expected<ValueRange> quench::numerics::mseRange(const LogHistogram &histogram,
                                                      const Encoding &element, bool zeroPoint,
                                                      int steps) {
  const std::vector<Bin> bins = histogram.bins();
  const float absmax = histogram.absmax();
  const ValueRange whole =
      zeroPoint ? ValueRange{histogram.min(), histogram.max()} : ValueRange{-absmax, absmax};
  ValueRange best = whole;
  double leastError = std::numeric_limits<double>::infinity();
  for (int i = 1; i <= steps && absmax > 0.0f; ++i) {
    const double part = static_cast<double>(i) / steps;
    const ValueRange range = {static_cast<float>(whole.min * part),
                              static_cast<float>(whole.max * part)};
    llvm::Expected<ScaleAndZeroPoint> parameters =
        chooseScale(range, element, FloatFormat::F32, zeroPoint);
    if (!parameters) {
      return parameters.takeError();
    }
    const double error = squaredError(bins, element, *parameters);
    if (error < leastError) {
      leastError = error;
      best = range;
    }
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Entropy.
//===----------------------------------------------------------------------===//

/// The divergence when the first `kept` of `bins` are kept; infinite for a candidate that is out.
static double divergence(llvm::ArrayRef<uint64_t> bins, size_t kept, unsigned levels, double total,
                         double keptTotal, EntropyForm form) {
  const double clipped = total - keptTotal;
  auto isOccupied = [&](size_t bin) {
    return bins[bin] > 0 || (form == EntropyForm::Smoothed && bin + 1 == kept && clipped > 0.0);
  };
  double sum = 0.0;
  for (size_t level = 0; level < levels; ++level) {
    const size_t begin = level * kept / levels, end = (level + 1) * kept / levels;
    double mass = 0.0;
    size_t occupied = 0;
    for (size_t bin = begin; bin < end; ++bin) {
      mass += static_cast<double>(bins[bin]);
      occupied += isOccupied(bin);
    }
    for (size_t bin = begin; bin < end; ++bin) {
      const double count = static_cast<double>(bins[bin]) + (bin + 1 == kept ? clipped : 0.0);
      if (count == 0.0) {
        continue;
      }
      double q = isOccupied(bin) ? mass / static_cast<double>(occupied) / keptTotal : 0.0;
      if (form == EntropyForm::Nvidia && !(q > 0.0)) {
        return std::numeric_limits<double>::infinity();
      }
      const double p = count / total;
      sum += p * std::log(p / std::max(q, 1e-12));
    }
  }
  return sum;
}

double quench::numerics::entropyClip(llvm::ArrayRef<uint64_t> bins, double absmax, unsigned levels,
                                     EntropyForm form) {
  std::vector<uint64_t> counts = bins.vec();
  if (form == EntropyForm::Nvidia && counts.size() > 1) {
    counts[0] = counts[1];
  }
  double total = 0.0;
  for (uint64_t count : counts) {
    total += static_cast<double>(count);
  }
  double keptTotal = 0.0;
  double least = std::numeric_limits<double>::infinity();
  size_t best = counts.size();
  for (size_t kept = 1; kept <= counts.size(); ++kept) {
    keptTotal += static_cast<double>(counts[kept - 1]);
    if (kept < levels || keptTotal == 0.0) {
      continue;
    }
    const double loss = divergence(counts, kept, levels, total, keptTotal, form);
    if (loss < least || (form == EntropyForm::Nvidia && loss == least && std::isfinite(loss))) {
      least = loss;
      best = kept;
    }
  }
  const double position = static_cast<double>(best) + (form == EntropyForm::Smoothed ? 0.5 : 0.0);
  return std::min(absmax, position * absmax / static_cast<double>(counts.size()));
}

double quench::numerics::entropyClip(const LogHistogram &histogram, unsigned levels,
                                     EntropyForm form) {
  return entropyClip(histogram.linearBins(2048), histogram.absmax(), levels, form);
}

//===----------------------------------------------------------------------===//
// OCTAV.
//===----------------------------------------------------------------------===//

/// The iteration; `above(T, sum, number)` sums and counts the magnitudes above T.
template <typename Above>
static double iterateOctav(double mean, double nonzero, unsigned bits, const Above &above) {
  const double noise = std::ldexp(1.0, -2 * static_cast<int>(bits)) / 3.0;
  double clip = mean;
  for (int iteration = 0; iteration < 20 && clip > 0.0; ++iteration) {
    double sum = 0.0, number = 0.0;
    above(clip, sum, number);
    const double next = sum / (noise * (nonzero - number) + number);
    // Nothing is above when all magnitudes are equal.
    if (!(next > 0.0) || std::fabs(next - clip) <= 1e-9 * clip) {
      break;
    }
    clip = next;
  }
  return clip;
}

double quench::numerics::octavClip(const LogHistogram &histogram, unsigned bits) {
  const std::vector<Bin> bins = histogram.bins();
  double total = 0.0, nonzero = 0.0;
  for (const Bin &bin : bins) {
    const auto count = static_cast<double>(bin.count());
    total += bin.center() * count;
    nonzero += bin.low > 0.0 ? count : 0.0;
  }
  const double mean = histogram.count() > 0 ? total / static_cast<double>(histogram.count()) : 0.0;
  const double clip = iterateOctav(mean, nonzero, bits, [&](double t, double &sum, double &number) {
    for (const Bin &bin : bins) {
      if (bin.high <= t) {
        continue;
      }
      // The bin of the largest magnitude may be a point.
      const double start = std::max(bin.low, t), width = bin.high - bin.low;
      const double share = width > 0.0 ? (bin.high - start) / width : 1.0;
      const double part = static_cast<double>(bin.count()) * share;
      sum += part * 0.5 * (start + bin.high);
      number += part;
    }
  });
  return std::min<double>(clip, histogram.absmax());
}

double quench::numerics::octavClip(llvm::ArrayRef<float> values, unsigned bits) {
  double total = 0.0, nonzero = 0.0, absmax = 0.0;
  for (float value : values) {
    const double magnitude = std::fabs(value);
    total += magnitude;
    nonzero += magnitude > 0.0 ? 1.0 : 0.0;
    absmax = std::max(absmax, magnitude);
  }
  const double mean = values.empty() ? 0.0 : total / static_cast<double>(values.size());
  const double clip = iterateOctav(mean, nonzero, bits, [&](double t, double &sum, double &number) {
    for (float value : values) {
      const double magnitude = std::fabs(value);
      sum += magnitude > t ? magnitude : 0.0;
      number += magnitude > t ? 1.0 : 0.0;
    }
  });
  return std::min(clip, absmax);
}

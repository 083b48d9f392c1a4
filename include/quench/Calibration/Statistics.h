//===- Statistics.h - What calibration remembers of an edge -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A calibration run shows the values on each observed edge of the float model, sample by sample, in
// one pass. What is kept of them does not grow with the number of samples, and depends on the
// values and their order alone. Kinds of statistics are members of EdgeStatistics and sections of
// the archive; a new kind is one of each.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CALIBRATION_STATISTICS_H
#define QUENCH_CALIBRATION_STATISTICS_H

#include "quench/Numerics/Calibrators.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace quench::calibration {

/// What is kept of each edge beyond range, moments and moving average.
struct StatisticKinds {
  /// False for an archive of samples alone, for passes that run the model themselves.
  bool edges = true;
  bool channels = true;
  bool histogram = true;
  /// K^2 doubles for an edge with K channels.
  bool gram = false;
  /// For ranges of channels by their extremes or moving averages.
  bool channelRanges = false;
  /// For ranges of channels by any method: 2.6 KiB for each.
  bool channelHistograms = false;

  bool operator==(const StatisticKinds &other) const;

  /// "channels,gram"; "none" when there are none, "tokens" when there are no edges.
  std::string str() const;
  /// The inverse of `str`, in any order. Errors: "expected channels, …, none or tokens, found 'x'".
  static llvm::Expected<StatisticKinds> parse(llvm::StringRef text);
};

/// The smallest and the largest value seen. Meaningless while nothing was.
struct RangeStatistic {
  float min = 0.0f;
  float max = 0.0f;

  float absmax() const;
};

/// Mean and sum of squared deviations from it, in double. Batches are merged by the formula of
/// Chan, Golub and LeVeque (1979), so the result depends on the order of the batches but not on
/// anything else.
struct MomentStatistic {
  double mean = 0.0;
  double squaredDeviations = 0.0;
};

/// A range that forgets: T <- T + 0.1 (m - T) for the largest magnitude m of each batch, and T = m
/// for the first one.
inline constexpr double movingAverageRate = 0.1;

/// Of each channel, that is index on the last axis.
struct ChannelStatistic {
  /// [K]: the largest magnitude.
  std::vector<float> absmax;
  /// [K]: sums of the values and of their magnitudes.
  std::vector<double> sum;
  std::vector<double> absSum;
};

/// Range and moving average of each channel, [K] each.
struct ChannelRangeStatistic {
  std::vector<float> min, max;
  /// As `EdgeStatistics::movingAverage`, which has the number of batches.
  std::vector<double> movingAverage;
};

/// All that is known about one edge, whose values are rows of K channels.
struct EdgeStatistics {
  /// The number of values.
  uint64_t count = 0;
  /// K: the size of the last axis, 1 for scalars.
  uint64_t channels = 1;
  RangeStatistic range;
  MomentStatistic moments;
  /// Of the largest magnitudes of the batches; see `movingAverageRate`.
  numerics::MovingAverage movingAverage;
  /// Empty vectors when they were not asked for.
  ChannelStatistic perChannel;
  /// Empty when it was not asked for.
  numerics::LogHistogram histogram;
  /// [K, K], row-major, symmetric: the sum of x^T x over all rows x. Empty when it was not asked
  /// for.
  std::vector<double> gram;
  /// Empty vectors when they were not asked for.
  ChannelRangeStatistic channelRanges;
  /// [K], coarse; empty when they were not asked for.
  std::vector<numerics::LogHistogram> channelHistograms;

  /// What is known about the values of one channel: range, moving average and histogram as far as
  /// they were asked for, the range by either. Errors: neither was.
  llvm::Expected<EdgeStatistics> channel(size_t index) const;

  /// Takes in the values of one batch, all of them finite, as many as fit in rows.
  void add(llvm::ArrayRef<float> values, const StatisticKinds &kinds);

  uint64_t rows() const { return count / channels; }

  /// The variance of the values as a whole population; 0 when there are none.
  double variance() const;

  /// The mean of the values of a channel, and of their magnitudes. Channels were asked for and
  /// values seen.
  double channelMean(size_t channel) const { return perChannel.sum[channel] / rows(); }
  double channelAbsMean(size_t channel) const { return perChannel.absSum[channel] / rows(); }
};

/// The edges of a model by name, in the order of their names.
class Statistics {
public:
  Statistics() = default;
  explicit Statistics(StatisticKinds kinds) : collected(kinds) {}

  /// What is kept of each edge.
  const StatisticKinds &kinds() const { return collected; }

  /// Adds the values that sample number `sample` has on `edge`. Fails on the first NaN or infinity:
  /// "edge 'NAME', sample 3: expected finite values, found nan at [0, 17]"; nothing is added then.
  /// Also fails when `shape` does not have as many elements as there are values, or another last
  /// dimension than before. An edge without values is not remembered.
  llvm::Error observe(llvm::StringRef edge, uint64_t sample, llvm::ArrayRef<float> values,
                      llvm::ArrayRef<int64_t> shape);

  /// The statistics of an edge, or null when it was never observed.
  const EdgeStatistics *lookup(llvm::StringRef edge) const;

  const std::map<std::string, EdgeStatistics, std::less<>> &edges() const { return byName; }

  /// Sets what is known about an edge; for reading archives.
  void set(llvm::StringRef edge, EdgeStatistics statistics);

private:
  StatisticKinds collected;
  std::map<std::string, EdgeStatistics, std::less<>> byName;
};

} // namespace quench::calibration

#endif // QUENCH_CALIBRATION_STATISTICS_H

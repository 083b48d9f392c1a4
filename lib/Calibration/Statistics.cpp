//===- Statistics.cpp - What calibration remembers of an edge -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/Statistics.h"

#include "quench/WeightStore/ElementKind.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace quench;
using namespace quench::calibration;

float RangeStatistic::absmax() const { return std::max(std::fabs(min), std::fabs(max)); }

bool StatisticKinds::operator==(const StatisticKinds &other) const {
  return edges == other.edges && channels == other.channels && histogram == other.histogram &&
         gram == other.gram && channelRanges == other.channelRanges &&
         channelHistograms == other.channelHistograms;
}

/// Range and sum of values, of which there is at least one.
static RangeStatistic rangeOf(ArrayRef<float> values, double &sum) {
  RangeStatistic range = {values.front(), values.front()};
  sum = 0.0;
  for (float value : values) {
    range.min = std::min(range.min, value);
    range.max = std::max(range.max, value);
    sum += value;
  }
  return range;
}

static void addToChannels(ChannelStatistic &statistic, ArrayRef<float> values, size_t channels) {
  statistic.absmax.resize(channels);
  statistic.sum.resize(channels);
  statistic.absSum.resize(channels);
  for (; !values.empty(); values = values.drop_front(channels)) {
    for (size_t k = 0; k < channels; ++k) {
      float magnitude = std::fabs(values[k]);
      statistic.absmax[k] = std::max(statistic.absmax[k], magnitude);
      statistic.sum[k] += values[k];
      statistic.absSum[k] += magnitude;
    }
  }
}

static void addToGram(std::vector<double> &gram, ArrayRef<float> values, size_t channels) {
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  gram.resize(channels * channels);
  Eigen::Map<Eigen::MatrixXd> sum(gram.data(), channels, channels);
  Eigen::MatrixXd rows =
      Eigen::Map<const Rows>(values.data(), values.size() / channels, channels).cast<double>();
  sum.selfadjointView<Eigen::Lower>().rankUpdate(rows.transpose());
  sum.triangularView<Eigen::StrictlyUpper>() = sum.transpose();
}

/// `isFirst`: no batch was before this one.
static void addToRanges(ChannelRangeStatistic &statistic, ArrayRef<float> values, size_t channels,
                        bool isFirst) {
  statistic.min.resize(channels);
  statistic.max.resize(channels);
  statistic.movingAverage.resize(channels);
  ArrayRef<float> first = values.take_front(channels);
  std::vector<float> min(first), max(first);
  for (ArrayRef<float> row = values; !row.empty(); row = row.drop_front(channels)) {
    for (size_t k = 0; k < channels; ++k) {
      min[k] = std::min(min[k], row[k]);
      max[k] = std::max(max[k], row[k]);
    }
  }
  for (size_t k = 0; k < channels; ++k) {
    statistic.min[k] = isFirst ? min[k] : std::min(statistic.min[k], min[k]);
    statistic.max[k] = isFirst ? max[k] : std::max(statistic.max[k], max[k]);
    numerics::MovingAverage average{statistic.movingAverage[k], isFirst ? 0u : 1u};
    average.add(RangeStatistic{min[k], max[k]}.absmax(), movingAverageRate);
    statistic.movingAverage[k] = average.value;
  }
}

static void addToHistograms(std::vector<numerics::LogHistogram> &histograms, ArrayRef<float> values,
                            size_t channels) {
  histograms.resize(channels, numerics::LogHistogram(numerics::LogHistogram::Resolution::Coarse));
  std::vector<float> column(values.size() / channels);
  for (size_t k = 0; k < channels; ++k) {
    for (size_t row = 0; row < column.size(); ++row) {
      column[row] = values[row * channels + k];
    }
    histograms[k].add(column);
  }
}

Expected<EdgeStatistics> EdgeStatistics::channel(size_t index) const {
  EdgeStatistics result;
  result.count = rows();
  if (!channelHistograms.empty()) {
    result.histogram = channelHistograms[index];
    result.range = {result.histogram.min(), result.histogram.max()};
  }
  if (!channelRanges.min.empty()) {
    result.range = {channelRanges.min[index], channelRanges.max[index]};
    result.movingAverage = {channelRanges.movingAverage[index], movingAverage.count};
  } else if (channelHistograms.empty()) {
    return createStringError("ranges of channels need channel-ranges or channel-histograms, which "
                             "calibration was not asked to keep");
  }
  return result;
}

void EdgeStatistics::add(ArrayRef<float> values, const StatisticKinds &kinds) {
  if (values.empty()) {
    return;
  }
  double sum = 0.0;
  RangeStatistic batch = rangeOf(values, sum);
  double mean = sum / static_cast<double>(values.size());
  double squares = 0.0;
  for (float value : values) {
    squares += (value - mean) * (value - mean);
  }
  if (count == 0) {
    range = batch;
    moments = {mean, squares};
  } else {
    range = {std::min(range.min, batch.min), std::max(range.max, batch.max)};
    double before = static_cast<double>(count);
    double added = static_cast<double>(values.size());
    double delta = mean - moments.mean;
    moments.mean += delta * (added / (before + added));
    moments.squaredDeviations += squares + delta * delta * (before * added / (before + added));
  }
  movingAverage.add(batch.absmax(), movingAverageRate);
  if (kinds.channels) {
    addToChannels(perChannel, values, channels);
  }
  if (kinds.histogram) {
    histogram.add(values);
  }
  if (kinds.gram) {
    addToGram(gram, values, channels);
  }
  if (kinds.channelRanges) {
    addToRanges(channelRanges, values, channels, /*isFirst=*/count == 0);
  }
  if (kinds.channelHistograms) {
    addToHistograms(channelHistograms, values, channels);
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
  if (values.empty()) {
    return Error::success();
  }
  uint64_t channels = shape.empty() ? 1 : shape.back();
  auto place = byName.find(edge);
  if (place == byName.end()) {
    place = byName.emplace(edge.str(), EdgeStatistics()).first;
    place->second.channels = channels;
  } else if (place->second.channels != channels) {
    return fail("expected " + Twine(place->second.channels) + " channels as before, found shape " +
                shapeToString(shape));
  }
  place->second.add(values, collected);
  return Error::success();
}

const EdgeStatistics *Statistics::lookup(StringRef edge) const {
  auto place = byName.find(edge);
  return place == byName.end() ? nullptr : &place->second;
}

void Statistics::set(StringRef edge, EdgeStatistics statistics) {
  byName[edge.str()] = std::move(statistics);
}

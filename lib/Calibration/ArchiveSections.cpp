//===- ArchiveSections.cpp - Statistics as tensors of an archive ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ArchiveSections.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <array>
#include <cmath>

using namespace llvm;
using namespace quench;
using namespace quench::calibration;

using numerics::LogHistogram;

template <typename T> static ElementKind kindOf();
template <> ElementKind kindOf<uint64_t>() { return ElementKind::I64; }
template <> ElementKind kindOf<float>() { return ElementKind::F32; }
template <> ElementKind kindOf<double>() { return ElementKind::F64; }

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// The histograms of all channels in four sections, which are copies.
static void appendHistograms(StringRef name, ArrayRef<LogHistogram> histograms,
                             std::vector<Section> &sections) {
  auto channels = static_cast<int64_t>(histograms.size());
  auto add = [&](StringRef section, SmallVector<int64_t> shape, auto valuesOf) {
    using Element = std::decay_t<decltype(valuesOf(histograms.front()).front())>;
    Section &added = sections.emplace_back();
    added.name = (name + "." + section).str();
    added.kind = kindOf<Element>();
    added.shape = std::move(shape);
    for (const LogHistogram &histogram : histograms) {
      auto values = valuesOf(histogram);
      const auto *data = reinterpret_cast<const uint8_t *>(values.data());
      added.small.insert(added.small.end(), data, data + values.size() * sizeof(Element));
    }
  };
  add("channel_histogram_min", {channels},
      [](const LogHistogram &own) { return std::array{own.min()}; });
  add("channel_histogram_max", {channels},
      [](const LogHistogram &own) { return std::array{own.max()}; });
  add("channel_histogram_tiny", {channels},
      [](const LogHistogram &own) { return std::array{own.tinyCount()}; });
  add("channel_histogram", {channels, 2 * LogHistogram::numCoarseBins},
      [](const LogHistogram &own) { return own.binCounts(); });
}

void quench::calibration::appendSections(StringRef name, const EdgeStatistics &edge,
                                         const StatisticKinds &kinds,
                                         std::vector<Section> &sections) {
  auto few = [&](StringRef section, auto... values) {
    std::array array{values...};
    auto *data = reinterpret_cast<const uint8_t *>(array.data());
    sections.push_back({(name + "." + section).str(),
                        kindOf<typename decltype(array)::value_type>(),
                        {static_cast<int64_t>(array.size())},
                        {data, data + sizeof(array)},
                        {}});
  };
  auto many = [&](StringRef section, auto values, std::initializer_list<int64_t> shape) {
    using Element = std::decay_t<decltype(values.front())>;
    auto *data = reinterpret_cast<const uint8_t *>(values.data());
    sections.push_back({(name + "." + section).str(),
                        kindOf<Element>(),
                        shape,
                        {},
                        {data, values.size() * sizeof(Element)}});
  };
  auto channels = static_cast<int64_t>(edge.channels);
  few("count", edge.count);
  few("channels", edge.channels);
  few("range", edge.range.min, edge.range.max);
  few("moments", edge.moments.mean, edge.moments.squaredDeviations);
  few("batches", edge.movingAverage.count);
  few("moving_average", edge.movingAverage.value);
  if (kinds.channels) {
    many("channel_absmax", ArrayRef(edge.perChannel.absmax), {channels});
    many("channel_sum", ArrayRef(edge.perChannel.sum), {channels});
    many("channel_abs_sum", ArrayRef(edge.perChannel.absSum), {channels});
  }
  if (kinds.histogram) {
    ArrayRef<uint64_t> counts = edge.histogram.binCounts();
    few("histogram_tiny", edge.histogram.tinyCount());
    many("histogram", counts, {static_cast<int64_t>(counts.size())});
  }
  if (kinds.gram) {
    many("gram", ArrayRef(edge.gram), {channels, channels});
  }
  if (kinds.channelRanges) {
    many("channel_min", ArrayRef(edge.channelRanges.min), {channels});
    many("channel_max", ArrayRef(edge.channelRanges.max), {channels});
    many("channel_moving_average", ArrayRef(edge.channelRanges.movingAverage), {channels});
  }
  if (kinds.channelHistograms) {
    appendHistograms(name, edge.channelHistograms, sections);
  }
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

class SectionReader {
public:
  SectionReader(StringRef name, const EdgeTensors &tensors, const StatisticKinds &kinds)
      : name(name), tensors(tensors), kinds(kinds) {}

  Expected<EdgeStatistics> read();

private:
  Error fail(const Twine &message) const {
    return createStringError("edge '" + name + "': " + message);
  }

  /// The tensor of a section, of this type and shape.
  template <typename T>
  Expected<const TensorView *> require(StringRef section, ArrayRef<int64_t> shape);
  template <typename T> Error readOne(StringRef section, T &value);
  template <typename T> Error readTwo(StringRef section, T &first, T &second);
  template <typename T>
  Error readMany(StringRef section, ArrayRef<int64_t> shape, std::vector<T> &values);

  Error readScalars();
  Error readChannels();
  Error readHistogram();
  Error readGram();
  Error readChannelRanges();
  Error readChannelHistograms();
  Error checkScalars() const;
  Error checkNames() const;

  StringRef name;
  const EdgeTensors &tensors;
  const StatisticKinds &kinds;
  EdgeStatistics edge;
  std::vector<StringRef> known;
};

} // namespace

template <typename T>
Expected<const TensorView *> SectionReader::require(StringRef section, ArrayRef<int64_t> shape) {
  known.push_back(section);
  auto place = tensors.find(section.str());
  if (place == tensors.end()) {
    return fail("expected a section '" + section + "', found none");
  }
  const TensorView &tensor = *place->second;
  if (tensor.kind != kindOf<T>() || ArrayRef(tensor.shape) != shape) {
    return createStringError("tensor '" + tensor.name + "': expected " +
                             safetensorsName(kindOf<T>()) + " " + shapeToString(shape) +
                             ", found " + safetensorsName(tensor.kind) + " " +
                             shapeToString(tensor.shape));
  }
  return &tensor;
}

template <typename T> Error SectionReader::readOne(StringRef section, T &value) {
  Expected<const TensorView *> tensor = require<T>(section, {1});
  if (!tensor) {
    return tensor.takeError();
  }
  value = (*tensor)->load<T>(0);
  return Error::success();
}

template <typename T> Error SectionReader::readTwo(StringRef section, T &first, T &second) {
  Expected<const TensorView *> tensor = require<T>(section, {2});
  if (!tensor) {
    return tensor.takeError();
  }
  first = (*tensor)->load<T>(0);
  second = (*tensor)->load<T>(1);
  return Error::success();
}

template <typename T>
Error SectionReader::readMany(StringRef section, ArrayRef<int64_t> shape, std::vector<T> &values) {
  Expected<const TensorView *> tensor = require<T>(section, shape);
  if (!tensor) {
    return tensor.takeError();
  }
  values = (*tensor)->copy<T>();
  return Error::success();
}

Error SectionReader::readScalars() {
  if (Error error = readOne("count", edge.count)) {
    return error;
  }
  if (Error error = readOne("channels", edge.channels)) {
    return error;
  }
  if (Error error = readTwo("range", edge.range.min, edge.range.max)) {
    return error;
  }
  if (Error error = readTwo("moments", edge.moments.mean, edge.moments.squaredDeviations)) {
    return error;
  }
  if (Error error = readOne("batches", edge.movingAverage.count)) {
    return error;
  }
  if (Error error = readOne("moving_average", edge.movingAverage.value)) {
    return error;
  }
  return checkScalars();
}

Error SectionReader::checkScalars() const {
  const RangeStatistic &range = edge.range;
  const MomentStatistic &moments = edge.moments;
  if (edge.count == 0 || !std::isfinite(range.min) || !std::isfinite(range.max) ||
      range.min > range.max || !std::isfinite(moments.mean) ||
      !std::isfinite(moments.squaredDeviations) || moments.squaredDeviations < 0) {
    return fail("expected values, a finite ascending range and a variance that is not negative");
  }
  if (edge.channels == 0 || edge.channels > INT64_MAX || edge.count % edge.channels != 0) {
    return fail("expected " + Twine(edge.count) + " values in rows of equal size, found rows of " +
                Twine(edge.channels));
  }
  const numerics::MovingAverage &average = edge.movingAverage;
  if (average.count == 0 || !(average.value >= 0.0) || !std::isfinite(average.value)) {
    return fail("expected batches and a moving average of their magnitudes that is finite and not "
                "negative");
  }
  return Error::success();
}

Error SectionReader::readChannels() {
  int64_t shape[] = {static_cast<int64_t>(edge.channels)};
  ChannelStatistic &channels = edge.perChannel;
  if (Error error = readMany("channel_absmax", shape, channels.absmax)) {
    return error;
  }
  if (Error error = readMany("channel_sum", shape, channels.sum)) {
    return error;
  }
  if (Error error = readMany("channel_abs_sum", shape, channels.absSum)) {
    return error;
  }
  auto bad = [](auto value) { return !(value >= 0) || !std::isfinite(value); };
  if (any_of(channels.absmax, bad) || any_of(channels.absSum, bad) ||
      any_of(channels.sum, [](double sum) { return !std::isfinite(sum); })) {
    return fail("expected finite statistics of channels, and magnitudes that are not negative");
  }
  if (*max_element(channels.absmax) != edge.range.absmax()) {
    return fail("expected channels and range to have the same largest magnitude");
  }
  return Error::success();
}

Error SectionReader::readHistogram() {
  uint64_t tiny = 0;
  std::vector<uint64_t> counts;
  if (Error error = readOne("histogram_tiny", tiny)) {
    return error;
  }
  if (Error error = readMany("histogram", {2 * LogHistogram::numBins}, counts)) {
    return error;
  }
  Expected<LogHistogram> histogram =
      LogHistogram::restore(edge.range.min, edge.range.max, tiny, counts);
  if (!histogram) {
    return fail(toString(histogram.takeError()));
  }
  if (histogram->count() != edge.count) {
    return fail("expected a histogram of " + Twine(edge.count) + " values, found one of " +
                Twine(histogram->count()));
  }
  edge.histogram = std::move(*histogram);
  return Error::success();
}

Error SectionReader::readGram() {
  auto channels = static_cast<int64_t>(edge.channels);
  if (Error error = readMany("gram", {channels, channels}, edge.gram)) {
    return error;
  }
  for (int64_t i = 0; i < channels; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      double value = edge.gram[i * channels + j];
      bool symmetric = value == edge.gram[j * channels + i];
      if (!std::isfinite(value) || !symmetric || (i == j && value < 0)) {
        return fail("expected a finite symmetric gram matrix with a diagonal that is not "
                    "negative, found " +
                    std::to_string(value) + " at " + shapeToString({i, j}));
      }
    }
  }
  return Error::success();
}

Error SectionReader::readChannelRanges() {
  int64_t shape[] = {static_cast<int64_t>(edge.channels)};
  ChannelRangeStatistic &ranges = edge.channelRanges;
  if (Error error = readMany("channel_min", shape, ranges.min)) {
    return error;
  }
  if (Error error = readMany("channel_max", shape, ranges.max)) {
    return error;
  }
  if (Error error = readMany("channel_moving_average", shape, ranges.movingAverage)) {
    return error;
  }
  auto isBad = [](double average) { return !(average >= 0.0) || !std::isfinite(average); };
  for (auto [min, max] : zip_equal(ranges.min, ranges.max)) {
    // Not the other way round: NaN is no range.
    if (!(edge.range.min <= min && min <= max && max <= edge.range.max)) {
      return fail("expected the ranges of channels within that of the edge");
    }
  }
  if (any_of(ranges.movingAverage, isBad)) {
    return fail("expected moving averages of channels that are finite and not negative");
  }
  return Error::success();
}

Error SectionReader::readChannelHistograms() {
  auto channels = static_cast<int64_t>(edge.channels);
  constexpr int64_t numBins = 2 * LogHistogram::numCoarseBins;
  std::vector<float> min, max;
  std::vector<uint64_t> tiny, counts;
  if (Error error = readMany("channel_histogram_min", {channels}, min)) {
    return error;
  }
  if (Error error = readMany("channel_histogram_max", {channels}, max)) {
    return error;
  }
  if (Error error = readMany("channel_histogram_tiny", {channels}, tiny)) {
    return error;
  }
  if (Error error = readMany("channel_histogram", {channels, numBins}, counts)) {
    return error;
  }
  for (int64_t k = 0; k < channels; ++k) {
    Expected<LogHistogram> histogram =
        LogHistogram::restore(min[k], max[k], tiny[k], ArrayRef(counts).slice(k * numBins, numBins),
                              LogHistogram::Resolution::Coarse);
    if (!histogram) {
      return fail("channel " + Twine(k) + ": " + toString(histogram.takeError()));
    }
    if (histogram->count() != edge.rows()) {
      return fail("expected a histogram of " + Twine(edge.rows()) + " values of channel " +
                  Twine(k) + ", found one of " + Twine(histogram->count()));
    }
    edge.channelHistograms.push_back(std::move(*histogram));
  }
  return Error::success();
}

Error SectionReader::checkNames() const {
  for (const auto &[section, tensor] : tensors) {
    if (!is_contained(known, section)) {
      return createStringError("tensor '" + tensor->name + "': expected one of the sections " +
                               join(known, ", ") + "; this archive was asked to keep " +
                               kinds.str());
    }
  }
  return Error::success();
}

Expected<EdgeStatistics> SectionReader::read() {
  if (Error error = readScalars()) {
    return std::move(error);
  }
  if (kinds.channels) {
    if (Error error = readChannels()) {
      return std::move(error);
    }
  }
  if (kinds.histogram) {
    if (Error error = readHistogram()) {
      return std::move(error);
    }
  }
  if (kinds.gram) {
    if (Error error = readGram()) {
      return std::move(error);
    }
  }
  if (kinds.channelRanges) {
    if (Error error = readChannelRanges()) {
      return std::move(error);
    }
  }
  if (kinds.channelHistograms) {
    if (Error error = readChannelHistograms()) {
      return std::move(error);
    }
  }
  if (Error error = checkNames()) {
    return std::move(error);
  }
  return std::move(edge);
}

Expected<EdgeStatistics> quench::calibration::readSections(StringRef name,
                                                           const EdgeTensors &tensors,
                                                           const StatisticKinds &kinds) {
  return SectionReader(name, tensors, kinds).read();
}

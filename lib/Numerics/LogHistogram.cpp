//===- LogHistogram.cpp - The distribution of a stream of floats ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/LogHistogram.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace quench::numerics;

using llvm::createStringError;

static constexpr int mantissaBits = 23;
static constexpr uint32_t mantissaMask = (1u << mantissaBits) - 1;
static constexpr uint32_t magnitudeMask = 0x7fffffffu;

namespace {

/// Where the bins of an octave are, for one sign.
struct Octave {
  int32_t offset;
  /// The mantissa bits that do not tell bins apart.
  int32_t droppedBits;

  int32_t size() const { return 1 << (mantissaBits - droppedBits); }
  /// The same with 2^shift bins in one.
  Octave coarser(int shift) const { return {offset >> shift, droppedBits + shift}; }
};

struct Layout {
  std::array<Octave, LogHistogram::numOctaves> octaves = {};

  constexpr Layout() {
    int32_t offset = 0;
    for (int i = 0; i < LogHistogram::numOctaves; ++i) {
      const int bits = i < 4 ? 12 - i : 8;
      octaves[i] = {offset, mantissaBits - bits};
      offset += 1 << bits;
    }
  }
};

} // namespace

static constexpr Layout layout;

static uint32_t magnitudeOf(float value) { return llvm::bit_cast<uint32_t>(value) & magnitudeMask; }

static int exponentOf(float value) { return static_cast<int>(magnitudeOf(value) >> mantissaBits); }

float LogHistogram::absmax() const { return std::max(std::fabs(smallest), std::fabs(largest)); }

void LogHistogram::growTo(int exponent) {
  const int distance = exponent - topExponent;
  topExponent = exponent;
  std::vector<uint64_t> before(2 * binsPerSign(), 0);
  before.swap(counts);
  for (int i = 0; i < numOctaves; ++i) {
    const Octave from = layout.octaves[i].coarser(shift);
    for (int side = 0; side < 2; ++side) {
      const uint64_t *source = &before[side * binsPerSign() + from.offset];
      if (i + distance >= numOctaves) {
        for (int bin = 0; bin < from.size(); ++bin) {
          tiny += source[bin];
        }
        continue;
      }
      const Octave to = layout.octaves[i + distance].coarser(shift);
      uint64_t *target = &counts[side * binsPerSign() + to.offset];
      for (int bin = 0; bin < from.size(); ++bin) {
        target[bin >> (to.droppedBits - from.droppedBits)] += source[bin];
      }
    }
  }
}

void LogHistogram::includeRange(float low, float high) {
  smallest = numValues == 0 ? low : std::min(smallest, low);
  largest = numValues == 0 ? high : std::max(largest, high);
  const int exponent = exponentOf(absmax());
  if (exponent > topExponent) {
    growTo(exponent);
  }
}

void LogHistogram::add(llvm::ArrayRef<float> values) {
  if (values.empty()) {
    return;
  }
  float low = values.front(), high = values.front();
  for (float value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  includeRange(low, high);
  numValues += values.size();
  for (float value : values) {
    const uint32_t magnitude = magnitudeOf(value);
    const uint32_t index = topExponent - static_cast<int>(magnitude >> mantissaBits);
    if (index >= numOctaves) {
      ++tiny;
      continue;
    }
    const Octave octave = layout.octaves[index].coarser(shift);
    const int side = std::signbit(value) ? 0 : binsPerSign();
    ++counts[side + octave.offset + ((magnitude & mantissaMask) >> octave.droppedBits)];
  }
}

void LogHistogram::merge(const LogHistogram &other) {
  if (other.numValues == 0) {
    return;
  }
  includeRange(other.smallest, other.largest);
  LogHistogram aligned = other;
  if (topExponent > aligned.topExponent) {
    aligned.growTo(topExponent);
  }
  numValues += aligned.numValues;
  tiny += aligned.tiny;
  for (size_t i = 0; i < counts.size(); ++i) {
    counts[i] += aligned.counts[i];
  }
}

std::vector<LogHistogram::Bin> LogHistogram::bins() const {
  std::vector<Bin> result;
  const double top = absmax();
  const int lastOctave = std::min(numOctaves - 1, topExponent);
  if (tiny > 0) {
    // Signs of tiny values are not kept; zeros count as positive everywhere.
    const uint32_t floor = static_cast<uint32_t>(topExponent - lastOctave) << mantissaBits;
    result.push_back({0.0, llvm::bit_cast<float>(floor), 0, tiny});
  }
  for (int i = lastOctave; i >= 0; --i) {
    const Octave octave = layout.octaves[i].coarser(shift);
    for (int bin = 0; bin < octave.size(); ++bin) {
      const uint64_t negative = counts[octave.offset + bin];
      const uint64_t positive = counts[binsPerSign() + octave.offset + bin];
      if (negative + positive == 0) {
        continue;
      }
      const uint32_t first = (static_cast<uint32_t>(topExponent - i) << mantissaBits) +
                             (static_cast<uint32_t>(bin) << octave.droppedBits);
      const double low = llvm::bit_cast<float>(first);
      const double high = llvm::bit_cast<float>(first + (1u << octave.droppedBits));
      result.push_back({low, std::min(high, top), negative, positive});
    }
  }
  return result;
}

std::vector<uint64_t> LogHistogram::linearBins(int64_t number) const {
  std::vector<uint64_t> result(number, 0);
  const double binsPerUnit = static_cast<double>(number) / absmax();
  for (const Bin &bin : bins()) {
    const double low = bin.low * binsPerUnit, high = bin.high * binsPerUnit;
    // Not a number when all values are 0.
    int64_t index = low > 0.0 ? static_cast<int64_t>(low) : 0;
    uint64_t placed = 0;
    for (; index + 1 < number && static_cast<double>(index + 1) < high; ++index) {
      const double share = (static_cast<double>(index + 1) - low) / (high - low);
      const auto below = static_cast<uint64_t>(share * static_cast<double>(bin.count()) + 0.5);
      result[index] += below - placed;
      placed = below;
    }
    result[std::min(index, number - 1)] += bin.count() - placed;
  }
  return result;
}

llvm::Expected<LogHistogram> LogHistogram::restore(float min, float max, uint64_t tiny,
                                                   llvm::ArrayRef<uint64_t> counts,
                                                   Resolution resolution) {
  LogHistogram result(resolution);
  if (counts.size() != result.counts.size()) {
    return createStringError("expected %zu counts of a histogram, found %zu", result.counts.size(),
                             counts.size());
  }
  uint64_t total = tiny;
  for (uint64_t count : counts) {
    if (__builtin_add_overflow(total, count, &total)) {
      return createStringError("expected fewer than 2^64 values in a histogram");
    }
  }
  if (!std::isfinite(min) || !std::isfinite(max) || min > max ||
      (total == 0 && (min != 0.0f || max != 0.0f))) {
    return createStringError("expected the range of %llu values, found [%g, %g]",
                             static_cast<unsigned long long>(total), min, max);
  }
  result.numValues = total;
  result.tiny = tiny;
  result.smallest = min;
  result.largest = max;
  result.topExponent = exponentOf(result.absmax());
  result.counts = counts.vec();
  return result;
}

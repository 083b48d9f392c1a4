//===- LogHistogramTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts against counting, for values of all magnitudes, in every order and split.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/LogHistogram.h"
#include "quench/Numerics/RandomSigns.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

using namespace quench::numerics;

namespace {

/// Values whose magnitudes spread over `octaves` octaves.
std::vector<float> spreadValues(size_t count, double octaves, uint64_t seed) {
  RandomGenerator generator(seed);
  std::vector<float> result(count);
  for (float &value : result) {
    const double magnitude = std::exp2(octaves * (generator.nextDouble() - 0.5));
    value = static_cast<float>(generator.nextBelow(2) ? magnitude : -magnitude);
  }
  return result;
}

LogHistogram histogramOf(llvm::ArrayRef<float> values) {
  LogHistogram histogram;
  histogram.add(values);
  return histogram;
}

TEST(LogHistogram, bins_hold_what_is_in_them) {
  const std::vector<float> values = spreadValues(20000, 30.0, 1);
  const LogHistogram histogram = histogramOf(values);
  EXPECT_EQ(histogram.count(), 20000u);
  EXPECT_EQ(histogram.min(), *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(histogram.max(), *std::max_element(values.begin(), values.end()));
  uint64_t total = 0;
  double end = 0.0;
  for (const LogHistogram::Bin &bin : histogram.bins()) {
    EXPECT_LE(end, bin.low);
    EXPECT_LT(bin.low, bin.high);
    end = bin.high;
    total += bin.count();
    uint64_t negative = 0, positive = 0;
    for (float value : values) {
      const double magnitude = std::fabs(value);
      const bool last = bin.high == histogram.absmax() && magnitude == bin.high;
      const bool inside = magnitude >= bin.low && (magnitude < bin.high || last);
      negative += inside && value < 0.0f;
      positive += inside && value > 0.0f;
    }
    EXPECT_EQ(bin.count(), negative + positive);
    if (bin.low > 0.0) {
      EXPECT_EQ(bin.negative, negative);
      EXPECT_LE(bin.high, bin.low * (1.0 + 1.0 / 256.0));
    } else {
      EXPECT_LE(bin.high, histogram.absmax() * std::exp2(-15.0));
    }
  }
  EXPECT_EQ(total, 20000u);
}

TEST(LogHistogram, coarse_bins_are_unions_of_fine_ones) {
  const std::vector<float> values = spreadValues(20000, 30.0, 7);
  LogHistogram coarse(LogHistogram::Resolution::Coarse);
  // Small ones first, so that octaves move down.
  std::vector<float> rising = values;
  std::sort(rising.begin(), rising.end(),
            [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  for (size_t i = 0; i < rising.size(); i += 13) {
    coarse.add(llvm::ArrayRef(rising).slice(i, std::min<size_t>(13, rising.size() - i)));
  }
  const LogHistogram fine = histogramOf(values);
  ASSERT_EQ(coarse.binCounts().size(), 2u * LogHistogram::numCoarseBins);
  EXPECT_EQ(coarse.count(), fine.count());
  EXPECT_EQ(coarse.tinyCount(), fine.tinyCount());
  for (size_t bin = 0; bin < coarse.binCounts().size(); ++bin) {
    uint64_t sum = 0;
    for (uint64_t count : fine.binCounts().slice(bin * 64, 64)) {
      sum += count;
    }
    ASSERT_EQ(coarse.binCounts()[bin], sum) << bin;
  }
  uint64_t total = 0;
  for (const LogHistogram::Bin &bin : coarse.bins()) {
    total += bin.count();
    EXPECT_TRUE(bin.low == 0.0 || bin.high <= bin.low * 1.25);
  }
  EXPECT_EQ(total, 20000u);
  auto again = LogHistogram::restore(coarse.min(), coarse.max(), coarse.tinyCount(),
                                     coarse.binCounts(), LogHistogram::Resolution::Coarse);
  EXPECT_TRUE(llvm::cantFail(std::move(again)) == coarse);
}

TEST(LogHistogram, does_not_depend_on_order_and_batches) {
  std::vector<float> values = spreadValues(5000, 40.0, 2);
  const LogHistogram whole = histogramOf(values);
  std::sort(values.begin(), values.end(),
            [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  LogHistogram rising, falling, left, right;
  for (size_t i = 0; i < values.size(); i += 7) {
    const size_t end = std::min(values.size(), i + 7);
    rising.add(llvm::ArrayRef<float>(values).slice(i, end - i));
    (i % 2 ? left : right).add(llvm::ArrayRef<float>(values).slice(i, end - i));
  }
  std::reverse(values.begin(), values.end());
  for (float value : values) {
    falling.add(value);
  }
  EXPECT_TRUE(rising == whole);
  EXPECT_TRUE(falling == whole);
  EXPECT_EQ(falling.tinyCount(), whole.tinyCount());
  LogHistogram merged = left;
  merged.merge(right);
  EXPECT_TRUE(merged == whole);
  merged = right;
  merged.merge(left);
  EXPECT_TRUE(merged == whole);
  EXPECT_EQ(merged.tinyCount(), whole.tinyCount());
  merged.merge(LogHistogram());
  EXPECT_TRUE(merged == whole);
}

TEST(LogHistogram, takes_all_finite_floats) {
  const float least = std::numeric_limits<float>::denorm_min();
  const LogHistogram small = histogramOf({least, 2 * least, 0.0f, -least});
  EXPECT_EQ(small.count(), 4u);
  EXPECT_EQ(small.absmax(), 2 * least);
  EXPECT_EQ(small.tinyCount(), 0u);
  LogHistogram all = small;
  all.add({FLT_MAX, -FLT_MAX, 1.0f});
  EXPECT_EQ(all.tinyCount(), 5u);
  EXPECT_EQ(all.max(), FLT_MAX);
  ASSERT_EQ(all.bins().size(), 2u);
  EXPECT_EQ(all.bins()[0].count(), 5u);
  EXPECT_EQ(all.bins()[1].high, static_cast<double>(FLT_MAX));
  EXPECT_EQ(all.bins()[1].negative, 1u);
  EXPECT_EQ(histogramOf({0.0f, -0.0f}).absmax(), 0.0f);
  EXPECT_EQ(LogHistogram().bins().size(), 0u);
}

TEST(LogHistogram, linear_bins_are_off_by_one_place_at_most) {
  for (double octaves : {4.0, 11.0, 25.0}) {
    for (float scale : {1.0f, 1.0001f, 1.5f, 1.9999f}) {
      std::vector<float> values = spreadValues(20000, octaves, 3);
      for (float &value : values) {
        value *= scale;
      }
      const LogHistogram histogram = histogramOf(values);
      const std::vector<uint64_t> actual = histogram.linearBins(2048);
      int64_t expectedBelow = 0, actualBelow = 0;
      std::vector<int64_t> exact(2048, 0);
      for (float value : values) {
        const double position = std::fabs(value) * 2048.0 / histogram.absmax();
        ++exact[std::min<int64_t>(static_cast<int64_t>(position), 2047)];
      }
      for (size_t i = 0; i < 2048; ++i) {
        // Cumulative counts may only have moved across one edge.
        const int64_t slack = exact[i] + (i + 1 < 2048 ? exact[i + 1] : 0);
        expectedBelow += exact[i];
        actualBelow += actual[i];
        EXPECT_LE(std::abs(expectedBelow - actualBelow), slack) << i;
      }
      EXPECT_EQ(actualBelow, 20000);
    }
  }
  EXPECT_EQ(histogramOf({0.0f, 0.0f}).linearBins(4), (std::vector<uint64_t>{2, 0, 0, 0}));
}

TEST(LogHistogram, round_trips_through_its_parts) {
  const LogHistogram histogram = histogramOf(spreadValues(3000, 60.0, 4));
  llvm::Expected<LogHistogram> back = LogHistogram::restore(
      histogram.min(), histogram.max(), histogram.tinyCount(), histogram.binCounts());
  ASSERT_TRUE(static_cast<bool>(back)) << llvm::toString(back.takeError());
  EXPECT_TRUE(*back == histogram);
  LogHistogram more = histogram;
  more.add({1e20f, 3.0f});
  back->add({1e20f, 3.0f});
  EXPECT_TRUE(*back == more);
}

TEST(LogHistogram, negative_parts_that_do_not_fit) {
  const std::vector<uint64_t> none(2 * LogHistogram::numBins, 0);
  std::vector<uint64_t> some = none;
  some[5] = 3;
  auto message = [](float min, float max, uint64_t tiny, llvm::ArrayRef<uint64_t> counts) {
    return llvm::toString(LogHistogram::restore(min, max, tiny, counts).takeError());
  };
  EXPECT_EQ(message(0, 0, 0, {1, 2}), "expected 21504 counts of a histogram, found 2");
  EXPECT_EQ(message(0, 0, ~uint64_t(0), some), "expected fewer than 2^64 values in a histogram");
  EXPECT_EQ(message(0, 1, 0, none), "expected the range of 0 values, found [0, 1]");
  EXPECT_EQ(message(1, 0, 0, some), "expected the range of 3 values, found [1, 0]");
  EXPECT_EQ(message(0, INFINITY, 0, some), "expected the range of 3 values, found [0, inf]");
}

} // namespace

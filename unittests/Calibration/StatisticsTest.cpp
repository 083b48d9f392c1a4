//===- StatisticsTest.cpp - What calibration remembers of an edge ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/Statistics.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::calibration;

namespace {

std::string message(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  return text.empty() ? "success" : text;
}

TEST(StatisticsTest, batchesMergeIntoTheStatisticsOfAllValues) {
  std::vector<float> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(1000.0f + std::sin(0.3f * i));
  }
  EdgeStatistics merged;
  for (size_t begin = 0, size = 1; begin < values.size(); begin += size, size = size * 2 + 1) {
    merged.add(llvm::ArrayRef(values).slice(begin, std::min(size, values.size() - begin)), {});
  }
  double mean = 0, squares = 0;
  for (float value : values) {
    mean += value / 1000.0;
  }
  for (float value : values) {
    squares += (value - mean) * (value - mean);
  }
  EXPECT_EQ(merged.count, 1000u);
  EXPECT_EQ(merged.range.min, *std::min_element(values.begin(), values.end()));
  EXPECT_EQ(merged.range.max, *std::max_element(values.begin(), values.end()));
  EXPECT_NEAR(merged.moments.mean, mean, 1e-9);
  EXPECT_NEAR(merged.variance(), squares / 1000, 1e-9);
}

TEST(StatisticsTest, rangeDoesNotIncludeZeroUnlessSeen) {
  EdgeStatistics edge;
  edge.add({2.0f, 5.0f}, {});
  edge.add({}, {});
  EXPECT_EQ(edge.range.min, 2.0f);
  EXPECT_EQ(edge.range.max, 5.0f);
  edge.add({-7.0f}, {});
  EXPECT_EQ(edge.range.absmax(), 7.0f);
}

TEST(StatisticsTest, channelsAreIndicesOnTheLastAxis) {
  Statistics statistics(StatisticKinds{true, true, false, true});
  llvm::cantFail(statistics.observe("a", 0, {1, -2, 3, -4, 5, -7}, {2, 1, 3}));
  llvm::cantFail(statistics.observe("a", 1, {-2, 0, 1}, {3}));
  const EdgeStatistics &edge = *statistics.lookup("a");
  EXPECT_EQ(edge.rows(), 3u);
  EXPECT_EQ(edge.perChannel.absmax, (std::vector<float>{4, 5, 7}));
  EXPECT_EQ(edge.channelMean(0), -5.0 / 3);
  EXPECT_EQ(edge.channelAbsMean(0), 7.0 / 3);
  EXPECT_EQ(edge.channelAbsMean(2), 11.0 / 3);
  // Rows (1, -2, 3), (-4, 5, -7), (-2, 0, 1).
  EXPECT_EQ(edge.gram, (std::vector<double>{21, -22, 29, -22, 29, -41, 29, -41, 59}));
  EXPECT_EQ(edge.histogram.count(), 0u);
}

// What is known of a channel is what an edge of this channel alone would know.
TEST(StatisticsTest, channelsAreEdgesOfTheirOwn) {
  StatisticKinds kinds{true, false, false, false, true, true};
  Statistics all(kinds), alone;
  for (int batch = 0; batch < 5; ++batch) {
    std::vector<float> values, column;
    for (int i = 0; i < 30; ++i) {
      values.push_back(std::sin(1.0f + i + batch) * (i % 3 == 1 ? 100.0f : 1.0f));
      if (i % 3 == 1) {
        column.push_back(values.back());
      }
    }
    llvm::cantFail(all.observe("x", batch, values, {10, 3}));
    llvm::cantFail(alone.observe("x", batch, column, {10, 1}));
  }
  EdgeStatistics channel = llvm::cantFail(all.lookup("x")->channel(1));
  const EdgeStatistics &expected = *alone.lookup("x");
  EXPECT_EQ(channel.count, expected.count);
  EXPECT_EQ(channel.range.min, expected.range.min);
  EXPECT_EQ(channel.range.max, expected.range.max);
  EXPECT_EQ(channel.movingAverage.value, expected.movingAverage.value);
  EXPECT_EQ(channel.movingAverage.count, expected.movingAverage.count);
  EXPECT_EQ(channel.histogram.count(), expected.histogram.count());
  EXPECT_EQ(channel.histogram.absmax(), expected.histogram.absmax());
  EXPECT_EQ(message(alone.lookup("x")->channel(0).takeError()),
            "ranges of channels need channel-ranges or channel-histograms, which calibration was "
            "not asked to keep");
}

TEST(StatisticsTest, theMovingAverageForgets) {
  EdgeStatistics edge;
  double expected = 8;
  for (float value : {-8.0f, 4.0f, 2.0f}) {
    edge.add({value, 1.0f}, {});
    expected += 0.1 * (std::fabs(value) - expected);
  }
  EXPECT_DOUBLE_EQ(edge.movingAverage.value, expected);
}

TEST(StatisticsTest, histogramsDoNotDependOnTheOrder) {
  EdgeStatistics forward, backward;
  for (int i = 0; i < 100; ++i) {
    forward.add({std::sin(1.0f * i) * i, 0.0f}, {});
    backward.add({std::sin(1.0f * (99 - i)) * (99 - i), 0.0f}, {});
  }
  EXPECT_TRUE(forward.histogram == backward.histogram);
}

TEST(StatisticsTest, kindsHaveNames) {
  EXPECT_EQ(StatisticKinds().str(), "channels,histogram");
  for (const char *text : {"none", "tokens", "channels", "gram", "channels,histogram,gram",
                           "channels,channel-ranges,channel-histograms"}) {
    EXPECT_EQ(llvm::cantFail(StatisticKinds::parse(text)).str(), text);
  }
  EXPECT_EQ(llvm::cantFail(StatisticKinds::parse("gram,channels")).str(), "channels,gram");
  for (const char *text : {"", "all", "gram,", "none,gram", "tokens,gram"}) {
    EXPECT_NE(message(StatisticKinds::parse(text).takeError()), "success") << text;
  }
  EXPECT_EQ(
      message(StatisticKinds::parse("gram,max").takeError()),
      "expected channels, histogram, gram, channel-ranges, channel-histograms, none or tokens, "
      "found 'max'");
}

TEST(StatisticsTest, valuesThatAreNotFiniteAreNamed) {
  Statistics statistics;
  llvm::cantFail(statistics.observe("a", 0, {1.0f, 2.0f}, {1, 2}));
  for (auto [value, text] :
       {std::make_pair(std::nanf(""), "nan"), std::make_pair(-std::nanf(""), "nan"),
        std::make_pair(std::numeric_limits<float>::infinity(), "inf"),
        std::make_pair(-std::numeric_limits<float>::infinity(), "-inf")}) {
    EXPECT_EQ(message(statistics.observe("a", 3, {9, 9, 9, 9, value, 9}, {3, 2})),
              std::string("edge 'a', sample 3: expected finite values, found ") + text +
                  " at [2, 0]");
  }
  EXPECT_EQ(message(statistics.observe("a", 4, {1.0f}, {1, 2})),
            "edge 'a', sample 4: expected as many values as shape [1, 2] has, found 1");
  EXPECT_EQ(message(statistics.observe("a", 5, {1.0f}, {1, 1})),
            "edge 'a', sample 5: expected 2 channels as before, found shape [1, 1]");
  EXPECT_EQ(message(statistics.observe("empty", 6, {}, {0, 2})), "success");
  EXPECT_EQ(statistics.lookup("empty"), nullptr);
  EXPECT_EQ(statistics.lookup("a")->count, 2u);
  EXPECT_EQ(statistics.lookup("a")->range.max, 2.0f);
  EXPECT_EQ(statistics.lookup("b"), nullptr);
}

} // namespace

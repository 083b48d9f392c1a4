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
    merged.add(llvm::ArrayRef(values).slice(begin, std::min(size, values.size() - begin)));
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
  edge.add({2.0f, 5.0f});
  edge.add({});
  EXPECT_EQ(edge.range.min, 2.0f);
  EXPECT_EQ(edge.range.max, 5.0f);
  edge.add({-7.0f});
  EXPECT_EQ(edge.range.absmax(), 7.0f);
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
  EXPECT_EQ(statistics.lookup("a")->count, 2u);
  EXPECT_EQ(statistics.lookup("a")->range.max, 2.0f);
  EXPECT_EQ(statistics.lookup("b"), nullptr);
}

} // namespace

//===- OutlierStatisticsTest.cpp ------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/OutlierStatistics.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace quench::numerics;

namespace {

std::vector<float> skewedValues(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &value : values) {
    float uniform = static_cast<float>(random()) / 4294967296.0f;
    value = 3.0f + 0.5f * uniform + (uniform > 0.99f ? 40.0f * uniform : 0.0f);
  }
  return values;
}

TEST(OutlierStatisticsTest, MomentsOfAFewIntegersAreExact) {
  CentralMoments moments;
  moments.add({1.0f, 2.0f, 3.0f, 10.0f});
  // Deviations -3, -2, -1 and 6 from 4.
  EXPECT_EQ(moments.mean, 4.0);
  EXPECT_EQ(moments.second, 9.0 + 4 + 1 + 36);
  EXPECT_EQ(moments.third, -27.0 - 8 - 1 + 216);
  EXPECT_EQ(moments.fourth, 81.0 + 16 + 1 + 1296);
  EXPECT_EQ(moments.variance(), 12.5);
  EXPECT_DOUBLE_EQ(*moments.kurtosis(), 4 * 1394.0 / 2500.0);
}

TEST(OutlierStatisticsTest, BatchesMergeToTheMomentsOfTheWhole) {
  std::vector<float> values = skewedValues(1000, 1);
  CentralMoments whole, merged;
  whole.add(values);
  llvm::ArrayRef<float> rest(values);
  for (size_t size : {1u, 2u, 0u, 500u, 17u, 480u}) {
    merged.add(rest.take_front(size));
    rest = rest.drop_front(size);
  }
  ASSERT_TRUE(rest.empty());
  EXPECT_EQ(merged.count, whole.count);
  EXPECT_NEAR(merged.mean, whole.mean, 1e-12 * whole.mean);
  EXPECT_NEAR(merged.second, whole.second, 1e-10 * whole.second);
  EXPECT_NEAR(merged.third, whole.third, 1e-10 * std::fabs(whole.third));
  EXPECT_NEAR(merged.fourth, whole.fourth, 1e-10 * whole.fourth);
}

TEST(OutlierStatisticsTest, KurtosisIsOneForTwoValuesAndThreeForANormalDistribution) {
  CentralMoments coin;
  coin.add({-1.0f, 1.0f, 1.0f, -1.0f});
  EXPECT_EQ(*coin.kurtosis(), 1.0);

  std::mt19937 random(7);
  std::vector<float> values;
  for (int i = 0; i < 200000; ++i) {
    double u = (random() + 0.5) / 4294967296.0, v = random() / 4294967296.0;
    values.push_back(static_cast<float>(5.0 + 2.0 * std::sqrt(-2.0 * std::log(u)) *
                                                  std::cos(6.283185307179586 * v)));
  }
  CentralMoments normal;
  normal.add(values);
  EXPECT_NEAR(*normal.kurtosis(), 3.0, 0.05);
}

TEST(OutlierStatisticsTest, ConstantsHaveNoKurtosis) {
  CentralMoments moments;
  EXPECT_FALSE(moments.kurtosis());
  EXPECT_EQ(moments.variance(), 0.0);
  moments.add({2.0f, 2.0f, 2.0f});
  EXPECT_FALSE(moments.kurtosis());
}

TEST(OutlierStatisticsTest, MedianIsThatOfSortingToWithinItsBound) {
  for (size_t count : {1u, 2u, 9u, 1000u, 4097u}) {
    std::vector<float> values = skewedValues(count, static_cast<unsigned>(count));
    for (size_t i = 0; i < values.size(); i += 2) {
      values[i] = -0.001f * values[i] * static_cast<float>(i);
    }
    OutlierStatistics statistics;
    statistics.add(values);
    std::vector<float> magnitudes;
    for (float value : values) {
      magnitudes.push_back(std::fabs(value));
    }
    std::sort(magnitudes.begin(), magnitudes.end());
    double median = magnitudes[(count - 1) / 2];
    EXPECT_NEAR(statistics.median(), median, 0.004 * median) << count;
    EXPECT_EQ(statistics.absmax(), magnitudes.back()) << count;
  }
}

TEST(OutlierStatisticsTest, OneOutlierIsTheRatio) {
  std::vector<float> values(999, 1.0f);
  values.push_back(-100.0f);
  OutlierStatistics statistics;
  statistics.add(values);
  EXPECT_EQ(statistics.absmax(), 100.0);
  EXPECT_NEAR(*statistics.ratio(), 100.0, 0.4);
  EXPECT_GT(*statistics.kurtosis(), 900.0);
}

TEST(OutlierStatisticsTest, ZerosHaveNoRatio) {
  OutlierStatistics statistics;
  EXPECT_EQ(statistics.median(), 0.0);
  EXPECT_FALSE(statistics.ratio());
  statistics.add({0.0f, -0.0f, 5.0f});
  EXPECT_EQ(statistics.median(), 0.0);
  EXPECT_FALSE(statistics.ratio());
  statistics.add({5.0f, 5.0f});
  EXPECT_NEAR(statistics.median(), 5.0, 0.02);
}

TEST(OutlierStatisticsTest, ExtremesStayFinite) {
  OutlierStatistics statistics;
  float huge = std::numeric_limits<float>::max(), tiny = std::numeric_limits<float>::denorm_min();
  statistics.add({huge, -huge, huge});
  EXPECT_LE(statistics.median(), static_cast<double>(huge));
  EXPECT_GE(statistics.median(), 0.99 * huge);
  OutlierStatistics small;
  small.add({tiny, tiny});
  EXPECT_EQ(small.median(), static_cast<double>(tiny));
}

TEST(OutlierStatisticsTest, MergingIsAddingAll) {
  std::vector<float> values = skewedValues(300, 3);
  OutlierStatistics whole, first, second, empty;
  whole.add(values);
  first.add(llvm::ArrayRef<float>(values).take_front(100));
  second.add(llvm::ArrayRef<float>(values).drop_front(100));
  first.merge(empty);
  first.merge(second);
  EXPECT_EQ(first.count(), whole.count());
  EXPECT_EQ(first.absmax(), whole.absmax());
  EXPECT_EQ(first.median(), whole.median());
  EXPECT_NEAR(*first.kurtosis(), *whole.kurtosis(), 1e-9 * *whole.kurtosis());
}

TEST(OutlierStatisticsTest, DecibelsOfErrors) {
  SignalToNoise ratio;
  EXPECT_EQ(ratio.decibels(), SignalToNoise::limit);
  ratio.add({3.0f, 4.0f}, {3.0f, 4.0f});
  EXPECT_EQ(ratio.decibels(), SignalToNoise::limit);
  ratio.add({0.0f}, {0.5f});
  EXPECT_DOUBLE_EQ(ratio.decibels(), 20.0);
}

TEST(OutlierStatisticsTest, NothingLeftIsTheLowestRatio) {
  SignalToNoise silent, broken, infinite;
  silent.add({0.0f}, {1.0f});
  EXPECT_EQ(silent.decibels(), -SignalToNoise::limit);
  broken.add({1.0f}, {std::numeric_limits<float>::quiet_NaN()});
  EXPECT_EQ(broken.decibels(), -SignalToNoise::limit);
  infinite.add({1.0f}, {std::numeric_limits<float>::infinity()});
  EXPECT_EQ(infinite.decibels(), -SignalToNoise::limit);
}

} // namespace

//===- FitRotaryTest.cpp - The parameters of rotary frequencies -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Export/FitRotary.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

std::vector<float> frequenciesOf(const RotaryConfig &config, int64_t headDim) {
  std::vector<float> result;
  for (double frequency : rotaryFrequencies(config, headDim)) {
    result.push_back(static_cast<float>(frequency));
  }
  return result;
}

TEST(FitRotary, finds_bases_and_linear_factors) {
  for (double theta : {100.0, 10000.0, 500000.0, 1000000.0, 12345.0}) {
    for (double factor : {1.0, 2.0, 8.0}) {
      for (int64_t headDim : {4, 64, 128}) {
        RotaryConfig config;
        config.theta = theta;
        config.factor = factor;
        config.scaling = factor == 1.0 ? RotaryScaling::None : RotaryScaling::Linear;
        RotaryConfig found = fitRotary(frequenciesOf(config, headDim), headDim);
        EXPECT_EQ(found.scaling, config.scaling);
        EXPECT_EQ(found.factor, factor);
        EXPECT_TRUE(found.divisors.empty());
        EXPECT_EQ(frequenciesOf(found, headDim), frequenciesOf(config, headDim));
      }
    }
  }
}

TEST(FitRotary, writes_other_frequencies_as_divisors) {
  RotaryConfig config;
  config.theta = 500000.0;
  config.scaling = RotaryScaling::Llama3;
  config.factor = 8;
  config.originalMaxPositions = 8192;
  std::vector<float> wanted = frequenciesOf(config, 128);
  RotaryConfig found = fitRotary(wanted, 128);
  EXPECT_EQ(found.theta, 500000.0);
  EXPECT_EQ(found.scaling, RotaryScaling::None);
  ASSERT_EQ(found.divisors.size(), 64u);
  EXPECT_EQ(found.divisors.front(), 1.0);
  EXPECT_EQ(found.divisors.back(), 8.0);
  std::vector<float> again = frequenciesOf(found, 128);
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(again[i] / wanted[i], 1.0, 2e-7);
  }
}

TEST(FitRotary, a_pair_alone_says_nothing_about_the_base) {
  RotaryConfig found = fitRotary({1.0f}, 2);
  EXPECT_EQ(found.theta, 10000.0);
  EXPECT_TRUE(found.divisors.empty());
}

} // namespace

//===- TokenScoresTest.cpp ----------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/TokenScores.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace quench::insight;

namespace {

const float ln3 = std::log(3.0f);

TEST(TokenScores, SumsAreCompensated) {
  CompensatedSum sum;
  for (double term : {1.0, 1e100, 1.0, -1e100}) {
    sum.add(term);
  }
  EXPECT_EQ(sum.value(), 2.0);
}

TEST(TokenScores, LogSumExpOfEqualLogits) {
  EXPECT_EQ(logSumExp({0.f, 0.f, 0.f, 0.f}), std::log(4.0));
  EXPECT_EQ(logSumExp({7.f}), 7.0);
}

TEST(TokenScores, LogSumExpNeitherOverflowsNorUnderflows) {
  float huge = std::numeric_limits<float>::max();
  EXPECT_EQ(logSumExp({huge, huge}), huge + std::log(2.0));
  EXPECT_EQ(logSumExp({-huge, -huge}), -huge + std::log(2.0));
  EXPECT_EQ(logSumExp({-huge, 1.0f}), 1.0);
}

TEST(TokenScores, NegativeLogLikelihoodOfAQuarter) {
  // Odds of 1 to 3.
  EXPECT_NEAR(negativeLogLikelihood({0.f, ln3}, 0), std::log(4.0), 1e-7);
  EXPECT_NEAR(negativeLogLikelihood({0.f, ln3}, 1), std::log(4.0 / 3), 1e-7);
}

TEST(TokenScores, DivergenceOfKnownDistributions) {
  // p = (3/4, 1/4), q = (1/2, 1/2): 3/4 ln(3/2) + 1/4 ln(1/2).
  double expected = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);
  EXPECT_NEAR(divergence({ln3, 0.f}, {0.f, 0.f}), expected, 1e-7);
  // The other way round it is another number.
  EXPECT_NEAR(divergence({0.f, 0.f}, {ln3, 0.f}), 0.5 * std::log(2.0 / 3) + 0.5 * std::log(2.0),
              1e-7);
  EXPECT_EQ(divergence({ln3, 0.f}, {ln3, 0.f}), 0.0);
  // A shift of all logits changes nothing.
  EXPECT_NEAR(divergence({4.f, 2.f}, {14.f, 12.f}), 0.0, 1e-12);
}

TEST(TokenScores, DivergenceOfAnImpossibleTokenIsFinite) {
  EXPECT_NEAR(divergence({0.f, -1e30f}, {0.f, 0.f}), std::log(2.0), 1e-12);
}

TEST(TokenScores, ScoresAllButTheFirstTokenOfAWindow) {
  ScoreSums sums;
  // Rows predict the next token: row 0 scores token 1, row 1 scores token 0, row 2 is not used.
  ASSERT_FALSE(bool(sums.addWindow({0, 1, 0}, {0.f, ln3, 0.f, ln3, 50.f, -50.f})));
  EXPECT_EQ(sums.tokens(), 2u);
  double expected = (std::log(4.0 / 3) + std::log(4.0)) / 2;
  EXPECT_NEAR(sums.nll(), expected, 1e-7);
  EXPECT_NEAR(sums.perplexity(), std::exp(expected), 1e-6);
  EXPECT_EQ(sums.divergence(), 0.0);
}

TEST(TokenScores, MeansRunOverTokensOfAllWindows) {
  ScoreSums sums;
  ASSERT_FALSE(bool(sums.addWindow({0, 0}, {0.f, 0.f, 0.f, 0.f}, {ln3, 0.f, 0.f, 0.f})));
  ASSERT_FALSE(bool(
      sums.addWindow({0, 0, 1}, {0.f, 0.f, 0.f, 0.f, 0.f, 0.f}, {0.f, 0.f, 0.f, 0.f, 0.f, 0.f})));
  EXPECT_EQ(sums.tokens(), 3u);
  EXPECT_NEAR(sums.nll(), std::log(2.0), 1e-12);
  EXPECT_NEAR(sums.divergence(), (0.75 * std::log(1.5) + 0.25 * std::log(0.5)) / 3, 1e-7);
  EXPECT_NEAR(sums.baselineNll(), (std::log(4.0 / 3) + 2 * std::log(2.0)) / 3, 1e-7);
}

TEST(TokenScores, RefusesLogitsThatAreNotFinite) {
  ScoreSums sums;
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(toString(sums.addWindow({0, 1}, {0.f, 0.f, 0.f, nan})),
            "token 1: expected finite logits, found nan for id 1");
  EXPECT_EQ(toString(sums.addWindow({0, 1}, {0.f, 0.f, 0.f, 0.f},
                                    {-std::numeric_limits<float>::infinity(), 0.f, 0.f, 0.f})),
            "token 0: expected finite logits, found infinity for id 0");
  EXPECT_EQ(sums.tokens(), 0u);
}

} // namespace

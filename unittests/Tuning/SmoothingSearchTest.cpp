//===- SmoothingSearchTest.cpp - How much to smooth each input ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/SmoothingSearch.h"

#include "quench/Basis/ScalableInput.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// One scale for each row.
static numerics::Scheme perRow(unsigned bits) {
  return {numerics::Encoding::integer(bits), {1, numerics::kWhole}, {}};
}

static numerics::Scheme perTensor(unsigned bits) {
  return {numerics::Encoding::integer(bits), {numerics::kWhole, numerics::kWhole}, {}};
}

TEST(SmoothingScalesTest, DifficultyIsShared) {
  EXPECT_EQ(smoothingScales({16.0, 4.0}, {4.0, 1.0}, 0.5), (Doubles{2.0, 2.0}));
  // All of it moves to the weights, or to the activations.
  EXPECT_EQ(smoothingScales({16.0, 4.0}, {4.0, 1.0}, 1.0), (Doubles{16.0, 4.0}));
  EXPECT_EQ(smoothingScales({16.0, 4.0}, {4.0, 1.0}, 0.0), (Doubles{0.25, 1.0}));
}

TEST(SmoothingScalesTest, DeadChannelsDoNotDivideByZero) {
  Doubles scales = smoothingScales({0.0, 0.0}, {1.0, 0.0}, 0.5);
  EXPECT_DOUBLE_EQ(scales[0], std::sqrt(1e-5));
  EXPECT_DOUBLE_EQ(scales[1], 1.0);
  EXPECT_DOUBLE_EQ(smoothingScales({0.0}, {1e9}, 0.0)[0], 1e-5);
}

TEST(SmoothingErrorTest, FloatLayersHaveNone) {
  // Scales that are powers of two move nothing but exponents.
  SmoothedInput input{{{{1, 2, 3, 4}, 2, std::nullopt, std::nullopt, true}}, {5, 6, 7, 8}, {7, 8}};
  EXPECT_EQ(llvm::cantFail(smoothingError(input, {4.0, 0.5}, 1)), 0.0);
}

TEST(SmoothingErrorTest, DynamicScalesComeFromEachRow) {
  // Rows (7, 0.4) and (0.7, 0.4): steps 1 and 0.1, so 0.4 becomes 0 in the first one alone.
  SmoothedInput input{
      {{{1, 1}, 1, std::nullopt, perRow(4), true}}, {7.0f, 0.4f, 0.7f, 0.4f}, {7.0f, 0.4f}};
  EXPECT_NEAR(llvm::cantFail(smoothingError(input, {1.0, 1.0}, 1)), 0.16, 1e-6);
  // (1, 0.4) and (0.1, 0.4): steps 1/7 and 0.4/7; 0.4 becomes 3/7, and 0.1 becomes 0.8/7.
  double first = 3.0 / 7 - 0.4, second = 7 * (0.8 / 7 - 0.1);
  EXPECT_NEAR(llvm::cantFail(smoothingError(input, {7.0, 1.0}, 1)), first * first + second * second,
              1e-5);
}

TEST(SmoothingErrorTest, StaticScalesComeFromAllThatWasSeen) {
  // A step of 14 / 7 = 2, although no row here is larger than 3: 3 becomes 4 (half to even of 1.5).
  SmoothedInput input{{{{1, 0}, 1, std::nullopt, perTensor(4), false}}, {3, 1}, {14, 1}};
  EXPECT_NEAR(llvm::cantFail(smoothingError(input, {1.0, 1.0}, 1)), 1.0, 1e-6);
  // Scaled by 14 the first channel reaches 1, as the second does.
  double error = 14 * (2.0 / 7 - 3.0 / 14);
  EXPECT_NEAR(llvm::cantFail(smoothingError(input, {14.0, 1.0}, 1)), error * error, 1e-5);
}

TEST(SmoothingErrorTest, WeightsAreRoundedWithTheScalesInThem) {
  // (7, 0.4) loses 0.4; times (1, 4) it is (7, 1.6) with 2, that is 0.5.
  SmoothedInput input{{{{7.0f, 0.4f}, 1, perRow(4), std::nullopt, true}}, {1, 10}, {1, 10}};
  EXPECT_NEAR(llvm::cantFail(smoothingError(input, {1.0, 1.0}, 1)), 16.0, 1e-4);
  EXPECT_NEAR(llvm::cantFail(smoothingError(input, {1.0, 4.0}, 1)), 1.0, 1e-4);
}

TEST(SmoothingErrorTest, LayersAndThreadsAddUp) {
  SmoothedLayer layer{{7.0f, 0.4f}, 1, perRow(4), std::nullopt, true};
  SmoothedInput one{{layer}, {1, 10, 2, -3}, {2, 10}}, two{{layer, layer}, one.inputs, one.largest};
  double single = llvm::cantFail(smoothingError(one, {1.0, 2.0}, 1));
  EXPECT_DOUBLE_EQ(llvm::cantFail(smoothingError(two, {1.0, 2.0}, 1)), 2 * single);
  EXPECT_EQ(llvm::cantFail(smoothingError(one, {1.0, 2.0}, 3)), single);
}

TEST(SmoothingErrorTest, WeightsThatAreNotFiniteAreErrors) {
  SmoothedInput input{{{{NAN, 2}, 1, perRow(4), std::nullopt, true}}, {1, 1}, {1, 1}};
  llvm::Expected<double> nan = smoothingError(input, {1.0, 1.0}, 1);
  EXPECT_FALSE(static_cast<bool>(nan));
  llvm::consumeError(nan.takeError());
}

//===- RoundingTest.cpp -----------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding against exact tables, in every floating-point environment.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Rounding.h"

#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <cfenv>
#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

struct RoundingVector {
  uint32_t bits;
  /// Half to even, half away from zero, half up.
  int32_t rounded[3];
};

#include "vectors/Rounding.inc"

void expectTable() {
  for (const RoundingVector &vector : roundingVectors) {
    float x = llvm::bit_cast<float>(vector.bits);
    EXPECT_EQ(roundHalfEven(x), static_cast<float>(vector.rounded[0])) << x;
    EXPECT_EQ(roundHalfAway(x), static_cast<float>(vector.rounded[1])) << x;
    EXPECT_EQ(roundHalfUp(x), static_cast<float>(vector.rounded[2])) << x;
    double d = x;
    EXPECT_EQ(roundHalfEven(d), static_cast<double>(vector.rounded[0])) << x;
    EXPECT_EQ(roundHalfAway(d), static_cast<double>(vector.rounded[1])) << x;
    EXPECT_EQ(roundHalfUp(d), static_cast<double>(vector.rounded[2])) << x;
  }
}

TEST(Rounding, agrees_with_exact_tables) { expectTable(); }

TEST(Rounding, ignores_the_rounding_mode_of_the_environment) {
  for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    expectTable();
    std::fesetround(FE_TONEAREST);
  }
}

TEST(Rounding, keeps_the_sign_of_zero_and_values_that_are_not_finite) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (float (*round)(float) : {roundHalfEven<float>, roundHalfAway<float>, roundHalfUp<float>}) {
    EXPECT_TRUE(std::isnan(round(std::numeric_limits<float>::quiet_NaN())));
    EXPECT_EQ(round(infinity), infinity);
    EXPECT_EQ(round(-infinity), -infinity);
    EXPECT_EQ(round(3e38f), 3e38f);
    EXPECT_TRUE(std::signbit(round(-0.0f)));
    EXPECT_TRUE(std::signbit(round(-0.25f)));
    EXPECT_FALSE(std::signbit(round(0.25f)));
  }
}

TEST(Rounding, doubles_have_ties_that_floats_cannot_hold) {
  EXPECT_EQ(roundHalfEven(2147483648.5), 2147483648.0);
  EXPECT_EQ(roundHalfEven(2147483649.5), 2147483650.0);
  EXPECT_EQ(roundHalfAway(-2147483648.5), -2147483649.0);
  EXPECT_EQ(roundHalfUp(-2147483648.5), -2147483648.0);
  EXPECT_EQ(roundHalfEven(0.49999999999999994), 0.0);
}

} // namespace

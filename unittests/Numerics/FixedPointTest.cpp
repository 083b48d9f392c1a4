//===- FixedPointTest.cpp ---------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Requantization against exact fractions, and the equivalences between stacks.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/FixedPoint.h"

#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

struct MultiplierVector {
  uint64_t real;
  int32_t multiplier;
  int32_t exponent;
};

struct RequantizeVector {
  int32_t value;
  int32_t multiplier;
  int32_t exponent;
  /// Single round, double round, half even.
  int32_t expected[3];
};

#include "vectors/FixedPoint.inc"

FixedPointMultiplier factorOf(double real) {
  llvm::Expected<FixedPointMultiplier> factor = toFixedPoint(real);
  EXPECT_TRUE(static_cast<bool>(factor));
  return factor ? *factor : (llvm::consumeError(factor.takeError()), FixedPointMultiplier{});
}

std::string factorMessage(double real) { return llvm::toString(toFixedPoint(real).takeError()); }

std::string scaleMessage(int32_t value, int32_t multiplier, int32_t shift) {
  return llvm::toString(tosaApplyScale32(value, multiplier, shift, false).takeError());
}

/// The two steps of gemmlowp as published: a saturating rounding doubling high multiplication and a
/// rounding division by a power of two. For exponents up to 0.
int32_t gemmlowp(int32_t value, FixedPointMultiplier factor) {
  int64_t product = static_cast<int64_t>(value) * factor.multiplier;
  int64_t nudge = product >= 0 ? int64_t(1) << 30 : 1 - (int64_t(1) << 30);
  auto high = static_cast<int32_t>((product + nudge) / (int64_t(1) << 31));
  int32_t mask = static_cast<int32_t>((int64_t(1) << -factor.exponent) - 1);
  int32_t threshold = (mask >> 1) + (high < 0);
  return (high >> -factor.exponent) + ((high & mask) > threshold);
}

TEST(FixedPoint, multipliers_are_the_nearest) {
  for (const MultiplierVector &vector : multiplierVectors) {
    double real = llvm::bit_cast<double>(vector.real);
    FixedPointMultiplier factor = factorOf(real);
    EXPECT_EQ(factor.multiplier, vector.multiplier) << real;
    EXPECT_EQ(factor.exponent, vector.exponent) << real;
    if (factor.multiplier != 0) {
      EXPECT_NEAR(factor.value() / real, 1.0, std::ldexp(1.0, -31));
    }
  }
  EXPECT_EQ(factorOf(0.0).multiplier, 0);
}

TEST(FixedPoint, multipliers_that_do_not_exist_are_refused) {
  EXPECT_EQ(factorMessage(-0.5), "expected a finite multiplier that is not negative, found -0.5");
  EXPECT_NE(factorMessage(std::numeric_limits<double>::quiet_NaN()), "");
  EXPECT_NE(factorMessage(std::numeric_limits<double>::infinity()), "");
  EXPECT_EQ(factorMessage(std::ldexp(1.0, 30)),
            "expected a multiplier below 2^30, found 1.07374e+09");
}

TEST(FixedPoint, requantize_agrees_with_exact_fractions) {
  for (const RequantizeVector &vector : requantizeVectors) {
    FixedPointMultiplier factor{vector.multiplier, vector.exponent};
    auto place = [&] {
      return ::testing::Message() << vector.value << " * " << vector.multiplier << " * 2^("
                                  << vector.exponent << " - 31)";
    };
    EXPECT_EQ(requantize(vector.value, factor, RoundingMode::SingleRound), vector.expected[0])
        << place();
    EXPECT_EQ(requantize(vector.value, factor, RoundingMode::DoubleRound), vector.expected[1])
        << place();
    EXPECT_EQ(requantize(vector.value, factor, RoundingMode::HalfEven), vector.expected[2])
        << place();
  }
}

TEST(FixedPoint, tosa_and_tflite_agree_in_both_rounding_modes) {
  uint32_t state = 7;
  for (int i = 1; i < 64; ++i) {
    // The first are the powers of two, where ties are; the others are random.
    FixedPointMultiplier factor = factorOf(std::ldexp(1.0, -i));
    if (i >= 10) {
      state = state * 1664525 + 1013904223;
      factor = {static_cast<int32_t>((1u << 30) + (state >> 2)), -static_cast<int32_t>(i % 12)};
    }
    for (int32_t value = -4096; value <= 4096; ++value) {
      for (bool doubleRound : {false, true}) {
        llvm::Expected<int32_t> tosa =
            tosaApplyScale32(value, factor.multiplier, factor.tosaShift(), doubleRound);
        ASSERT_TRUE(static_cast<bool>(tosa)) << llvm::toString(tosa.takeError());
        RoundingMode mode = doubleRound ? RoundingMode::DoubleRound : RoundingMode::SingleRound;
        ASSERT_EQ(requantize(value, factor, mode), *tosa) << value << " * " << factor.value();
        if (doubleRound) {
          ASSERT_EQ(gemmlowp(value, factor), *tosa) << value << " * " << factor.value();
        }
      }
    }
  }
}

TEST(FixedPoint, modes_differ_exactly_at_ties_of_powers_of_two) {
  FixedPointMultiplier quarter = factorOf(0.25);
  // -2 / 4 = -0.5 is a tie.
  EXPECT_EQ(requantize(-2, quarter, RoundingMode::SingleRound), 0);
  EXPECT_EQ(requantize(-2, quarter, RoundingMode::DoubleRound), -1);
  EXPECT_EQ(requantize(-2, quarter, RoundingMode::HalfEven), 0);
  // -6 / 4 = -1.5
  EXPECT_EQ(requantize(-6, quarter, RoundingMode::SingleRound), -1);
  EXPECT_EQ(requantize(-6, quarter, RoundingMode::DoubleRound), -2);
  EXPECT_EQ(requantize(-6, quarter, RoundingMode::HalfEven), -2);
  // 10 / 4 = 2.5
  EXPECT_EQ(requantize(10, quarter, RoundingMode::SingleRound), 3);
  EXPECT_EQ(requantize(10, quarter, RoundingMode::DoubleRound), 3);
  EXPECT_EQ(requantize(10, quarter, RoundingMode::HalfEven), 2);
}

TEST(FixedPoint, tosa_operands_are_checked) {
  EXPECT_EQ(scaleMessage(1, -1, 31), "expected a multiplier that is not negative, found -1");
  EXPECT_EQ(scaleMessage(1, 1, 1), "expected a shift from 2 to 62, found 1");
  EXPECT_EQ(scaleMessage(1, 1, 63), "expected a shift from 2 to 62, found 63");
  EXPECT_EQ(scaleMessage(128, 1, 8),
            "expected a value of 8 signed bits, as many as the shift, found 128");
  EXPECT_EQ(scaleMessage(127, 1, 8), "");
  EXPECT_EQ(scaleMessage(-128, 1, 8), "");
  EXPECT_NE(scaleMessage(-129, 1, 8), "");
  EXPECT_EQ(scaleMessage(127, 1 << 30, 8), "");
}

TEST(FixedPoint, tosa_scale_16_takes_48_bits) {
  auto scale = [](int64_t value, int32_t multiplier, int32_t shift) {
    llvm::Expected<int32_t> result = tosaApplyScale16(value, multiplier, shift);
    return result ? std::to_string(*result) : llvm::toString(result.takeError());
  };
  const int64_t largest = (int64_t(1) << 47) - 1;
  EXPECT_EQ(scale(largest, 32767, 62), "1");
  EXPECT_EQ(scale(-largest - 1, 32767, 47), "-32767");
  EXPECT_EQ(scale(-5, 16384, 15), "-2");
  EXPECT_EQ(scale(largest, 32767, 30), "the scaled value 4294836224 does not fit in 32 bits");
  EXPECT_EQ(scale(largest + 1, 1, 40), "expected a value of 48 signed bits, found 140737488355328");
  EXPECT_EQ(scale(1, 32768, 15), "expected a multiplier below 2^15, found 32768");
}

TEST(FixedPoint, results_saturate_and_clamp) {
  FixedPointMultiplier four = factorOf(4.0);
  for (RoundingMode mode :
       {RoundingMode::SingleRound, RoundingMode::DoubleRound, RoundingMode::HalfEven}) {
    EXPECT_EQ(requantize(INT32_MIN, four, mode), INT32_MIN);
    EXPECT_EQ(requantizeToRange(INT32_MIN, four, mode, -5, -128, 127), -128);
    EXPECT_EQ(requantizeToRange(INT32_MAX, four, mode, 5, -128, 127), 127);
    EXPECT_EQ(requantizeToRange(3, four, mode, -20, -128, 127), -8);
    EXPECT_EQ(parseRoundingMode(name(mode)), mode);
  }
  EXPECT_EQ(requantize(INT32_MAX, four, RoundingMode::SingleRound), INT32_MAX);
  EXPECT_FALSE(parseRoundingMode("inexact_round").has_value());
}

} // namespace

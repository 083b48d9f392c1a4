//===- ScaleMathTest.cpp ----------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scales and zero points of single blocks, and the MX scale rules.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/ScaleMath.h"

#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

struct MxVector {
  const char *element;
  uint32_t absmax;
  /// Floor, ceil, even, round-ceil.
  int exponents[4];
};

#include "vectors/ScaleMath.inc"

const Encoding i4 = Encoding::integer(4);
const Encoding i8 = Encoding::integer(8);
const Encoding ui8 = Encoding::integer(8, /*isSigned=*/false);

ScaleAndZeroPoint choose(ValueRange range, const Encoding &element, bool asymmetric,
                         FloatFormat format = FloatFormat::F32) {
  llvm::Expected<ScaleAndZeroPoint> result = chooseScale(range, element, format, asymmetric);
  if (!result) {
    ADD_FAILURE() << llvm::toString(result.takeError());
    return {};
  }
  return *result;
}

std::string chooseMessage(ValueRange range, const Encoding &element, bool asymmetric,
                          FloatFormat format = FloatFormat::F32) {
  return llvm::toString(chooseScale(range, element, format, asymmetric).takeError());
}

TEST(ScaleMath, mx_rules_agree_with_exact_logarithms) {
  const MxScaleRule rules[] = {MxScaleRule::Floor, MxScaleRule::Ceil, MxScaleRule::Even,
                               MxScaleRule::RoundCeil};
  for (const MxVector &vector : mxVectors) {
    llvm::StringRef element = vector.element;
    Encoding encoding = element == "i8"   ? i8
                        : element == "i4" ? i4
                                          : Encoding::floating(*parseFloatFormat(element));
    for (int rule = 0; rule < 4; ++rule) {
      EXPECT_EQ(mxScaleExponent(rules[rule], llvm::bit_cast<float>(vector.absmax), encoding),
                vector.exponents[rule])
          << element.str() << " " << llvm::bit_cast<float>(vector.absmax) << " "
          << name(rules[rule]).str();
    }
  }
}

TEST(ScaleMath, mx_rules_differ_where_they_should) {
  Encoding e2m1 = Encoding::floating(FloatFormat::F4E2M1FN);
  // 7.9 saturates to 6 under the floor rule only.
  EXPECT_EQ(mxScaleExponent(MxScaleRule::Floor, 7.9f, e2m1), 0);
  EXPECT_EQ(mxScaleExponent(MxScaleRule::Ceil, 7.9f, e2m1), 1);
  EXPECT_EQ(mxScaleExponent(MxScaleRule::Even, 7.9f, e2m1), 1);
  EXPECT_EQ(mxScaleExponent(MxScaleRule::RoundCeil, 7.9f, e2m1), 1);
  // 5 fits; only the ceil rule gives a bit away.
  EXPECT_EQ(mxScaleExponent(MxScaleRule::Ceil, 5.0f, e2m1), 1);
  EXPECT_EQ(mxScaleExponent(MxScaleRule::RoundCeil, 5.0f, e2m1), 0);
  for (MxScaleRule rule :
       {MxScaleRule::Floor, MxScaleRule::Ceil, MxScaleRule::Even, MxScaleRule::RoundCeil}) {
    EXPECT_EQ(parseMxScaleRule(name(rule)), rule);
  }
  EXPECT_FALSE(parseMxScaleRule("nearest").has_value());
}

TEST(ScaleMath, symmetric_scales_divide_by_the_largest_code) {
  EXPECT_EQ(choose({-14.0f, 7.0f}, i4, false).scale, 2.0f);
  EXPECT_EQ(choose({-14.0f, 7.0f}, i4, false).zeroPoint, 0);
  EXPECT_EQ(choose({-1.0f, 127.0f}, i8, false).scale, 1.0f);
  EXPECT_EQ(choose({-50.0f, 0.0f}, Encoding::integer(8, true, -100, 100), false).scale, 0.5f);
  EXPECT_EQ(choose({-3.0f, 2.0f}, Encoding::integer(1), false).scale, 3.0f);
  EXPECT_EQ(choose({-12.0f, 2.0f}, Encoding::floating(FloatFormat::F4E2M1FN), false).scale, 2.0f);
  EXPECT_EQ(choose({-0.5f, 0.25f}, Encoding::nf4(), false).scale, 0.5f);
}

TEST(ScaleMath, asymmetric_ranges_include_zero) {
  ScaleAndZeroPoint positive = choose({51.0f, 255.0f}, ui8, true);
  EXPECT_EQ(positive.scale, 1.0f);
  EXPECT_EQ(positive.zeroPoint, 0);
  ScaleAndZeroPoint negative = choose({-255.0f, -51.0f}, ui8, true);
  EXPECT_EQ(negative.scale, 1.0f);
  EXPECT_EQ(negative.zeroPoint, 255);
  ScaleAndZeroPoint both = choose({-100.0f, 155.0f}, ui8, true);
  EXPECT_EQ(both.zeroPoint, 100);
  EXPECT_EQ(choose({-100.0f, 155.0f}, i8, true).zeroPoint, -28);
  // -2.5 rounds to the even 2.
  EXPECT_EQ(choose({-2.5f, 252.5f}, ui8, true).zeroPoint, 2);
  EXPECT_EQ(choose({-3.5f, 251.5f}, ui8, true).zeroPoint, 4);
}

TEST(ScaleMath, zero_blocks_have_scale_one) {
  for (FloatFormat format : {FloatFormat::F32, FloatFormat::F16, FloatFormat::F8E4M3FN}) {
    EXPECT_EQ(choose({0.0f, 0.0f}, i8, false, format).scale, 1.0f);
    EXPECT_EQ(choose({-0.0f, 0.0f}, i8, true, format).scale, 1.0f);
    EXPECT_EQ(choose({0.0f, 0.0f}, i8, true, format).zeroPoint, -128);
  }
  EXPECT_EQ(choose({0.0f, 0.0f}, i8, false, FloatFormat::F8E8M0FNU).scale, std::ldexp(1.0f, -127));
}

TEST(ScaleMath, scales_are_rounded_to_their_format_before_the_zero_point) {
  // 255 * 0.1 / 255 in bf16 is 0.10009765625.
  ScaleAndZeroPoint result = choose({-12.8f, 12.7f}, ui8, true, FloatFormat::BF16);
  EXPECT_EQ(result.scale, 0.10009765625f);
  EXPECT_EQ(result.zeroPoint, 128);
  EXPECT_EQ(choose({0.0f, 127.0f * 0.3f}, i8, false, FloatFormat::F8E4M3FN).scale, 0.3125f);
}

TEST(ScaleMath, underflow_is_raised_and_overflow_is_refused) {
  EXPECT_EQ(choose({0.0f, 1e-10f}, i8, false, FloatFormat::F16).scale, std::ldexp(1.0f, -24));
  EXPECT_EQ(choose({0.0f, std::ldexp(1.0f, -149)}, i8, false).scale, std::ldexp(1.0f, -149));
  EXPECT_EQ(chooseMessage({0.0f, 1e10f}, i8, false, FloatFormat::F16),
            "the scale 7.87402e+07 is above the largest f16, 65504");
  const float largest = std::numeric_limits<float>::max();
  // The width overflows, the scale does not.
  EXPECT_EQ(choose({-largest, largest}, ui8, true).scale, largest / 127.5f);
  EXPECT_NE(chooseMessage({-largest, largest}, Encoding::integer(1, false), true), "");
}

TEST(ScaleMath, ranges_have_to_be_finite_and_ordered) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(chooseMessage({nan, 1.0f}, i8, false),
            "expected a finite ordered range, found [nan, 1]");
  EXPECT_NE(chooseMessage({0.0f, infinity}, i8, true), "");
  EXPECT_NE(chooseMessage({-infinity, 0.0f}, i8, true), "");
  EXPECT_NE(chooseMessage({1.0f, 0.5f}, i8, false), "");
}

} // namespace

//===- EncodingTest.cpp -----------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element encodings: ranges, rounding, saturation, validity.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Encoding.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

const float infinity = std::numeric_limits<float>::infinity();
const float nan = std::numeric_limits<float>::quiet_NaN();

std::string messageOf(const Encoding &encoding) { return llvm::toString(encoding.verify()); }

TEST(Encoding, integers_have_the_range_of_their_width) {
  for (unsigned bits : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
    Encoding plain = Encoding::integer(bits);
    EXPECT_EQ(plain.minCode(), -(1 << (bits - 1)));
    EXPECT_EQ(plain.maxCode(), (1 << (bits - 1)) - 1);
    Encoding natural = Encoding::integer(bits, /*isSigned=*/false);
    EXPECT_EQ(natural.minCode(), 0);
    EXPECT_EQ(natural.maxCode(), (1 << bits) - 1);
    EXPECT_EQ(messageOf(plain) + messageOf(natural), "");
    EXPECT_EQ(plain.maxMagnitude(), bits == 1 ? 1.0f : static_cast<float>(plain.maxCode()));
  }
}

TEST(Encoding, integers_round_half_to_even_and_saturate) {
  Encoding i4 = Encoding::integer(4);
  EXPECT_EQ(i4.encodeValue(2.5f), 2);
  EXPECT_EQ(i4.encodeValue(3.5f), 4);
  EXPECT_EQ(i4.encodeValue(-2.5f), -2);
  EXPECT_EQ(i4.encodeValue(-3.5f), -4);
  EXPECT_EQ(i4.encodeValue(7.5f), 7);
  EXPECT_EQ(i4.encodeValue(-8.5f), -8);
  EXPECT_EQ(i4.encodeValue(1e30f), 7);
  EXPECT_EQ(i4.encodeValue(-infinity), -8);
  EXPECT_EQ(i4.encodeValue(infinity), 7);
  EXPECT_EQ(i4.encodeValue(nan), -8);
  EXPECT_EQ(Encoding::integer(4, false).encodeValue(-3.0f), 0);
  Encoding ternary = Encoding::integer(2, true, -1, 1);
  EXPECT_EQ(ternary.encodeValue(-5.0f), -1);
  EXPECT_EQ(ternary.encodeValue(nan), -1);
  EXPECT_EQ(ternary.maxMagnitude(), 1.0f);
}

TEST(Encoding, floats_are_encoded_by_their_format) {
  Encoding e4m3 = Encoding::floating(FloatFormat::F8E4M3FN);
  EXPECT_EQ(e4m3.minCode(), 0);
  EXPECT_EQ(e4m3.maxCode(), 255);
  EXPECT_EQ(e4m3.maxMagnitude(), 448.0f);
  EXPECT_EQ(e4m3.encodeValue(-1.0f), 0xb8);
  EXPECT_EQ(e4m3.decodeCode(0xb8), -1.0f);
  EXPECT_EQ(e4m3.smallestPositiveCode(), 1);
}

TEST(Encoding, nf4_ties_go_to_the_lower_code) {
  Encoding nf4 = Encoding::nf4();
  ASSERT_EQ(messageOf(nf4), "");
  ASSERT_EQ(nf4.codebookValues().size(), 16u);
  EXPECT_EQ(nf4.bitWidth(), 4u);
  EXPECT_EQ(nf4.maxMagnitude(), 1.0f);
  EXPECT_EQ(nf4.decodeCode(7), 0.0f);
  EXPECT_EQ(nf4.smallestPositiveCode(), 8);
  for (int32_t code = 0; code < 16; ++code) {
    EXPECT_EQ(nf4.encodeValue(nf4.decodeCode(code)), code);
  }
  EXPECT_EQ(nf4.encodeValue(-infinity), 0);
  EXPECT_EQ(nf4.encodeValue(infinity), 15);
  EXPECT_EQ(nf4.encodeValue(nan), 0);
  Encoding quarters = Encoding::codebook("quarters", {-1.0f, -0.5f, 0.0f, 1.0f});
  EXPECT_EQ(quarters.encodeValue(-0.75f), 0);
  EXPECT_EQ(quarters.encodeValue(-0.25f), 1);
  EXPECT_EQ(quarters.encodeValue(0.5f), 2);
  EXPECT_EQ(quarters.encodeValue(std::nextafter(0.5f, 1.0f)), 3);
}

TEST(Encoding, codebooks_without_a_name_are_told_by_their_values) {
  EXPECT_EQ(Encoding::codebook("", Encoding::nf4().codebookValues()).str(), "codebook<NF4>");
  EXPECT_EQ(Encoding::codebook("", {-1.0f, 1.0f}).str(), "codebook<2 values>");
}

TEST(Encoding, large_codebooks_follow_the_same_rule) {
  std::vector<float> values(256);
  for (int i = 0; i < 256; ++i) {
    values[i] = static_cast<float>(i * i) - 1000.0f;
  }
  Encoding squares = Encoding::codebook("squares", values);
  EXPECT_EQ(squares.bitWidth(), 8u);
  for (int32_t code = 0; code < 255; ++code) {
    float middle = (values[code] + values[code + 1]) / 2;
    EXPECT_EQ(squares.encodeValue(values[code]), code);
    EXPECT_EQ(squares.encodeValue(middle), code);
    EXPECT_EQ(squares.encodeValue(std::nextafter(middle, infinity)), code + 1);
  }
  EXPECT_EQ(squares.encodeValue(nan), 0);
  EXPECT_EQ(squares.encodeValue(infinity), 255);
}

TEST(Encoding, invalid_encodings_are_named) {
  EXPECT_EQ(messageOf(Encoding()),
            "expected an integer encoding of 1 to 8 or of 16 bits, found 0 bits");
  for (unsigned bits : {0u, 9u, 12u, 15u, 17u, 32u, 64u}) {
    EXPECT_NE(messageOf(Encoding::integer(bits)), "") << bits;
  }
  EXPECT_EQ(messageOf(Encoding::integer(4, true, -9, 7)),
            "expected an ascending range of codes within [-8, 7], found [-9, 7]");
  EXPECT_NE(messageOf(Encoding::integer(4, false, 0, 16)), "");
  EXPECT_NE(messageOf(Encoding::integer(4, true, 3, 3)), "");
  EXPECT_NE(messageOf(Encoding::integer(4, true, 3, -3)), "");
  EXPECT_NE(messageOf(Encoding::floating(FloatFormat::F32)), "");
  EXPECT_EQ(messageOf(Encoding::floating(FloatFormat::F8E8M0FNU)),
            "expected a float element of at most 16 bits with sign and zero, found f8E8M0FNU");
  EXPECT_EQ(messageOf(Encoding::codebook("three", {0.0f, 1.0f, 2.0f})),
            "codebook 'three': expected 2, 4, 8, ... or 256 values, found 3");
  EXPECT_NE(messageOf(Encoding::codebook("none", {})), "");
  EXPECT_NE(messageOf(Encoding::codebook("one", {1.0f})), "");
  EXPECT_NE(messageOf(Encoding::codebook("large", std::vector<float>(512))), "");
  EXPECT_EQ(messageOf(Encoding::codebook("nan", {0.0f, nan})),
            "codebook 'nan': expected finite values, found nan at index 1");
  EXPECT_EQ(messageOf(Encoding::codebook("flat", {1.0f, 1.0f})),
            "codebook 'flat': expected strictly ascending values, found 1 after 1 at index 1");
}

TEST(Encoding, equality_and_spelling) {
  EXPECT_EQ(Encoding::integer(4), Encoding::integer(4, true, -8, 7));
  EXPECT_NE(Encoding::integer(8), Encoding::integer(8, false));
  EXPECT_NE(Encoding::integer(8), Encoding::integer(8, true, -127, 127));
  EXPECT_EQ(Encoding::nf4(), Encoding::nf4());
  EXPECT_NE(Encoding::nf4(), Encoding::codebook("NF4", {0.0f, 1.0f}));
  EXPECT_NE(Encoding::floating(FloatFormat::F8E5M2), Encoding::floating(FloatFormat::F8E4M3FN));
  EXPECT_EQ(Encoding::integer(4).str(), "i4");
  EXPECT_EQ(Encoding::integer(8, false).str(), "ui8");
  EXPECT_EQ(Encoding::integer(8, true, -127, 127).str(), "i8<-127:127>");
  EXPECT_EQ(Encoding::floating(FloatFormat::F4E2M1FN).str(), "f4E2M1FN");
  EXPECT_EQ(Encoding::nf4().str(), "codebook<NF4>");
}

} // namespace

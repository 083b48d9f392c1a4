//===- FloatFormatTest.cpp --------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every code of every narrow format, and encoding around every value and midpoint.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/FloatFormat.h"

#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

struct EncodeVector {
  uint32_t bits;
  uint32_t code;
};

#include "vectors/FloatFormat.inc"

/// NaN payloads are not compared, signs are.
void expectSameNumber(uint32_t actual, uint32_t expected, uint32_t code) {
  if ((expected & 0x7fffffff) > 0x7f800000) {
    EXPECT_GT(actual & 0x7fffffff, 0x7f800000u) << "code " << code;
    EXPECT_EQ(actual >> 31, expected >> 31) << "code " << code;
    return;
  }
  EXPECT_EQ(actual, expected) << "code " << code;
}

void expectDecode(FloatFormat format, llvm::ArrayRef<uint32_t> values) {
  ASSERT_EQ(values.size(), size_t(1) << bitWidth(format));
  for (uint32_t code = 0; code < values.size(); ++code) {
    float value = decode(format, code);
    expectSameNumber(llvm::bit_cast<uint32_t>(value), values[code], code);
    if (!std::isnan(value)) {
      EXPECT_EQ(encode(format, value), std::isinf(value) ? encode(format, value) : code);
    }
  }
}

void expectEncode(FloatFormat format, llvm::ArrayRef<EncodeVector> vectors) {
  for (const EncodeVector &vector : vectors) {
    float value = llvm::bit_cast<float>(vector.bits);
    EXPECT_EQ(encode(format, value), vector.code)
        << name(format).str() << " of " << value << " (bits " << vector.bits << ")";
  }
}

TEST(FloatFormat, decodes_every_code_of_the_narrow_formats) {
  expectDecode(FloatFormat::F8E4M3FN, f8E4M3FNValues);
  expectDecode(FloatFormat::F8E5M2, f8E5M2Values);
  expectDecode(FloatFormat::F8E8M0FNU, f8E8M0FNUValues);
  expectDecode(FloatFormat::F6E3M2FN, f6E3M2FNValues);
  expectDecode(FloatFormat::F6E2M3FN, f6E2M3FNValues);
  expectDecode(FloatFormat::F4E2M1FN, f4E2M1FNValues);
}

TEST(FloatFormat, encodes_around_every_value_and_midpoint) {
  expectEncode(FloatFormat::F16, f16Codes);
  expectEncode(FloatFormat::BF16, bf16Codes);
  expectEncode(FloatFormat::F8E4M3FN, f8E4M3FNCodes);
  expectEncode(FloatFormat::F8E5M2, f8E5M2Codes);
  expectEncode(FloatFormat::F8E8M0FNU, f8E8M0FNUCodes);
  expectEncode(FloatFormat::F6E3M2FN, f6E3M2FNCodes);
  expectEncode(FloatFormat::F6E2M3FN, f6E2M3FNCodes);
  expectEncode(FloatFormat::F4E2M1FN, f4E2M1FNCodes);
}

TEST(FloatFormat, decodes_16_bit_formats) {
  for (const EncodeVector &vector : f16Values) {
    expectSameNumber(llvm::bit_cast<uint32_t>(decode(FloatFormat::F16, vector.code)), vector.bits,
                     vector.code);
  }
  for (const EncodeVector &vector : bf16Values) {
    expectSameNumber(llvm::bit_cast<uint32_t>(decode(FloatFormat::BF16, vector.code)), vector.bits,
                     vector.code);
  }
}

TEST(FloatFormat, every_16_bit_code_survives_a_round_trip) {
  for (FloatFormat format : {FloatFormat::F16, FloatFormat::BF16}) {
    for (uint32_t code = 0; code < 65536; ++code) {
      float value = decode(format, code);
      if (!std::isnan(value)) {
        EXPECT_EQ(encode(format, value), code);
      }
    }
  }
}

#ifdef __FLT16_MANT_DIG__
TEST(FloatFormat, f16_agrees_with_the_compiler_on_a_sweep_of_all_floats) {
  for (uint64_t bits = 0; bits <= 0x7f800000; bits += 4093) {
    float value = llvm::bit_cast<float>(static_cast<uint32_t>(bits));
    auto expected = llvm::bit_cast<uint16_t>(static_cast<_Float16>(value));
    ASSERT_EQ(encode(FloatFormat::F16, value), expected) << value;
  }
}
#endif

TEST(FloatFormat, f32_is_kept_bit_for_bit) {
  EXPECT_EQ(encode(FloatFormat::F32, -1.5f), 0xbfc00000u);
  EXPECT_EQ(decode(FloatFormat::F32, 0x00000001u), std::numeric_limits<float>::denorm_min());
}

TEST(FloatFormat, overflow_follows_the_format) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(roundTo(FloatFormat::F16, 65519.0f), 65504.0f);
  EXPECT_EQ(roundTo(FloatFormat::F16, 65520.0f), infinity);
  EXPECT_EQ(roundTo(FloatFormat::BF16, std::numeric_limits<float>::max()), infinity);
  EXPECT_EQ(roundTo(FloatFormat::F8E5M2, -1e9f), -57344.0f);
  EXPECT_EQ(roundTo(FloatFormat::F8E5M2, -infinity), -infinity);
  EXPECT_EQ(roundTo(FloatFormat::F8E4M3FN, 1e9f), 448.0f);
  EXPECT_EQ(roundTo(FloatFormat::F8E4M3FN, -infinity), -448.0f);
  EXPECT_EQ(roundTo(FloatFormat::F4E2M1FN, infinity), 6.0f);
  EXPECT_EQ(roundTo(FloatFormat::F4E2M1FN, -std::numeric_limits<float>::quiet_NaN()), 6.0f);
  EXPECT_EQ(roundTo(FloatFormat::F8E8M0FNU, infinity), std::ldexp(1.0f, 127));
}

TEST(FloatFormat, f4e2m1_ties_go_to_even) {
  const float ties[][2] = {{0.25f, 0.0f}, {0.75f, 1.0f}, {1.25f, 1.0f}, {1.75f, 2.0f},
                           {2.5f, 2.0f},  {3.5f, 4.0f},  {5.0f, 4.0f}};
  for (auto [value, expected] : ties) {
    EXPECT_EQ(roundTo(FloatFormat::F4E2M1FN, value), expected);
    EXPECT_EQ(roundTo(FloatFormat::F4E2M1FN, -value), -expected);
  }
  // What upstream's expansion of f32 to f4E2M1FN gets wrong.
  EXPECT_EQ(encode(FloatFormat::F4E2M1FN, -0.3f), 0x9u);
  EXPECT_EQ(encode(FloatFormat::F4E2M1FN, -0.1f), 0x8u);
}

TEST(FloatFormat, limits_are_those_of_the_specifications) {
  struct Limits {
    FloatFormat format;
    unsigned bits;
    float largest;
    float smallest;
  };
  const Limits all[] = {
      {FloatFormat::F32, 32, std::numeric_limits<float>::max(), std::ldexp(1.0f, -149)},
      {FloatFormat::F16, 16, 65504.0f, std::ldexp(1.0f, -24)},
      {FloatFormat::BF16, 16, std::ldexp(255.0f, 120), std::ldexp(1.0f, -133)},
      {FloatFormat::F8E4M3FN, 8, 448.0f, std::ldexp(1.0f, -9)},
      {FloatFormat::F8E5M2, 8, 57344.0f, std::ldexp(1.0f, -16)},
      {FloatFormat::F8E8M0FNU, 8, std::ldexp(1.0f, 127), std::ldexp(1.0f, -127)},
      {FloatFormat::F6E3M2FN, 6, 28.0f, 0.0625f},
      {FloatFormat::F6E2M3FN, 6, 7.5f, 0.125f},
      {FloatFormat::F4E2M1FN, 4, 6.0f, 0.5f},
  };
  ASSERT_EQ(allFloatFormats().size(), std::size(all));
  for (const Limits &limits : all) {
    EXPECT_EQ(bitWidth(limits.format), limits.bits);
    EXPECT_EQ(maxFinite(limits.format), limits.largest) << name(limits.format).str();
    EXPECT_EQ(minPositive(limits.format), limits.smallest) << name(limits.format).str();
  }
}

TEST(FloatFormat, names_are_those_of_builtin_types) {
  for (FloatFormat format : allFloatFormats()) {
    EXPECT_EQ(parseFloatFormat(name(format)), format);
  }
  EXPECT_EQ(name(FloatFormat::F8E4M3FN), "f8E4M3FN");
  EXPECT_EQ(name(FloatFormat::BF16), "bf16");
  EXPECT_FALSE(parseFloatFormat("f8").has_value());
  EXPECT_FALSE(parseFloatFormat("").has_value());
}

} // namespace

//===- QuantizeTensorTest.cpp -----------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whole tensors against exact arithmetic, for every kind of scheme.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/QuantizeTensor.h"

#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

struct SchemeVector {
  const char *element;
  int32_t min;
  int32_t max;
  llvm::SmallVector<int64_t> block;
  /// The format of the scales, or of the scales of the scales when `nested` is not empty.
  const char *scale;
  const char *rule;
  bool zeroPoint;
  const char *nested;
  llvm::SmallVector<int64_t> nestedBlock;
  bool nestedZeroPoint;
};

struct TensorVector {
  const char *name;
  std::vector<int64_t> shape;
  SchemeVector scheme;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> scales;
  std::vector<int32_t> zeroPoints;
  std::vector<int32_t> codes;
  std::vector<uint32_t> outputs;
  std::vector<int32_t> nestedCodes;
};

#include "vectors/QuantizeTensor.inc"

struct RealZeroPointVector {
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> scales;
  std::vector<uint32_t> zeroPoints;
  std::vector<int32_t> codes;
  std::vector<uint32_t> outputs;
};

#include "vectors/RealZeroPoint.inc"

Encoding parseElement(llvm::StringRef text) {
  if (text == "NF4") {
    return Encoding::nf4();
  }
  if (std::optional<FloatFormat> format = parseFloatFormat(text)) {
    return Encoding::floating(*format);
  }
  bool isSigned = !text.consume_front("u");
  text.consume_front("i");
  unsigned bits = 0;
  EXPECT_FALSE(text.getAsInteger(10, bits));
  return Encoding::integer(bits, isSigned);
}

Scheme parseScheme(const SchemeVector &vector) {
  Encoding element = parseElement(vector.element);
  if (element.isInteger()) {
    element = Encoding::integer(element.bitWidth(), element.isSigned(), vector.min, vector.max);
  }
  ScaleSpec scale(*parseFloatFormat(vector.scale),
                  parseMxScaleRule(vector.rule).value_or(MxScaleRule::Floor));
  if (*vector.nested) {
    scale = Scheme{parseElement(vector.nested), vector.nestedBlock, scale, vector.nestedZeroPoint};
  }
  return Scheme{element, vector.block, scale, vector.zeroPoint};
}

std::vector<float> floats(llvm::ArrayRef<uint32_t> bits) {
  std::vector<float> result;
  for (uint32_t each : bits) {
    result.push_back(llvm::bit_cast<float>(each));
  }
  return result;
}

std::vector<uint32_t> bitsOf(llvm::ArrayRef<float> values) {
  std::vector<uint32_t> result;
  for (float each : values) {
    result.push_back(llvm::bit_cast<uint32_t>(each));
  }
  return result;
}

std::vector<int32_t> codesOf(const CodeArray &codes) {
  std::vector<int32_t> result;
  for (size_t i = 0; i < codes.size(); ++i) {
    result.push_back(codes[i]);
  }
  return result;
}

template <typename T> T valueOf(llvm::Expected<T> result) {
  if (!result) {
    ADD_FAILURE() << llvm::toString(result.takeError());
    return T();
  }
  return std::move(*result);
}

std::string quantizeMessage(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape,
                            const Scheme &scheme) {
  return llvm::toString(quantizeTensor(values, shape, scheme).takeError());
}

const float infinity = std::numeric_limits<float>::infinity();
const float nan = std::numeric_limits<float>::quiet_NaN();
const Encoding i4 = Encoding::integer(4);
const Encoding e2m1 = Encoding::floating(FloatFormat::F4E2M1FN);

TEST(QuantizeTensor, agrees_with_exact_tables) {
  for (const TensorVector &vector : tensorVectors) {
    Scheme scheme = parseScheme(vector.scheme);
    SCOPED_TRACE(std::string(vector.name) + " " + scheme.str());
    QuantizedTensor tensor = valueOf(quantizeTensor(floats(vector.inputs), vector.shape, scheme));
    EXPECT_EQ(bitsOf(tensor.scales), vector.scales);
    EXPECT_EQ(tensor.zeroPoints, vector.zeroPoints);
    EXPECT_EQ(codesOf(tensor.codes), vector.codes);
    EXPECT_EQ(bitsOf(valueOf(dequantizeTensor(tensor, scheme))), vector.outputs);
    ASSERT_EQ(tensor.scaleTensor != nullptr, scheme.scale.isNested());
    if (tensor.scaleTensor) {
      EXPECT_EQ(codesOf(tensor.scaleTensor->codes), vector.nestedCodes);
    }
  }
}

/// The schemes of realZeroPointVectors, in their order.
std::vector<Scheme> realZeroPointSchemes() {
  const Encoding ui4 = Encoding::integer(4, false);
  const Scheme six{Encoding::integer(6, false), {1, 4}, FloatFormat::F16};
  const Scheme eight{Encoding::integer(8), {1, 4}, FloatFormat::F32};
  return {Scheme{ui4, {1, 8}, FloatFormat::F32, false, ScaleSpec(FloatFormat::F32)},
          Scheme{ui4, {1, 8}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)},
          Scheme{i4, {1, 8}, FloatFormat::BF16, false, ScaleSpec(FloatFormat::BF16)},
          Scheme{ui4, {1, 8}, six, false, ScaleSpec(six)},
          Scheme{i4, {1, 8}, FloatFormat::F32, false, ScaleSpec(eight)}};
}

TEST(QuantizeTensor, real_zero_points_agree_with_exact_tables) {
  std::vector<Scheme> schemes = realZeroPointSchemes();
  ASSERT_EQ(schemes.size(), std::size(realZeroPointVectors));
  for (auto [scheme, vector] : llvm::zip(schemes, realZeroPointVectors)) {
    SCOPED_TRACE(scheme.str());
    QuantizedTensor tensor = valueOf(quantizeTensor(floats(vector.inputs), {2, 64}, scheme));
    EXPECT_EQ(bitsOf(tensor.scales), vector.scales);
    EXPECT_EQ(bitsOf(tensor.realZeroPoints), vector.zeroPoints);
    EXPECT_EQ(codesOf(tensor.codes), vector.codes);
    EXPECT_EQ(bitsOf(valueOf(dequantizeTensor(tensor, scheme))), vector.outputs);
    EXPECT_TRUE(tensor.zeroPoints.empty());
    ASSERT_EQ(tensor.zeroPointTensor != nullptr, scheme.realZeroPoint->isNested());
    if (tensor.zeroPointTensor) {
      const Scheme &nested = *scheme.realZeroPoint->nested;
      EXPECT_EQ(valueOf(dequantizeTensor(*tensor.zeroPointTensor, nested)), tensor.realZeroPoints);
    }
  }
}

TEST(QuantizeTensor, real_zero_points_that_do_not_fit_are_refused) {
  Scheme scheme{
      Encoding::integer(2, false), {1, 2}, FloatFormat::F32, false, ScaleSpec(FloatFormat::F16)};
  EXPECT_EQ(quantizeMessage({-1e5f, 0.0f}, {1, 2}, scheme),
            "block 0: the zero point 100000 is above the largest f16, 65504");
  QuantizedTensor tensor = valueOf(quantizeTensor({-1.0f, 0.0f}, {1, 2}, scheme));
  tensor.realZeroPoints[0] = nan;
  EXPECT_EQ(llvm::toString(dequantizeTensor(tensor, scheme).takeError()),
            "expected a finite zero point, found nan for block 0");
  tensor.realZeroPoints.clear();
  EXPECT_EQ(llvm::toString(dequantizeTensor(tensor, scheme).takeError()),
            "expected 1 real zero points, found 0");
}

TEST(QuantizeTensor, zero_points_are_added_after_rounding) {
  // With an odd zero point, rne(x / s) + z and rne(x / s + z) differ at every tie.
  EXPECT_EQ(quantizeInteger(2.5f, 1.0f, 1, 0, 15), 3);
  EXPECT_EQ(quantizeInteger(3.5f, 1.0f, 1, 0, 15), 5);
  EXPECT_EQ(quantizeInteger(-0.5f, 1.0f, 3, 0, 15), 3);
  EXPECT_EQ(quantizeInteger(1e30f, 1e-30f, 3, 0, 15), 15);
  EXPECT_EQ(quantizeInteger(-infinity, 1.0f, 3, 0, 15), 0);
  EXPECT_EQ(quantizeInteger(nan, 1.0f, 3, -7, 15), -7);
}

TEST(QuantizeTensor, values_are_divided_by_the_scale) {
  // 0.7f / 0.2f is the tie 3.5 in f32, while 0.7f * (1 / 0.2f) in a row of such pairs is not.
  int different = 0;
  for (int k = 1; k < 2000; ++k) {
    float scale = static_cast<float>(k) * 0.001f;
    float value = scale * 3.5f;
    int32_t expected = static_cast<int32_t>(std::nearbyint(value / scale));
    EXPECT_EQ(quantizeInteger(value, scale, 0, -8, 7), expected);
    different += expected != static_cast<int32_t>(std::nearbyint(value * (1.0f / scale)));
  }
  EXPECT_GT(different, 0);
}

TEST(QuantizeTensor, any_rank_and_empty_axes) {
  Scheme cube{Encoding::integer(8), {2, kWhole, 3}, FloatFormat::F32};
  std::vector<float> values(5 * 4 * 7);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<int>(i * 37 % 101) - 50);
  }
  QuantizedTensor tensor = valueOf(quantizeTensor(values, {5, 4, 7}, cube));
  ASSERT_EQ(tensor.scales.size(), 9u);
  for (int64_t i = 0; i < 5; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      for (int64_t k = 0; k < 7; ++k) {
        size_t flat = (i * 4 + j) * 7 + k;
        float scale = tensor.scales[cube.blockIndex({5, 4, 7}, {i, j, k})];
        EXPECT_EQ(tensor.codes[flat], quantizeInteger(values[flat], scale, 0, -128, 127));
        EXPECT_LE(std::fabs(values[flat] / scale), 127.5f);
      }
    }
  }
  QuantizedTensor scalar = valueOf(quantizeTensor({-3.0f}, {}, Scheme{i4, {}, FloatFormat::F32}));
  EXPECT_EQ(scalar.codes[0], -7);
  QuantizedTensor empty = valueOf(quantizeTensor({}, {0, 8}, Scheme{i4, {1, 4}, FloatFormat::F32}));
  EXPECT_EQ(empty.codes.size(), 0u);
  EXPECT_EQ(empty.scales.size(), 0u);
  EXPECT_EQ(valueOf(dequantizeTensor(empty, Scheme{i4, {1, 4}, FloatFormat::F32})).size(), 0u);
  Scheme nested{e2m1, {1, 4}, Scheme{e2m1, {kWhole, kWhole}, FloatFormat::F32}};
  EXPECT_EQ(valueOf(quantizeTensor({}, {8, 0}, nested)).codes.size(), 0u);
}

TEST(QuantizeTensor, given_scales_are_used_as_they_are) {
  Scheme groups{i4, {1, 2}, FloatFormat::F32};
  BlockScales scales;
  // A negative scale puts the largest element on code -8.
  scales.scales = {-0.5f, 1.0f};
  QuantizedTensor tensor =
      valueOf(quantizeWithScales({4.0f, 1.0f, 100.0f, -100.0f}, {1, 4}, groups, scales));
  EXPECT_EQ(codesOf(tensor.codes), (std::vector<int32_t>{-8, -2, 7, -8}));
  EXPECT_EQ(valueOf(dequantizeTensor(tensor, groups)),
            (std::vector<float>{4.0f, 1.0f, 7.0f, -8.0f}));
}

TEST(QuantizeTensor, scales_follow_given_ranges) {
  Scheme channel{Encoding::integer(8, false), {1, kWhole}, FloatFormat::F32, true};
  BlockScales scales = valueOf(scalesForRanges({{-1.0f, 254.0f}, {0.0f, 510.0f}}, {2, 9}, channel));
  EXPECT_EQ(scales.scales, (std::vector<float>{1.0f, 2.0f}));
  EXPECT_EQ(scales.zeroPoints, (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(llvm::toString(scalesForRanges({{0.0f, 1.0f}}, {2, 9}, channel).takeError()),
            "expected 2 ranges, one for each block, found 1");
  EXPECT_EQ(llvm::toString(
                scalesForRanges({{0.0f, 1.0f}, {0.0f, infinity}}, {2, 9}, channel).takeError()),
            "block 1: expected a finite ordered range, found [0, inf]");
}

TEST(QuantizeTensor, overflow_of_a_quotient_saturates) {
  Scheme scheme{Encoding::floating(FloatFormat::F8E5M2), {kWhole}, FloatFormat::F32};
  BlockScales scales;
  scales.scales = {1e-30f};
  QuantizedTensor tensor = valueOf(quantizeWithScales({1e30f, -1e30f}, {2}, scheme, scales));
  EXPECT_EQ(codesOf(tensor.codes), (std::vector<int32_t>{0x7b, 0xfb}));
}

TEST(QuantizeTensor, values_that_are_not_finite_are_located) {
  Scheme groups{i4, {1, 2}, FloatFormat::F32};
  EXPECT_EQ(quantizeMessage({0.0f, 1.0f, nan, infinity}, {1, 4}, groups),
            "expected finite values, found nan at index 2");
  EXPECT_EQ(quantizeMessage({0.0f, 1.0f, 2.0f, -infinity}, {2, 2}, groups),
            "expected finite values, found -inf at index 3");
  BlockScales scales;
  scales.scales = {1.0f};
  EXPECT_EQ(llvm::toString(quantizeWithScales({nan}, {1, 1}, groups, scales).takeError()),
            "expected finite values, found nan at index 0");
}

TEST(QuantizeTensor, mismatches_are_refused) {
  Scheme groups{i4, {1, 2}, FloatFormat::F32};
  EXPECT_EQ(quantizeMessage({1.0f}, {1, 4}, groups), "expected 4 values for the shape, found 1");
  EXPECT_NE(quantizeMessage({1.0f}, {1}, groups), "");
  EXPECT_EQ(quantizeMessage({1e30f, 0.0f}, {1, 2}, Scheme{i4, {1, 2}, FloatFormat::F16}),
            "block 0: the scale 1.42857e+29 is above the largest f16, 65504");
  auto message = [&](BlockScales scales) {
    return llvm::toString(quantizeWithScales({1.0f, 2.0f}, {1, 2}, groups, scales).takeError());
  };
  EXPECT_EQ(message({{}, {}, nullptr}), "expected 1 scales, one for each block, found 0");
  EXPECT_EQ(message({{0.0f}, {}, nullptr}),
            "expected a finite scale that is not 0, found 0 for block 0");
  EXPECT_NE(message({{nan}, {}, nullptr}), "");
  EXPECT_EQ(message({{1.0f}, {3}, nullptr}), "expected 0 zero points, found 1");
  groups.zeroPoint = true;
  EXPECT_EQ(message({{1.0f}, {9}, nullptr}),
            "expected a zero point within [-8, 7], found 9 for block 0");
}

TEST(QuantizeTensor, dequantize_checks_what_it_is_given) {
  Scheme groups{i4, {1, 2}, FloatFormat::F32};
  QuantizedTensor tensor = valueOf(quantizeTensor({1.0f, 2.0f}, {1, 2}, groups));
  auto message = [](const QuantizedTensor &tensor, const Scheme &scheme) {
    return llvm::toString(dequantizeTensor(tensor, scheme).takeError());
  };
  EXPECT_EQ(message(tensor, Scheme{Encoding::integer(8), {1, 2}, FloatFormat::F32}),
            "expected 2 codes of i8, found 2 of 4 bits");
  EXPECT_NE(message(tensor, Scheme{i4, {1, 1}, FloatFormat::F32}), "");
  tensor.shape = {1, 3};
  EXPECT_NE(message(tensor, groups), "");
}

TEST(QuantizeTensor, nested_scales_that_overflow_are_refused) {
  // The scale of the scales rounds up, so that the largest code times it is above all floats.
  Scheme scheme{Encoding::nf4(),
                {2},
                Scheme{Encoding::integer(5, /*isSigned=*/false), {kWhole}, FloatFormat::F32}};
  EXPECT_EQ(quantizeMessage({0.5f, std::numeric_limits<float>::max()}, {2}, scheme),
            "block 0: the scale 3.40282e+38 is stored as inf, expected a finite positive number");
}

} // namespace

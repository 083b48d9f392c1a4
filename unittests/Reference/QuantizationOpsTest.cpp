//===- QuantizationOpsTest.cpp - From float tensors to codes and back -----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorFixture.h"

#include "quench/Numerics/FixedPoint.h"
#include "quench/Numerics/QuantizeTensor.h"

#include <cmath>
#include <random>

using namespace llvm;
using namespace quench;
using namespace quench::reference;

namespace {

class QuantizationOpsTest : public EvaluatorFixture {
protected:
  /// Dynamic quantization of a matrix.
  static std::string dynamic(StringRef scheme) {
    return ("#s = #quench.scheme<" + scheme + ">\n" +
            "func.func @main(%x: tensor<?x?xf32>) -> !quench.qtensor<?x?xf32, #s> {\n"
            "  %q = quench.quantize %x : tensor<?x?xf32> to !quench.qtensor<?x?xf32, #s>\n"
            "  return %q : !quench.qtensor<?x?xf32, #s>\n}")
        .str();
  }
  /// Static quantization, and the way back.
  static std::string fixed(StringRef scheme) {
    return ("#s = #quench.scheme<" + scheme + ">\n" +
            "func.func @main(%x: tensor<?x?xf32>, %s: tensor<?x?xf32>)\n"
            "    -> (!quench.qtensor<?x?xf32, #s>, tensor<?x?xf32>, tensor<?x?xf32>) {\n"
            "  %q = quench.quantize %x scale(%s) : tensor<?x?xf32>, tensor<?x?xf32> to "
            "!quench.qtensor<?x?xf32, #s>\n"
            "  %d = quench.dequantize %q : !quench.qtensor<?x?xf32, #s> to tensor<?x?xf32>\n"
            "  %f = quench.fake_quantize %x scale(%s) : tensor<?x?xf32>, tensor<?x?xf32> as #s\n"
            "  return %q, %d, %f : !quench.qtensor<?x?xf32, #s>, tensor<?x?xf32>, "
            "tensor<?x?xf32>\n}")
        .str();
  }
};

TEST_F(QuantizationOpsTest, GivenScalesRoundHalfToEvenAndSaturate) {
  auto found =
      results(fixed("i8, block = [*, *], scale = f32"),
              {floats({1, 8}, {0.25f, 0.75f, 1.25f, -0.25f, -0.75f, 1e30f, -INFINITY, NAN}),
               floats({1, 1}, {0.5f})},
              3);
  // x / s is 0.5, 1.5, 2.5, ...; NaN takes the smallest code.
  EXPECT_EQ(found[0].codes, (std::vector<int32_t>{0, 2, 2, 0, -2, 127, -128, -128}));
  EXPECT_EQ(found[1].floats, (Floats{0, 1, 1, 0, -1, 63.5f, -64, -64}));
  EXPECT_EQ(found[2].floats, found[1].floats);
}

TEST_F(QuantizationOpsTest, EachBlockHasItsScaleAndTheLastMayBeShort) {
  auto found =
      results(fixed("i4, range = [-7, 7], block = [2, 2], scale = f32"),
              {floats({3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, -9}), floats({2, 2}, {1, 2, 4, -1})}, 3);
  EXPECT_EQ(found[0].codes, (std::vector<int32_t>{1, 2, 2, 4, 5, 3, 2, 2, 7}));
  EXPECT_EQ(found[1].floats, (Floats{1, 2, 4, 4, 5, 6, 8, 8, -7}));
}

TEST_F(QuantizationOpsTest, ZeroPointsAreAddedAfterRounding) {
  std::string main = R"mlir(
#s = #quench.scheme<ui4, block = [1, *], scale = f32, zero_point>
func.func @main(%x: tensor<2x3xf32>, %s: tensor<2x1xf32>, %z: tensor<2x1xi32>)
    -> (!quench.qtensor<2x3xf32, #s>, tensor<2x3xf32>) {
  %q = quench.quantize %x scale(%s) zero_point(%z)
      : tensor<2x3xf32>, tensor<2x1xf32>, tensor<2x1xi32> to !quench.qtensor<2x3xf32, #s>
  %d = quench.dequantize %q : !quench.qtensor<2x3xf32, #s> to tensor<2x3xf32>
  return %q, %d : !quench.qtensor<2x3xf32, #s>, tensor<2x3xf32>
})mlir";
  Value x = floats({2, 3}, {0.5f, 1.5f, -9, 0.5f, 1.5f, 9});
  // The tie 0.5 goes to 0 whatever the zero point; 3 + 0.5 would go to 4.
  auto found = results(main, {x, floats({2, 1}, {1, 1}), integers({2, 1}, {3, 8})}, 2);
  EXPECT_EQ(found[0].codes, (std::vector<int32_t>{3, 5, 0, 8, 10, 15}));
  EXPECT_EQ(found[1].floats, (Floats{0, 2, -3, 0, 2, 7}));
  EXPECT_EQ(error(main, {x, floats({2, 1}, {1, 1}), integers({2, 1}, {3, 16})}),
            "test.mlir:5:8: 'quench.quantize' op expected zero points within [0, 15], found 16 for "
            "block 1");
}

TEST_F(QuantizationOpsTest, RefusesScalesThatCannotBe) {
  std::string main = fixed("i8, block = [1, *], scale = f32");
  Value x = floats({2, 1}, {1, 2});
  EXPECT_EQ(error(main, {x, floats({2, 1}, {1, NAN})}),
            "test.mlir:4:8: 'quench.quantize' op expected finite scales that are not 0, found nan "
            "for block 1");
  EXPECT_NE(error(main, {x, floats({2, 1}, {0, 1})}), "success");
  EXPECT_NE(error(main, {x, floats({2, 1}, {INFINITY, 1})}), "success");
  EXPECT_EQ(error(main, {x, floats({1, 1}, {1})}),
            "test.mlir:4:8: 'quench.quantize' op expected scales and zero points of shape [2x1], "
            "found [1x1]");
}

TEST_F(QuantizationOpsTest, DynamicScalesComeFromTheLargestMagnitude) {
  // 12.7 / 127 and 0: the scale of zeros is 1.
  Value q = result(dynamic("i8, block = [1, *], scale = f32"),
                   {floats({2, 3}, {12.7f, -6.4f, 1, 0, 0, 0})});
  EXPECT_EQ(q.scales, (Floats{12.7f / 127.0f, 1}));
  EXPECT_EQ(q.codes, (std::vector<int32_t>{127, -64, 10, 0, 0, 0}));
}

TEST_F(QuantizationOpsTest, DynamicZeroPointsCoverTheRangeAndZero) {
  // Steps of 1 from -5 to 10; a range of only positive values starts at 0.
  Value q = result(dynamic("ui4, block = [1, *], scale = f32, zero_point"),
                   {floats({2, 3}, {-5, 10, 0, 15, 30, 15})});
  EXPECT_EQ(q.scales, (Floats{1, 2}));
  EXPECT_EQ(q.zeroPoints, (std::vector<int32_t>{5, 0}));
  EXPECT_EQ(q.codes, (std::vector<int32_t>{0, 15, 5, 8, 15, 8}));
}

TEST_F(QuantizationOpsTest, RealZeroPointsAreSubtractedAfterScaling) {
  std::string main = R"mlir(
#s = #quench.scheme<ui4, block = [1, *], scale = f32, zero_point = f32>
func.func @main(%x: tensor<1x4xf32>, %s: tensor<1x1xf32>, %z: tensor<1x1xf32>)
    -> (!quench.qtensor<1x4xf32, #s>, tensor<1x4xf32>) {
  %q = quench.quantize %x scale(%s) zero_point(%z)
      : tensor<1x4xf32>, tensor<1x1xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #s>
  %d = quench.dequantize %q : !quench.qtensor<1x4xf32, #s> to tensor<1x4xf32>
  return %q, %d : !quench.qtensor<1x4xf32, #s>, tensor<1x4xf32>
})mlir";
  Value x = floats({1, 4}, {-3, 0, 1.75f, 30});
  // (x + 2.25) / 0.5: below 0, a tie to even, 8, above 15.
  auto found = results(main, {x, floats({1, 1}, {0.5f}), floats({1, 1}, {2.25f})}, 2);
  EXPECT_EQ(found[0].codes, (std::vector<int32_t>{0, 4, 8, 15}));
  EXPECT_EQ(found[1].floats, (Floats{-2.25f, -0.25f, 1.75f, 5.25f}));
  EXPECT_EQ(error(main, {x, floats({1, 1}, {1}), floats({1, 1}, {INFINITY})}),
            "test.mlir:5:8: 'quench.quantize' op expected finite zero points, found inf for block "
            "0");
}

TEST_F(QuantizationOpsTest, DynamicRealZeroPointsFollowFromTheStoredScale) {
  Value q = result(dynamic("ui4, block = [1, *], scale = f32, zero_point = f16"),
                   {floats({1, 3}, {-0.1f, 14.9f, 0})});
  EXPECT_EQ(q.scales, (Floats{1}));
  // 0.1 in f16.
  EXPECT_EQ(q.realZeroPoints, (Floats{0.0999755859375f}));
  EXPECT_EQ(q.codes, (std::vector<int32_t>{0, 15, 0}));
  // -8 * 1 - (-5)
  q = result(dynamic("i4, block = [1, *], scale = f32, zero_point = f32"),
             {floats({1, 3}, {-5, 10, 0})});
  EXPECT_EQ(q.realZeroPoints, (Floats{-3}));
  EXPECT_EQ(q.codes, (std::vector<int32_t>{-8, 7, -3}));
}

TEST_F(QuantizationOpsTest, DynamicScalesAreRoundedBeforeTheyAreUsed) {
  // 1 / 7 in f16 is 0.14282226...; 1 / that is 7.0017, still 7.
  Value q = result(dynamic("i4, range = [-7, 7], block = [1, *], scale = f16"),
                   {floats({1, 2}, {1, -1})});
  EXPECT_EQ(q.scales, (Floats{0.142822265625f}));
  EXPECT_EQ(q.codes, (std::vector<int32_t>{7, -7}));
  // Too small for f16: raised to its smallest value.
  q = result(dynamic("i8, block = [1, *], scale = f16"), {floats({1, 1}, {1e-9f})});
  EXPECT_EQ(q.scales, (Floats{std::ldexp(1.0f, -24)}));
  EXPECT_EQ(error(dynamic("i4, block = [1, *], scale = f16"), {floats({1, 1}, {1e9f})}),
            "test.mlir:3:8: 'quench.quantize' op the scale of the values from 0 to 1e+09 does not "
            "fit the type of the scales");
}

TEST_F(QuantizationOpsTest, DynamicScalesNeedFiniteValues) {
  EXPECT_EQ(error(dynamic("i8, block = [1, *], scale = f32"), {floats({1, 3}, {1, NAN, INFINITY})}),
            "test.mlir:3:8: 'quench.quantize' op expected finite values to compute scales from, "
            "found nan at element 1");
}

TEST_F(QuantizationOpsTest, FloatsAndCodebooksTakeTheNearestValue) {
  // f4E2M1FN: 0 0.5 1 1.5 2 3 4 6; codes are bit patterns.
  Value q = result(dynamic("f4E2M1FN, block = [1, *], scale = f32"),
                   {floats({1, 6}, {6, -6, 0.25f, 2.5f, 5, -0.75f})});
  EXPECT_EQ(q.scales, (Floats{1}));
  EXPECT_EQ(q.codes, (std::vector<int32_t>{7, 15, 0, 4, 6, 10}));
  q = result(dynamic("#quench.codebook<[-1.0, -0.25, 0.25, 1.0]>, block = [1, *], scale = f32"),
             {floats({1, 5}, {2, -2, 0, 1.25f, 1.26f})});
  EXPECT_EQ(q.scales, (Floats{2}));
  EXPECT_EQ(q.codes, (std::vector<int32_t>{3, 0, 1, 2, 3}));
}

TEST_F(QuantizationOpsTest, ShapesMayBeEmptyOrOfRankZero) {
  EXPECT_EQ(result(dynamic("i8, block = [1, *], scale = f32"), {floats({0, 4}, {})}).scales,
            Floats{});
  EXPECT_EQ(result(dynamic("i8, block = [*, *], scale = f32"), {floats({0, 4}, {})}).scales,
            Floats{1});
  Value q = result(R"mlir(
#s = #quench.scheme<i8, block = [], scale = f32>
func.func @main(%x: tensor<f32>) -> !quench.qtensor<f32, #s> {
  %q = quench.quantize %x : tensor<f32> to !quench.qtensor<f32, #s>
  return %q : !quench.qtensor<f32, #s>
})mlir",
                   {floats({}, {-254})});
  EXPECT_EQ(text(q), "v.codes: i8 = [-127]\nv.scales: f32 = [2]\n");
}

/// The evaluator and quench/Numerics have been written from the same text, independently.
TEST_F(QuantizationOpsTest, AgreesWithNumerics) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (StringRef text :
       {"i8, block = [1, *], scale = f32", "i4, range = [-7, 7], block = [1, 5], scale = f16",
        "ui4, block = [2, 3], scale = bf16, zero_point",
        "i3, block = [*, 4], scale = f32, zero_point",
        "i16, range = [-32767, 32767], block = [*, *], scale = f32",
        "f8E4M3FN, block = [1, *], scale = f32", "f8E5M2, block = [3, 3], scale = f32",
        "f4E2M1FN, block = [1, 8], scale = f8E8M0FNU",
        "f4E2M1FN, block = [1, 4], scale = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>",
        "#quench.codebook<[-1.0, -0.25, 0.25, 1.0]>, block = [1, 6], scale = f32"}) {
    Floats values(7 * 13);
    for (float &value : values) {
      value = std::exp2(4 * normal(random)) * normal(random);
    }
    Value found = result(dynamic(text), {floats({7, 13}, values)});
    numerics::Scheme numericsScheme = scheme(text).getNumericsScheme();
    auto expected = numerics::quantizeTensor(values, {7, 13}, numericsScheme);
    ASSERT_TRUE(bool(expected)) << toString(expected.takeError());
    EXPECT_EQ(found.scales, expected->scales) << text.str();
    EXPECT_EQ(found.zeroPoints, expected->zeroPoints) << text.str();
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(found.codes[i], expected->codes[i]) << text.str() << " at " << i;
    }
  }
}

//===----------------------------------------------------------------------===//
// Requantize
//===----------------------------------------------------------------------===//

class RequantizeTest : public EvaluatorFixture {
protected:
  Integers requantize(StringRef parameters, Integers values) {
    int64_t size = values.size();
    return result(("func.func @main(%x: tensor<?xi32>) -> tensor<?xi8> {\n  %y = quench.requantize "
                   "%x " +
                   parameters + " : tensor<?xi32> to tensor<?xi8>\n  return %y : tensor<?xi8>\n}")
                      .str(),
                  {integers({size}, values)})
        .integers;
  }
};

TEST_F(RequantizeTest, SingleRoundsHalfUp) {
  // A factor of 1/2.
  EXPECT_EQ(requantize("multiplier [1073741824] shift [31] rounding single",
                       {1, 3, -1, -3, 4, 300, -300}),
            (Integers{1, 2, 0, -1, 2, 127, -128}));
}

TEST_F(RequantizeTest, DoubleRoundsHalfAwayInItsSecondStep) {
  // A factor of 1/2 as 2^30 * 2^-31 has one step; of 1/4 as 2^30 * 2^-32 it has two: x / 2 half up,
  // then half away. 1: 1, 1 (a half, away); -1: 0, 0; 3: 2, 1; -3: -1, -1 (a half, away); 5: 3, 2.
  EXPECT_EQ(requantize("multiplier [1073741824] shift [31] rounding double", {1, -1, -3}),
            (Integers{1, 0, -1}));
  EXPECT_EQ(requantize("multiplier [1073741824] shift [32] rounding double", {1, -1, 3, -3, 5, -6}),
            (Integers{1, 0, 1, -1, 2, -2}));
  // Once: 0.25, -0.25, 0.75, -0.75, 1.25, -1.5.
  EXPECT_EQ(requantize("multiplier [1073741824] shift [32] rounding single", {1, -1, 3, -3, 5, -6}),
            (Integers{0, 0, 1, -1, 1, -1}));
}

TEST_F(RequantizeTest, ZeroPointsAndSaturation) {
  EXPECT_EQ(requantize("multiplier [1073741824] shift [30] rounding single input_zero_point 10 "
                       "output_zero_point -3",
                       {10, 0, 20, 2147483647, -2147483648}),
            (Integers{-3, -13, 7, 127, -128}));
  // The difference needs 33 bits.
  EXPECT_EQ(
      requantize("multiplier [2147483647] shift [62] rounding single input_zero_point -2147483648",
                 {2147483647}),
      (Integers{2}));
  EXPECT_EQ(requantize("multiplier [0] shift [2] rounding double", {5, -5}), (Integers{0, 0}));
}

TEST_F(RequantizeTest, EachChannelHasItsFactor) {
  constexpr StringLiteral main = R"mlir(
func.func @main(%x: tensor<?x2xi32>) -> tensor<?x2xi16> {
  %y = quench.requantize %x multiplier [1073741824, 1073741824] shift [30, 29] rounding single
      : tensor<?x2xi32> to tensor<?x2xi16>
  return %y : tensor<?x2xi16>
})mlir";
  EXPECT_EQ(result(main, {integers({2, 2}, {1, 2, -3, 40000})}).integers,
            (Integers{1, 4, -3, 32767}));
}

/// Every pair of a multiplier and a shift that comes from a factor: the same as gemmlowp's steps in
/// quench/Numerics, which have been checked against TFLite's.
TEST_F(RequantizeTest, AgreesWithTheTwoStepsOfGemmlowp) {
  std::mt19937 random(2);
  for (int exponent : {0, -1, -3, -7}) {
    numerics::FixedPointMultiplier factor{static_cast<int32_t>((1u << 30) + random() % (1u << 30)),
                                          exponent};
    for (auto [mode, spelling] : {std::make_pair(numerics::RoundingMode::SingleRound, "single"),
                                  std::make_pair(numerics::RoundingMode::DoubleRound, "double")}) {
      Integers values, expected;
      for (int i = 0; i < 500; ++i) {
        values.push_back(static_cast<int32_t>(random() % 20000) - 10000);
        expected.push_back(numerics::requantizeToRange(values.back(), factor, mode, 0, -128, 127));
      }
      EXPECT_EQ(requantize("multiplier [" + std::to_string(factor.multiplier) + "] shift [" +
                               std::to_string(factor.tosaShift()) + "] rounding " + spelling,
                           values),
                expected);
    }
  }
}

} // namespace

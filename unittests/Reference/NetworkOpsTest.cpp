//===- NetworkOpsTest.cpp - Embeddings, linear layers, norms --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorFixture.h"

#include <cmath>

using namespace llvm;
using namespace quench::reference;

namespace {

class NetworkOpsTest : public EvaluatorFixture {};

constexpr StringLiteral embedding = R"mlir(
func.func @main(%table: tensor<3x2xf32>, %tokens: tensor<?xi32>) -> tensor<?x2xf32> {
  %x = nn.embedding %table[%tokens] : tensor<3x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  return %x : tensor<?x2xf32>
})mlir";

TEST_F(NetworkOpsTest, EmbeddingPicksRows) {
  Value table = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(text(result(embedding, {table, integers({4}, {2, 0, 2, 1})})),
            "v: 4x2xf32 = [5, 6, 1, 2, 5, 6, 3, 4]\n");
  EXPECT_EQ(text(result(embedding, {table, integers({0}, {})})), "v: 0x2xf32 = []\n");
}

TEST_F(NetworkOpsTest, EmbeddingRefusesTokensOutsideOfTheTable) {
  Value table = floats({3, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(error(embedding, {table, integers({2}, {0, 3})}),
            "test.mlir:3:8: 'nn.embedding' op expected tokens in [0, 3), found 3 at position 1");
  EXPECT_EQ(error(embedding, {table, integers({1}, {-1})}),
            "test.mlir:3:8: 'nn.embedding' op expected tokens in [0, 3), found -1 at position 0");
}

TEST_F(NetworkOpsTest, EmbeddingPicksCodesWithTheParametersOfTheirBlocks) {
  auto main = [](StringRef scheme) {
    return ("#s = #quench.scheme<" + scheme + R"mlir(>
func.func @main(%table: !quench.qtensor<3x2xf32, #s>, %tokens: tensor<?xi32>) -> tensor<?x2xf32> {
  %q = nn.embedding %table[%tokens]
      : !quench.qtensor<3x2xf32, #s>, tensor<?xi32> -> !quench.qtensor<?x2xf32, #s>
  %x = quench.dequantize %q : !quench.qtensor<?x2xf32, #s> to tensor<?x2xf32>
  return %x : tensor<?x2xf32>
})mlir")
        .str();
  };
  auto table = [&](StringRef scheme, std::vector<float> scales, std::vector<int32_t> zeros) {
    return Value::quantized(qtensor({3, 2}, scheme), {0, 1, 2, 3, 4, 5}, scales, zeros);
  };
  Value tokens = integers({2}, {2, 1});
  StringRef rows = "i8, block = [1, *], scale = f32", all = "i8, block = [*, *], scale = f32";
  EXPECT_EQ(text(result(main(rows), {table(rows, {1, 10, 100}, {}), tokens})),
            "v: 2x2xf32 = [400, 500, 20, 30]\n");
  EXPECT_EQ(text(result(main(all), {table(all, {0.5f}, {}), tokens})),
            "v: 2x2xf32 = [2, 2.5, 1, 1.5]\n");
  StringRef groups = "ui4, block = [1, 1], scale = f32, zero_point";
  EXPECT_EQ(
      text(result(main(groups), {table(groups, {1, 1, 1, 1, 2, 3}, {0, 0, 0, 1, 1, 0}), tokens})),
      "v: 2x2xf32 = [6, 15, 2, 2]\n");
  StringRef real = "ui4, block = [1, *], scale = f32, zero_point = f32";
  Value shifted = table(real, {1, 1, 1}, {});
  shifted.realZeroPoints = {0, 0.5f, -1};
  EXPECT_EQ(text(result(main(real), {shifted, tokens})), "v: 2x2xf32 = [5, 6, 1.5, 2.5]\n");
}

constexpr StringLiteral linear = R"mlir(
func.func @main(%x: tensor<?x?xf32>, %w: tensor<?x?xf32>, %b: tensor<?xf32>)
    -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %y = nn.linear %x, %w : tensor<?x?xf32>, tensor<?x?xf32> -> tensor<?x?xf32>
  %z = nn.linear %x, %w bias(%b)
      : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xf32> -> tensor<?x?xf32>
  return %y, %z : tensor<?x?xf32>, tensor<?x?xf32>
})mlir";

TEST_F(NetworkOpsTest, LinearMultipliesByTheWeightAsItIsStored) {
  // Rows of x times rows of w.
  auto found = results(linear,
                       {floats({2, 2}, {1, 2, 3, 4}), floats({3, 2}, {1, 0, 0, 1, -1, 2}),
                        floats({3}, {10, 20, 30})},
                       2);
  EXPECT_EQ(text(found[0]), "v: 2x3xf32 = [1, 2, 3, 3, 4, 5]\n");
  EXPECT_EQ(text(found[1]), "v: 2x3xf32 = [11, 22, 33, 13, 24, 35]\n");
}

TEST_F(NetworkOpsTest, LinearRoundsOnce) {
  // 2^24 + 1 - 2^24 is 0 when summed in f32.
  auto found = results(
      linear,
      {floats({1, 3}, {16777216, 1, -16777216}), floats({1, 3}, {1, 1, 1}), floats({1}, {0})}, 2);
  EXPECT_EQ(found[0].floats, (Floats{1}));
}

TEST_F(NetworkOpsTest, LinearOfNothingIsTheBias) {
  auto found = results(linear, {floats({1, 0}, {}), floats({2, 0}, {}), floats({2}, {5, 6})}, 2);
  EXPECT_EQ(found[0].floats, (Floats{0, 0}));
  EXPECT_EQ(found[1].floats, (Floats{5, 6}));
}

TEST_F(NetworkOpsTest, LinearRefusesShapesThatDoNotMatch) {
  EXPECT_EQ(error(linear, {floats({1, 2}, {1, 2}), floats({1, 3}, {1, 2, 3}), floats({1}, {0})}),
            "test.mlir:4:8: 'nn.linear' op expected the same K on both sides and a bias of N "
            "elements, found 1x2, 1x3 and bias none");
  EXPECT_EQ(error(linear, {floats({1, 2}, {1, 2}), floats({1, 2}, {1, 2}), floats({2}, {0, 0})}),
            "test.mlir:5:8: 'nn.linear' op expected the same K on both sides and a bias of N "
            "elements, found 1x2, 1x2 and bias 2");
}

TEST_F(NetworkOpsTest, RMSNormDividesByTheRootOfTheMeanSquare) {
  constexpr StringLiteral norm = R"mlir(
func.func @main(%x: tensor<?x2xf32>, %g: tensor<2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %y = nn.rms_norm %x epsilon 0.0 : tensor<?x2xf32>
  %z = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.5 : tensor<?x2xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
})mlir";
  // Mean squares 25 and 1; with epsilon the second row has 2.5.
  auto found = results(norm, {floats({2, 2}, {1, 7, 1, 1}), floats({2}, {2, -1})}, 2);
  EXPECT_EQ(found[0].floats, (Floats{0.2f, 1.4f, 1, 1}));
  const double a = std::sqrt(26.5), b = std::sqrt(2.5);
  EXPECT_EQ(found[1].floats, (Floats{static_cast<float>(2 / a), static_cast<float>(-7 / a),
                                     static_cast<float>(2 / b), static_cast<float>(-1 / b)}));
}

TEST_F(NetworkOpsTest, RMSNormRefusesAGainOfAnotherWidth) {
  EXPECT_EQ(error(R"mlir(
func.func @main(%x: tensor<?x?xf32>, %g: tensor<?xf32>) -> tensor<?x?xf32> {
  %z = nn.rms_norm %x gain(%g : tensor<?xf32>) epsilon 1.5 : tensor<?x?xf32>
  return %z : tensor<?x?xf32>
})mlir",
                  {floats({1, 2}, {1, 2}), floats({3}, {1, 1, 1})}),
            "test.mlir:3:8: 'nn.rms_norm' op expected a gain of 2 elements, found 3");
}

TEST_F(NetworkOpsTest, LayerNormCentresAndDividesByTheDeviation) {
  constexpr StringLiteral norm = R"mlir(
func.func @main(%x: tensor<?x2xf32>, %g: tensor<2xf32>, %b: tensor<2xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %y = nn.layer_norm %x epsilon 0.0 : tensor<?x2xf32>
  %z = nn.layer_norm %x gain(%g : tensor<2xf32>) bias(%b : tensor<2xf32>) epsilon 7.0 : tensor<?x2xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
})mlir";
  // Means 4 and -2, variances 9 and 1; with epsilon the roots are 4 and sqrt(8).
  auto found = results(
      norm, {floats({2, 2}, {1, 7, -1, -3}), floats({2}, {2, -1}), floats({2}, {0.5, 10})}, 2);
  EXPECT_EQ(found[0].floats, (Floats{-1, 1, 1, -1}));
  const double root = std::sqrt(8.0);
  EXPECT_EQ(found[1].floats, (Floats{-1, 9.25f, static_cast<float>(2 / root + 0.5),
                                     static_cast<float>(1 / root + 10)}));
}

TEST_F(NetworkOpsTest, LayerNormRefusesABiasOfAnotherWidth) {
  EXPECT_EQ(error(R"mlir(
func.func @main(%x: tensor<?x?xf32>, %b: tensor<?xf32>) -> tensor<?x?xf32> {
  %z = nn.layer_norm %x bias(%b : tensor<?xf32>) epsilon 1.5 : tensor<?x?xf32>
  return %z : tensor<?x?xf32>
})mlir",
                  {floats({1, 2}, {1, 2}), floats({3}, {1, 1, 1})}),
            "test.mlir:3:8: 'nn.layer_norm' op expected a gain and a bias of 2 elements, found 3");
}

TEST_F(NetworkOpsTest, SiLUIsXTimesItsSigmoid) {
  constexpr StringLiteral silu = R"mlir(
func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = nn.silu %x : tensor<?xf32>
  return %y : tensor<?xf32>
})mlir";
  Value y = result(silu, {floats({5}, {0, 1, -1, 100, -1000})});
  EXPECT_EQ(y.floats[0], 0.0f);
  EXPECT_FLOAT_EQ(y.floats[1], 0.7310585786300049f);
  EXPECT_FLOAT_EQ(y.floats[2], -0.2689414213699951f);
  EXPECT_EQ(y.floats[3], 100.0f);
  EXPECT_EQ(y.floats[4], 0.0f);
}

} // namespace

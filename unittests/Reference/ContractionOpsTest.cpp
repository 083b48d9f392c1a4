//===- ContractionOpsTest.cpp - A matrix product of codes -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorFixture.h"

#include <cmath>
#include <random>

using namespace llvm;
using namespace quench;
using namespace quench::reference;

namespace {

using Codes = std::vector<int32_t>;

class ContractionOpsTest : public EvaluatorFixture {
protected:
  /// Both sides quantized, with and without a bias.
  static std::string integer(StringRef lhs, StringRef rhs) {
    return ("#l = #quench.scheme<" + lhs + ">\n#r = #quench.scheme<" + rhs + ">\n" +
            "func.func @main(%x: !quench.qtensor<?x?xf32, #l>, %w: !quench.qtensor<?x?xf32, #r>,\n"
            "    %b: tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {\n"
            "  %y = quench.contract %x, %w accumulator i32 : !quench.qtensor<?x?xf32, #l>, "
            "!quench.qtensor<?x?xf32, #r> -> tensor<?x?xf32>\n"
            "  %z = quench.contract %x, %w bias(%b : tensor<?xf32>) accumulator i32 : "
            "!quench.qtensor<?x?xf32, #l>, !quench.qtensor<?x?xf32, #r> -> tensor<?x?xf32>\n"
            "  return %y, %z : tensor<?x?xf32>, tensor<?x?xf32>\n}")
        .str();
  }
  Value codes(Shape shape, StringRef scheme, Codes codes, Floats scales, Codes zeroPoints = {}) {
    return Value::quantized(qtensor(shape, scheme), codes, scales, zeroPoints);
  }
};

constexpr StringLiteral perToken = "i8, block = [1, *], scale = f32";
constexpr StringLiteral perTensor = "i8, block = [*, *], scale = f32";

TEST_F(ContractionOpsTest, MultipliesCodesAndThenScales) {
  auto found = results(integer(perToken, perToken),
                       {codes({2, 2}, perToken, {1, 2, 3, 4}, {0.5f, 2}),
                        codes({3, 2}, perToken, {1, 0, 0, 1, -1, 127}, {1, 4, 0.25f}),
                        floats({3}, {100, 200, 300})},
                       2);
  // Integer products 1 2 253 | 3 4 505.
  EXPECT_EQ(found[0].floats, (Floats{0.5f, 4, 31.625f, 6, 32, 252.5f}));
  EXPECT_EQ(found[1].floats, (Floats{100.5f, 204, 331.625f, 106, 232, 552.5f}));
}

TEST_F(ContractionOpsTest, OneScaleMayServeAllRows) {
  auto found = results(integer(perTensor, perTensor),
                       {codes({2, 1}, perTensor, {1, 2}, {0.5f}),
                        codes({2, 1}, perTensor, {3, 5}, {4}), floats({2}, {0, 0})},
                       2);
  EXPECT_EQ(found[0].floats, (Floats{6, 10, 12, 20}));
}

TEST_F(ContractionOpsTest, GroupsKeepTheirScalesAndTheLastMayBeShort) {
  constexpr StringLiteral groups = "i4, block = [1, 2], scale = f16";
  auto found = results(integer(perToken, groups),
                       {codes({1, 5}, perToken, {1, 2, 3, 4, 5}, {2}),
                        codes({1, 5}, groups, {1, 1, 1, 1, 1}, {1, 16, 256}), floats({1}, {1})},
                       2);
  // 3 * 1 + 7 * 16 + 5 * 256 = 1395, twice.
  EXPECT_EQ(found[0].floats, (Floats{2790}));
  EXPECT_EQ(found[1].floats, (Floats{2791}));
}

TEST_F(ContractionOpsTest, ZeroPointsAreSubtractedFromBothSides) {
  constexpr StringLiteral left = "ui8, block = [1, *], scale = f32, zero_point";
  constexpr StringLiteral right = "ui4, block = [1, 2], scale = f32, zero_point";
  auto found = results(integer(left, right),
                       {codes({1, 4}, left, {10, 20, 30, 255}, {1}, {10}),
                        codes({1, 4}, right, {0, 15, 8, 9}, {1, 1000}, {8, 8}), floats({1}, {0})},
                       2);
  // (0 * -8 + 10 * 7) + 1000 * (20 * 0 + 245 * 1)
  EXPECT_EQ(found[0].floats, (Floats{245070}));
}

TEST_F(ContractionOpsTest, ScalesOfBothSidesMayChangeAlongK) {
  constexpr StringLiteral left = "i8, block = [1, 4], scale = f32";
  constexpr StringLiteral right = "i8, block = [1, 2], scale = f32";
  // Blocks of two, the finer of both: 3 * 1 * 1, 7 * 1 * 10, 11 * 100 * 1000.
  auto found = results(integer(left, right),
                       {codes({1, 6}, left, {1, 2, 3, 4, 5, 6}, {1, 100}),
                        codes({1, 6}, right, {1, 1, 1, 1, 1, 1}, {1, 10, 1000}), floats({1}, {0})},
                       2);
  EXPECT_EQ(found[0].floats, (Floats{1100073}));
}

TEST_F(ContractionOpsTest, RoundsInTheStatedOrder) {
  constexpr StringLiteral groups = "i8, block = [1, 1], scale = f32";
  const float s0 = 0.8f, s1 = 1.0f / 3.0f, sl = 0.7f, bias = 1.1f;
  auto found = results(integer(perToken, groups),
                       {codes({1, 2}, perToken, {3, 5}, {sl}),
                        codes({1, 2}, groups, {7, -11}, {s0, s1}), floats({1}, {bias})},
                       2);
  float t = static_cast<float>(21.0 * s0);
  // -55 s1 + t is exact in double: 6 + 24 bits of product against 24 of t at close exponents.
  t = static_cast<float>(-55.0 * s1 + t);
  t = t * sl;
  EXPECT_EQ(found[0].floats, (Floats{t}));
  EXPECT_EQ(found[1].floats, (Floats{t + bias}));
}

TEST_F(ContractionOpsTest, RoundsTheProductOfScalesThatBothChangeOnce) {
  constexpr StringLiteral groups = "i8, block = [1, 1], scale = f32";
  const float l0 = 0.1f, l1 = 0.3f, r0 = 0.6f, r1 = 0.25f;
  auto found = results(integer(groups, groups),
                       {codes({1, 2}, groups, {3, 5}, {l0, l1}),
                        codes({1, 2}, groups, {7, -11}, {r0, r1}), floats({1}, {0})},
                       2);
  const float first = l0 * r0, second = l1 * r1;
  float t = static_cast<float>(21.0 * first);
  t = static_cast<float>(-55.0 * second + t);
  EXPECT_EQ(found[0].floats, (Floats{t}));
}

TEST_F(ContractionOpsTest, SumsAreExactUpToTheAccumulatorAndRefusedBeyond) {
  constexpr StringLiteral wide = "i16, block = [1, *], scale = f32";
  std::string main = integer(wide, wide);
  auto once = results(main,
                      {codes({1, 2}, wide, {-32768, 32767}, {1}),
                       codes({1, 2}, wide, {-32768, 32767}, {1}), floats({1}, {0})},
                      2);
  // 2^30 + (2^15 - 1)^2 = 2147418113, the nearest float is 2147418112.
  EXPECT_EQ(once[0].floats, (Floats{2147418112}));
  EXPECT_EQ(error(main, {codes({1, 2}, wide, {-32768, -32768}, {1}),
                         codes({1, 2}, wide, {-32768, -32768}, {1}), floats({1}, {0})}),
            "test.mlir:5:8: 'quench.contract' op expected sums within the accumulator i32, found "
            "2147483648 for result [0, 0], k from 0 to 2");
}

TEST_F(ContractionOpsTest, MixedContractionsMultiplyDequantizedWeights) {
  constexpr StringLiteral main = R"mlir(
#w = #quench.scheme<ui4, block = [1, 2], scale = f32, zero_point>
func.func @main(%x: tensor<?x3xf32>, %w: !quench.qtensor<2x3xf32, #w>, %b: tensor<2xf32>) -> tensor<?x2xf32> {
  %y = quench.contract %x, %w bias(%b : tensor<2xf32>) accumulator f32
      : tensor<?x3xf32>, !quench.qtensor<2x3xf32, #w> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
})mlir";
  Value w = codes({2, 3}, "ui4, block = [1, 2], scale = f32, zero_point", {0, 1, 2, 3, 4, 15},
                  {1, 2, 3, 4}, {1, 0, 3, 8});
  // Weights -1 0 4 | 0 3 28.
  EXPECT_EQ(
      result(main, {floats({2, 3}, {1, 2, 3, 0.5f, 0, -1}), w, floats({2}, {100, 200})}).floats,
      (Floats{111, 290, 95.5f, 172}));
}

TEST_F(ContractionOpsTest, EmptySumsAreZero) {
  auto found = results(
      integer(perToken, perToken),
      {codes({1, 0}, perToken, {}, {3}), codes({2, 0}, perToken, {}, {1, 1}), floats({2}, {5, 6})},
      2);
  EXPECT_EQ(found[0].floats, (Floats{0, 0}));
  EXPECT_EQ(found[1].floats, (Floats{5, 6}));
}

TEST_F(ContractionOpsTest, RefusesShapesThatDoNotMatch) {
  EXPECT_EQ(error(integer(perToken, perToken),
                  {codes({1, 2}, perToken, {1, 2}, {1}), codes({1, 3}, perToken, {1, 2, 3}, {1}),
                   floats({1}, {0})}),
            "test.mlir:5:8: 'quench.contract' op expected the same K on both sides and a bias of N "
            "elements, found 1x2, 1x3 and bias none");
  EXPECT_NE(error(integer(perToken, perToken),
                  {codes({1, 2}, perToken, {1, 2}, {1}), codes({1, 2}, perToken, {1, 2}, {1}),
                   floats({2}, {0, 0})}),
            "success");
}

/// Against sums in which every element is multiplied by its own scale in double.
TEST_F(ContractionOpsTest, AgreesWithTheProductOfDequantizedMatrices) {
  std::mt19937 random(3);
  constexpr StringLiteral left = "i8, block = [1, *], scale = f32";
  constexpr StringLiteral right = "ui4, block = [1, 4], scale = f32, zero_point";
  const int64_t M = 3, N = 5, K = 22, groups = 6;
  Codes x, w, z;
  Floats sx, sw, bias;
  for (int64_t i = 0; i < M * K; ++i) {
    x.push_back(static_cast<int32_t>(random() % 256) - 128);
  }
  for (int64_t i = 0; i < N * K; ++i) {
    w.push_back(static_cast<int32_t>(random() % 16));
  }
  for (int64_t i = 0; i < N * groups; ++i) {
    z.push_back(static_cast<int32_t>(random() % 16));
    sw.push_back(static_cast<float>(random() % 1000 + 1) / 999);
  }
  for (int64_t i = 0; i < M; ++i) {
    sx.push_back(static_cast<float>(random() % 1000 + 1) / 999);
  }
  for (int64_t i = 0; i < N; ++i) {
    bias.push_back(static_cast<float>(random() % 1000) / 99);
  }
  Value y = results(integer(left, right),
                    {codes({M, K}, left, x, sx), codes({N, K}, right, w, sw, z), floats({N}, bias)},
                    2)[1];
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      double sum = bias[n], magnitude = std::fabs(bias[n]);
      for (int64_t k = 0; k < K; ++k) {
        int64_t g = n * groups + k / 4;
        double term = double(x[m * K + k]) * sx[m] * (w[n * K + k] - z[g]) * sw[g];
        sum += term;
        magnitude += std::fabs(term);
      }
      EXPECT_NEAR(y.floats[m * N + n], sum, magnitude * std::ldexp(1.0, -21));
    }
  }
}

} // namespace

//===- AttentionOpsTest.cpp - Attention, its cache and its positions ------===//
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

class AttentionOpsTest : public EvaluatorFixture {};

constexpr StringLiteral table = R"mlir(
func.func @main(%f: tensor<2xf32>, %p: index, %n: index) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %cos, %sin = nn.rotary_table %f from %p length %n : tensor<2xf32> -> tensor<?x2xf32>
  return %cos, %sin : tensor<?x2xf32>, tensor<?x2xf32>
})mlir";

TEST_F(AttentionOpsTest, RotaryTableStartsAtThePosition) {
  auto found = results(table, {floats({2}, {1.0f, 0.125f}), index(1000), index(2)}, 2);
  for (int64_t t = 0; t < 2; ++t) {
    for (int64_t i = 0; i < 2; ++i) {
      double angle = (1000 + t) * (i == 0 ? 1.0 : 0.125);
      EXPECT_EQ(found[0].floats[2 * t + i], static_cast<float>(std::cos(angle)));
      EXPECT_EQ(found[1].floats[2 * t + i], static_cast<float>(std::sin(angle)));
    }
  }
}

TEST_F(AttentionOpsTest, RotaryTableRefusesNegativeAndHugeLengths) {
  Value f = floats({2}, {1, 1});
  EXPECT_EQ(error(table, {f, index(0), index(-1)}),
            "test.mlir:3:16: 'nn.rotary_table' op expected a position and a length of at least 0, "
            "found 0 and -1");
  EXPECT_NE(error(table, {f, index(-1), index(1)}), "success");
  EXPECT_NE(error(table, {f, index(0), index(int64_t(1) << 62)}), "success");
}

constexpr StringLiteral rotate = R"mlir(
func.func @main(%x: tensor<?x?x?xf32>, %c: tensor<?x?xf32>, %s: tensor<?x?xf32>) -> tensor<?x?x?xf32> {
  %y = nn.rotary_embedding %x, %c, %s : tensor<?x?x?xf32>, tensor<?x?xf32>
  return %y : tensor<?x?x?xf32>
})mlir";

TEST_F(AttentionOpsTest, RotaryEmbeddingTurnsTheHalvesOfEachHead) {
  // Quarter turns of (x0, x2) and (x1, x3): (a, b) becomes (-b, a) or (b, -a).
  Value x = floats({1, 2, 4}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(result(rotate, {x, floats({1, 2}, {0, 0}), floats({1, 2}, {1, -1})}).floats,
            (Floats{-3, 4, 1, -2, -7, 8, 5, -6}));
  // Any angle, each token with its own row of the tables.
  Value y = result(rotate, {floats({2, 1, 2}, {1, 2, 1, 2}), floats({2, 1}, {0.6f, 1}),
                            floats({2, 1}, {0.8f, 0})});
  const double c = 0.6f, s = 0.8f;
  EXPECT_EQ(y.floats, (Floats{static_cast<float>(c - 2 * s), static_cast<float>(2 * c + s), 1, 2}));
}

TEST_F(AttentionOpsTest, RotaryEmbeddingRefusesTablesThatDoNotFit) {
  Value x = floats({1, 1, 4}, {1, 2, 3, 4});
  EXPECT_EQ(error(rotate, {x, floats({2, 2}, {0, 0, 0, 0}), floats({2, 2}, {0, 0, 0, 0})}),
            "test.mlir:3:8: 'nn.rotary_embedding' op expected an even head size and tables of as "
            "many tokens and half as many columns as the input, found 1x1x4, 2x2 and 2x2");
  EXPECT_NE(error(rotate, {x, floats({1, 4}, {0, 0, 0, 0}), floats({1, 4}, {0, 0, 0, 0})}),
            "success");
  EXPECT_NE(error(rotate, {floats({1, 1, 3}, {1, 2, 3}), floats({1, 1}, {0}), floats({1, 1}, {0})}),
            "success");
}

constexpr StringLiteral update = R"mlir(
func.func @main(%x: tensor<?x1x2xf32>, %cache: tensor<3x1x2xf32>, %p: index) -> tensor<3x1x2xf32> {
  %y = nn.cache_update %x into %cache at %p : tensor<?x1x2xf32> into tensor<3x1x2xf32>
  return %y : tensor<3x1x2xf32>
})mlir";

TEST_F(AttentionOpsTest, CacheUpdateWritesTheNewTokensAndKeepsTheOthers) {
  Value cache = floats({3, 1, 2}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(result(update, {floats({1, 1, 2}, {7, 8}), cache, index(1)}).floats,
            (Floats{1, 2, 7, 8, 5, 6}));
  EXPECT_EQ(result(update, {floats({2, 1, 2}, {7, 8, 9, 10}), cache, index(1)}).floats,
            (Floats{1, 2, 7, 8, 9, 10}));
  EXPECT_EQ(result(update, {floats({0, 1, 2}, {}), cache, index(3)}).floats, cache.floats);
}

TEST_F(AttentionOpsTest, CacheUpdateRefusesToWritePastTheEnd) {
  Value cache = floats({3, 1, 2}, {1, 2, 3, 4, 5, 6}), x = floats({2, 1, 2}, {7, 8, 9, 10});
  EXPECT_EQ(error(update, {x, cache, index(2)}),
            "test.mlir:3:8: 'nn.cache_update' op expected 2 tokens from position 2 on to fit a "
            "cache of 3 tokens");
  EXPECT_NE(error(update, {x, cache, index(-1)}), "success");
  EXPECT_NE(error(update, {x, cache, index(INT64_MAX)}), "success");
}

constexpr StringLiteral attention = R"mlir(
func.func @main(%q: tensor<?x?x?xf32>, %k: tensor<?x?x?xf32>, %v: tensor<?x?x?xf32>, %p: index)
    -> tensor<?x?x?xf32> {
  %y = nn.attention %q, %k, %v at %p scale 5.0e-1 : tensor<?x?x?xf32>, tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
})mlir";

TEST_F(AttentionOpsTest, AttentionSeesTheCacheUpToItsToken) {
  // Equal scores: every token takes the mean of the values up to itself.
  Value v = floats({4, 1, 1}, {1, 2, 6, 1000});
  Value y =
      result(attention, {floats({2, 1, 1}, {0, 0}), floats({4, 1, 1}, {1, 2, 3, 4}), v, index(1)});
  EXPECT_EQ(y.floats, (Floats{1.5f, 3}));
}

TEST_F(AttentionOpsTest, AttentionScalesItsScores) {
  // Scores 0 and 2 * ln 3 * 0.5: weights 1/4 and 3/4.
  const float twoLog3 = static_cast<float>(2 * std::log(3.0));
  Value y = result(attention, {floats({1, 1, 2}, {twoLog3, 5}), floats({2, 1, 2}, {0, 0, 1, 0}),
                               floats({2, 1, 2}, {0, 8, 4, 0}), index(1)});
  EXPECT_NEAR(y.floats[0], 3.0, 1e-6);
  EXPECT_NEAR(y.floats[1], 2.0, 1e-6);
}

TEST_F(AttentionOpsTest, AttentionDoesNotOverflow) {
  Value y = result(attention, {floats({1, 1, 1}, {1e5f}), floats({2, 1, 1}, {-1e5f, 1e5f}),
                               floats({2, 1, 1}, {1, 2}), index(1)});
  EXPECT_EQ(y.floats, (Floats{2}));
}

TEST_F(AttentionOpsTest, AttentionGroupsConsecutiveQueryHeads) {
  // Four query heads on two key heads: heads 0 and 1 see the first, 2 and 3 the second.
  Value y = result(attention, {floats({1, 4, 1}, {0, 0, 0, 0}), floats({1, 2, 1}, {0, 0}),
                               floats({1, 2, 1}, {10, 20}), index(0)});
  EXPECT_EQ(y.floats, (Floats{10, 10, 20, 20}));
}

TEST_F(AttentionOpsTest, AttentionRefusesTokensOutsideOfTheCache) {
  Value q = floats({2, 1, 1}, {0, 0}), k = floats({2, 1, 1}, {0, 0});
  EXPECT_EQ(error(attention, {q, k, k, index(1)}),
            "test.mlir:4:8: 'nn.attention' op expected 2 tokens from position 1 on to fit a cache "
            "of 2 tokens");
  EXPECT_NE(error(attention, {q, k, k, index(-2)}), "success");
}

TEST_F(AttentionOpsTest, AttentionRefusesHeadsThatDoNotFit) {
  Value one = floats({1, 1, 1}, {0}), two = floats({1, 2, 1}, {0, 0}),
        three = floats({1, 3, 1}, {0, 0, 0});
  EXPECT_EQ(error(attention, {three, two, two, index(0)}),
            "test.mlir:4:8: 'nn.attention' op expected keys and values of the same shape, of the "
            "head size of the query and of a divisor of its heads, found query 1x3x1, keys 1x2x1, "
            "values 1x2x1");
  EXPECT_NE(error(attention, {two, one, two, index(0)}), "success");
  Value none = floats({1, 0, 1}, {}), wide = floats({1, 1, 2}, {0, 0});
  EXPECT_NE(error(attention, {two, none, none, index(0)}), "success");
  EXPECT_NE(error(attention, {two, wide, wide, index(0)}), "success");
}

} // namespace

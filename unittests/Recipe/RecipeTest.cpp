//===- RecipeTest.cpp - What to quantize, and how -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/RecipeFile.h"

#include "gtest/gtest.h"

using namespace quench;
using namespace quench::recipe;
using numerics::Encoding;
using numerics::FloatFormat;
using numerics::kWhole;

namespace {

TEST(RecipeTest, theLastRuleThatMentionsSomethingDecides) {
  Recipe recipe = llvm::cantFail(parseRecipe(R"(
name: r
summary: s
weights: { type: i4, group: 32 }
activations: { type: i8, scale: dynamic, per: token }
passes: []
layers:
  - { match: "model.*", weights: { type: i8, group: channel } }
  - { match: "*.down_proj", activations: none }
  - { match: "model.layers.0.*", weights: none }
  - { match: "model.layers.0.mlp.*", weights: { type: i6, group: channel } }
)",
                                             "r.yaml"));
  LayerFormats other = recipe.formatsFor("lm_head");
  EXPECT_EQ(other.weights->element, Encoding::integer(4));
  EXPECT_TRUE(other.activations.has_value());
  EXPECT_EQ(other.weightRule, nullptr);
  LayerFormats first = recipe.formatsFor("model.layers.0.self_attn.q_proj");
  EXPECT_FALSE(first.weights.has_value());
  EXPECT_TRUE(first.activations.has_value());
  EXPECT_EQ(first.weightRule->match, "model.layers.0.*");
  LayerFormats down = recipe.formatsFor("model.layers.0.mlp.down_proj");
  EXPECT_EQ(down.weights->element, Encoding::integer(6));
  EXPECT_FALSE(down.activations.has_value());
  LayerFormats later = recipe.formatsFor("model.layers.1.mlp.down_proj");
  EXPECT_EQ(later.weights->element, Encoding::integer(8));
  // A pattern has to match the whole name.
  EXPECT_EQ(recipe.formatsFor("my.model.x").weightRule, nullptr);
}

TEST(RecipeTest, blocksFollowTheAxes) {
  WeightFormat format;
  format.element = Encoding::integer(4);
  format.block = WeightBlock::Group;
  format.groupSize = 32;
  format.scale.type = FloatFormat::F16;
  EXPECT_EQ(format.scheme(2, 0, 1).block, (llvm::SmallVector<int64_t>{1, 32}));
  EXPECT_EQ(format.scheme(2, 1, 0).block, (llvm::SmallVector<int64_t>{32, 1}));
  EXPECT_EQ(format.str(), "i4 in groups of 32, f16 scales");
  format.block = WeightBlock::Channel;
  EXPECT_EQ(format.scheme(2, 0, 1).block, (llvm::SmallVector<int64_t>{1, kWhole}));
  EXPECT_EQ(format.scheme(4, 0, 1).block, (llvm::SmallVector<int64_t>{1, kWhole, kWhole, kWhole}));
  format.block = WeightBlock::Tensor;
  format.zeroPoint = true;
  EXPECT_EQ(format.scheme(2, 0, 1).block, (llvm::SmallVector<int64_t>{kWhole, kWhole}));
  EXPECT_EQ(format.str(), "i4 per tensor with zero points, f16 scales");

  ActivationFormat activation;
  activation.element = Encoding::integer(8);
  EXPECT_EQ(activation.scheme(2, 1).block, (llvm::SmallVector<int64_t>{1, kWhole}));
  EXPECT_EQ(activation.scheme(3, 2).block, (llvm::SmallVector<int64_t>{1, 1, kWhole}));
  EXPECT_EQ(activation.str(), "i8, one dynamic scale per token");
  ActivationFormat tensor = activation;
  tensor.block = ActivationBlock::Tensor;
  tensor.dynamic = false;
  EXPECT_EQ(tensor.scheme(2, 1).block, (llvm::SmallVector<int64_t>{kWhole, kWhole}));
  EXPECT_EQ(tensor.str(), "i8, one static scale per tensor");
  EXPECT_FALSE(activation == tensor);
  tensor.block = ActivationBlock::Channel;
  EXPECT_EQ(tensor.scheme(3, 2).block, (llvm::SmallVector<int64_t>{kWhole, kWhole, 1}));
  EXPECT_EQ(tensor.str(), "i8, one static scale per channel");
}

} // namespace

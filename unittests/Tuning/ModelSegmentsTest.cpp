//===- ModelSegmentsTest.cpp - Where a model can be cut -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestDecoder.h"

#include "quench/Model/LinearNames.h"
#include "quench/Tuning/ModelSegments.h"

using namespace quench;

namespace {

std::vector<std::string> names(const ModelSegment &segment) {
  std::vector<std::string> result;
  for (QuantizableOpInterface layer : segment.layers) {
    result.push_back(linearName(layer).str());
  }
  return result;
}

/// Segments of a function of a small type: the tokens to logits of width 4.
class SegmentsOfText : public testing::Test {
protected:
  std::vector<ModelSegment> find(llvm::StringRef body) {
    model.build(("func.func @f(%t: tensor<?xi32>, %p: index, %first: index, %c: tensor<4x4xf32>) "
                 "-> (tensor<?x4xf32>, tensor<4x4xf32>) attributes {nn.causal_lm} {\n"
                 "%e = quench.weight @e : tensor<5x4xf32>\n"
                 "%x = nn.embedding %e[%t] : tensor<5x4xf32>, tensor<?xi32> -> tensor<?x4xf32>\n" +
                 body + "return %y, %c : tensor<?x4xf32>, tensor<4x4xf32>\n}")
                    .str());
    return findSegments(llvm::cantFail(findCausalLM(*model.module, "test")).function);
  }
  TestModel model;
};

} // namespace

TEST(BlockNameTest, EndsAtTheFirstNumber) {
  EXPECT_EQ(blockName("model.layers.0.mlp.up_proj"), "model.layers.0");
  EXPECT_EQ(blockName("h.12.attn.3.q"), "h.12");
  EXPECT_EQ(blockName("7.q"), "7");
  EXPECT_EQ(blockName("lm_head"), "");
  EXPECT_EQ(blockName("experts.3"), "");
  EXPECT_EQ(blockName("layers.x1.q"), "");
  EXPECT_EQ(blockName(""), "");
}

TEST(ModelSegmentsTest, ADecoderIsCutIntoItsBlocks) {
  TestDecoder model;
  model.buildDecoder();
  std::vector<ModelSegment> segments = findSegments(model.function());
  ASSERT_EQ(segments.size(), 4u);
  EXPECT_EQ(segments[0].name, "");
  EXPECT_EQ(segments[1].name, "layers.0");
  EXPECT_EQ(segments[2].name, "layers.1");
  EXPECT_EQ(segments[3].name, "");
  EXPECT_FALSE(segments[0].input);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(segments[i].input, segments[i - 1].output);
  }
  EXPECT_TRUE(segments[0].output.getDefiningOp<mlir::arith::ExtFOp>());
  EXPECT_EQ(segments[3].output, model.resultOf("head"));
  EXPECT_TRUE(segments[0].layers.empty());
  EXPECT_EQ(names(segments[2]),
            (std::vector<std::string>{"layers.1.q", "layers.1.k", "layers.1.v", "layers.1.o",
                                      "layers.1.gate", "layers.1.up", "layers.1.down"}));
  EXPECT_EQ(names(segments[3]), (std::vector<std::string>{"head"}));
}

TEST(ModelSegmentsTest, TheResultOfAModuleIsBeforeTheResidual) {
  TestDecoder model;
  model.buildDecoder();
  mlir::func::FuncOp function = model.function();
  EXPECT_EQ(findModuleResult(function, model.inputOf("layers.0.q")), model.resultOf("layers.0.o"));
  EXPECT_EQ(findModuleResult(function, model.inputOf("layers.1.o")), model.resultOf("layers.1.o"));
  EXPECT_EQ(findModuleResult(function, model.inputOf("layers.0.gate")),
            model.resultOf("layers.0.down"));
  EXPECT_EQ(findModuleResult(function, model.inputOf("layers.0.down")),
            model.resultOf("layers.0.down"));
  EXPECT_EQ(findModuleResult(function, model.inputOf("head")), model.resultOf("head"));
  // The result of the output projection meets the residual at once.
  EXPECT_FALSE(findModuleResult(function, model.resultOf("layers.0.o")));
}

TEST_F(SegmentsOfText, WithoutBlocksEveryPieceIsASegment) {
  std::vector<ModelSegment> segments = find(R"(
    %w = quench.weight @w : tensor<4x4xf32>
    %a = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    %b = nn.silu %a : tensor<?x4xf32>
    %s = arith.addf %b, %a : tensor<?x4xf32>
    %y = nn.linear %s, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  )");
  // After %b both %a and %b are needed: no cut.
  ASSERT_EQ(segments.size(), 4u);
  EXPECT_TRUE(segments[2].output.getDefiningOp<mlir::arith::AddFOp>());
  EXPECT_EQ(names(segments[1]), (std::vector<std::string>{"w"}));
  EXPECT_EQ(names(segments[2]), (std::vector<std::string>{}));
}

TEST_F(SegmentsOfText, WhatLiesBetweenPiecesOfABlockBelongsToIt) {
  std::vector<ModelSegment> segments = find(R"(
    %v = quench.weight @h.0.a.weight : tensor<4x4xf32>
    %w = quench.weight @h.0.b.weight : tensor<4x4xf32>
    %u = quench.weight @h.1.a.weight : tensor<4x4xf32>
    %a = nn.linear %x, %v : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    %b = nn.silu %a : tensor<?x4xf32>
    %d = nn.linear %b, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    %f = nn.silu %d : tensor<?x4xf32>
    %y = nn.linear %f, %u : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  )");
  std::vector<std::string> found;
  for (const ModelSegment &segment : segments) {
    found.push_back(segment.name);
  }
  EXPECT_EQ(found, (std::vector<std::string>{"", "h.0", "", "h.1"}));
}

TEST_F(SegmentsOfText, TwoStreamsAreNotCut) {
  std::vector<ModelSegment> segments = find(R"(
    %v = quench.weight @h.0.weight : tensor<4x4xf32>
    %a = nn.linear %x, %v : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    %b = nn.silu %a : tensor<?x4xf32>
    %y = arith.addf %x, %b : tensor<?x4xf32>
  )");
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(names(segments[1]), (std::vector<std::string>{"h.0"}));
}

TEST_F(SegmentsOfText, LogitsFromNowhereAreOneSegment) {
  std::vector<ModelSegment> segments = find(R"(
    %y = tensor.cast %c : tensor<4x4xf32> to tensor<?x4xf32>
  )");
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_TRUE(segments[0].output.getDefiningOp<mlir::tensor::CastOp>());
  EXPECT_FALSE(segments[0].input);
}

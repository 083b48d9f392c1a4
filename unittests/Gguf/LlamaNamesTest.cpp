//===- LlamaNamesTest.cpp - Llama models in the words of GGUF -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gguf/LlamaNames.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

TEST(LlamaNamesTest, tensors_have_names_in_gguf) {
  EXPECT_EQ(ggufNameOf("model.embed_tokens.weight"), "token_embd.weight");
  EXPECT_EQ(ggufNameOf("lm_head.weight"), "output.weight");
  EXPECT_EQ(ggufNameOf("model.norm.weight"), "output_norm.weight");
  EXPECT_EQ(ggufNameOf("model.layers.12.self_attn.q_proj.bias"), "blk.12.attn_q.bias");
  EXPECT_EQ(ggufNameOf("model.layers.0.mlp.down_proj.weight"), "blk.0.ffn_down.weight");
  EXPECT_EQ(ggufNameOf("model.layers.0.mlp.other.weight"), "");
  EXPECT_EQ(ggufNameOf("nothing"), "");
}

TEST(LlamaNamesTest, queries_and_keys_are_rotated) {
  EXPECT_TRUE(isRotated("model.layers.0.self_attn.q_proj.weight"));
  EXPECT_TRUE(isRotated("model.layers.0.self_attn.k_proj.bias"));
  EXPECT_FALSE(isRotated("model.layers.0.self_attn.v_proj.weight"));
}

TEST(LlamaNamesTest, halves_of_heads_alternate_in_gguf) {
  // Two heads of six rows of two bytes.
  std::vector<uint8_t> rows;
  for (uint8_t row = 0; row < 12; ++row) {
    rows.insert(rows.end(), {row, static_cast<uint8_t>(100 + row)});
  }
  std::vector<uint8_t> expected;
  for (uint8_t row : {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11}) {
    expected.insert(expected.end(), {row, static_cast<uint8_t>(100 + row)});
  }
  EXPECT_EQ(rowsToGguf(rows, 2, 6), expected);
  EXPECT_EQ(rowsFromGguf(expected, 2, 6), rows);
}

} // namespace

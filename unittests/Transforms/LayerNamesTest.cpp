//===- LayerNamesTest.cpp - Names of layers and of edges ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/LayerNames.h"

#include "gtest/gtest.h"

using quench::edgeName;

namespace {

TEST(LayerNamesTest, oneLayerGivesItsOwnName) {
  EXPECT_EQ(edgeName({"model.layers.0.mlp.down_proj"}), "model.layers.0.mlp.down_proj");
  EXPECT_EQ(edgeName({"lm_head"}), "lm_head");
  EXPECT_EQ(edgeName({"a.b", "a.b"}), "a.b");
}

TEST(LayerNamesTest, severalLayersGiveTheirModuleAndTheSortedRest) {
  EXPECT_EQ(edgeName({"model.layers.0.self_attn.v_proj", "model.layers.0.self_attn.q_proj",
                      "model.layers.0.self_attn.k_proj", "model.layers.0.self_attn.q_proj"}),
            "model.layers.0.self_attn.{k_proj,q_proj,v_proj}");
  EXPECT_EQ(edgeName({"a.b.c", "a.d"}), "a.{b.c,d}");
  EXPECT_EQ(edgeName({"b", "a"}), "{a,b}");
  EXPECT_EQ(edgeName({"x.a", "y.a"}), "{x.a,y.a}");
  // A common beginning that is no module.
  EXPECT_EQ(edgeName({"m.layer1.a", "m.layer10.a"}), "m.{layer1.a,layer10.a}");
  EXPECT_EQ(edgeName({"m.a", "m.a.b"}), "m.{a,a.b}");
}

} // namespace

//===- LinearNamesTest.cpp - Tests of names of linear layers -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Model/LinearNames.h"

#include "quench/Model/ModuleFile.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

TEST(LinearNames, drop_the_weight_suffix_once) {
  EXPECT_EQ(linearNameOfKey("a.up_proj.weight"), "a.up_proj");
  EXPECT_EQ(linearNameOfKey("a.weight.weight"), "a.weight");
  EXPECT_EQ(linearNameOfKey("a.weights"), "a.weights");
}

TEST(LinearNames, are_in_program_order_and_see_through_quantization) {
  mlir::MLIRContext context;
  auto module = parseModuleText(R"(
    #w8 = #quench.scheme<i8, block = [1, *], scale = f32>
    func.func @f(%x: tensor<?x4xf32>, %free: tensor<4x4xf32>) -> tensor<?x4xf32> {
      %b = quench.weight @b.weight : tensor<4x4xf32>
      %y = nn.linear %x, %b : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      %a = quench.weight @a.weight : !quench.qtensor<4x4xf32, #w8>
      %w = quench.dequantize %a : !quench.qtensor<4x4xf32, #w8> to tensor<4x4xf32>
      %z = nn.linear %y, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      %u = nn.linear %z, %b : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      %v = nn.linear %u, %free : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      return %v : tensor<?x4xf32>
    })",
                                "a.mlir", context);
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  EXPECT_EQ(linearNames(module->get()), (std::vector<std::string>{"b", "a"}));
}

TEST(LinearNames, stop_at_computed_weights) {
  mlir::MLIRContext context;
  auto module = parseModuleText(R"(
    func.func @f(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
      %b = quench.weight @b.weight : tensor<4x4xf32>
      %w = nn.silu %b : tensor<4x4xf32>
      %y = nn.linear %x, %w : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
      return %y : tensor<4x4xf32>
    })",
                                "a.mlir", context);
  ASSERT_TRUE(static_cast<bool>(module)) << llvm::toString(module.takeError());
  EXPECT_TRUE(linearNames(module->get()).empty());
}

} // namespace

//===- QuantizePipelineTest.cpp - Tests of embedded pipelines ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Pipelines/QuantizePipeline.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

using namespace mlir;

namespace {

// As a compiler does that has linalg and has registered nothing of Quench.
TEST(QuantizePipeline, needs_no_registration) {
  DialectRegistry registry;
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect>();
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(R"mlir(
    func.func @f(%x: tensor<4x2xf32>, %i: tensor<4x2xf32>) -> tensor<4x2xf32> {
      %w = arith.constant dense<[[0.5, -1.0], [1.0, 0.5]]> : tensor<2x2xf32>
      %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>)
        outs(%i : tensor<4x2xf32>) -> tensor<4x2xf32>
      return %y : tensor<4x2xf32>
    })mlir",
                                                             &context);
  ASSERT_TRUE(module);
  PassManager manager(&context);
  quench::buildQuantizePipeline(manager, quench::QuantizePipelineOptions());
  quench::buildUpstreamPipeline(manager);
  ASSERT_TRUE(succeeded(manager.run(*module)));
  unsigned products = 0;
  module->walk([&](linalg::MatmulOp op) {
    products += getElementTypeOrSelf(op.getOperand(0)).isInteger(8);
  });
  EXPECT_EQ(products, 1u);
}

} // namespace

//===- EvaluatorTest.cpp - Calls, arguments and errors --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorFixture.h"

using namespace llvm;
using namespace quench::reference;

namespace {

class EvaluatorTest : public EvaluatorFixture {};

constexpr StringLiteral twice = R"mlir(
func.func @double(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = arith.addf %x, %x : tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func @main(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %y = call @double(%x) : (tensor<?xf32>) -> tensor<?xf32>
  %z = call @double(%y) : (tensor<?xf32>) -> tensor<?xf32>
  return %y, %z : tensor<?xf32>, tensor<?xf32>
}
)mlir";

TEST_F(EvaluatorTest, CallsFunctions) {
  auto found = results(twice, {floats({2}, {1, -3})}, 2);
  EXPECT_EQ(found[0].floats, (Floats{2, -6}));
  EXPECT_EQ(found[1].floats, (Floats{4, -12}));
}

TEST_F(EvaluatorTest, KnowsTheTypeOfTheDataWhereTheTypeIsOpen) {
  auto found = results(twice, {floats({0}, {})}, 2);
  EXPECT_EQ(found[0].type, mlir::RankedTensorType::get({0}, f32()));
}

TEST_F(EvaluatorTest, RefusesArgumentsThatDoNotFit) {
  EXPECT_EQ(error(twice, {}), "test.mlir:6:1: 'func.func' op expected 1 arguments, found 0");
  EXPECT_EQ(error(twice, {floats({1, 1}, {1})}),
            "test.mlir:6:1: 'func.func' op expected argument 0 of type tensor<?xf32>, found "
            "tensor<1x1xf32>");
  EXPECT_EQ(error(twice, {integers({1}, {1})}),
            "test.mlir:6:1: 'func.func' op expected argument 0 of type tensor<?xf32>, found "
            "tensor<1xi32>");
  EXPECT_EQ(error(twice, {floats({2}, {1})}),
            "test.mlir:6:1: 'func.func' op argument 0: expected 2 floats, found 1");
  EXPECT_EQ(error(twice, {Value()}),
            "test.mlir:6:1: 'func.func' op argument 0: expected a value, found none");
}

TEST_F(EvaluatorTest, NamesFunctionsThatAreNotThere) {
  EXPECT_EQ(error("func.func @other() { return }", {}),
            "test.mlir:0:0: 'builtin.module' op has no function @main");
  EXPECT_EQ(error("func.func private @main()", {}),
            "test.mlir:1:1: 'func.func' op expected @main to have a body of one block");
}

TEST_F(EvaluatorTest, EndsRecursion) {
  EXPECT_EQ(error("func.func @main() { call @main() : () -> ()\n return }", {}),
            "test.mlir:1:1: 'func.func' op expected at most 64 nested calls");
}

TEST_F(EvaluatorTest, NamesOpsThatItDoesNotKnow) {
  EXPECT_EQ(error(R"mlir(func.func @main(%x: tensor<2x2xf32>) -> tensor<f32> {
  %r = tensor.rank %x : tensor<2x2xf32>
  %c = arith.constant dense<0.0> : tensor<f32>
  return %c : tensor<f32>
})mlir",
                  {floats({2, 2}, {1, 2, 3, 4})}),
            "test.mlir:2:8: 'tensor.rank' op is not known to the reference evaluator");
}

TEST_F(EvaluatorTest, ChecksResultsAgainstTheirTypes) {
  // A cast to a static shape is a promise.
  EXPECT_EQ(error(R"mlir(func.func @main(%x: tensor<?xf32>) -> tensor<3xf32> {
  %y = tensor.cast %x : tensor<?xf32> to tensor<3xf32>
  return %y : tensor<3xf32>
})mlir",
                  {floats({2}, {1, 2})}),
            "test.mlir:2:8: 'tensor.cast' op expected result 0 of type tensor<3xf32>, found "
            "tensor<2xf32>");
}

TEST_F(EvaluatorTest, LocatesErrorsOfACalleeInTheCallee) {
  EXPECT_EQ(error(R"mlir(func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %z = call @add(%x, %y) : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %z : tensor<?xf32>
}
func.func @add(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %z = arith.addf %x, %y : tensor<?xf32>
  return %z : tensor<?xf32>
})mlir",
                  {floats({2}, {1, 2}), floats({1}, {1})}),
            "test.mlir:6:8: 'arith.addf' op expected operands of the same shape, found 2 and 1");
}

} // namespace

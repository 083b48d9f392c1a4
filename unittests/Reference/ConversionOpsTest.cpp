//===- ConversionOpsTest.cpp - From one element type to another -----------===//
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

class ConversionOpsTest : public EvaluatorFixture {
protected:
  std::string unary(StringRef op, StringRef from, StringRef to) {
    return ("func.func @main(%x: " + from + ") -> " + to + " {\n  %z = " + op + " %x : " + from +
            " to " + to + "\n  return %z : " + to + "\n}")
        .str();
  }
};

TEST_F(ConversionOpsTest, ExtendsAndTruncatesIntegers) {
  EXPECT_EQ(
      result(unary("arith.extsi", "tensor<2xi8>", "tensor<2xi32>"), {integers({2}, {-1, 5}, 8)})
          .integers,
      (Integers{-1, 5}));
  EXPECT_EQ(
      result(unary("arith.extui", "tensor<2xi8>", "tensor<2xi32>"), {integers({2}, {-1, 5}, 8)})
          .integers,
      (Integers{255, 5}));
  EXPECT_EQ(result(unary("arith.extsi", "tensor<2xi1>", "tensor<2xi8>"), {integers({2}, {1, 0}, 1)})
                .integers,
            (Integers{-1, 0}));
  EXPECT_EQ(
      result(unary("arith.trunci", "tensor<2xi32>", "tensor<2xi8>"), {integers({2}, {384, -129})})
          .integers,
      (Integers{-128, 127}));
  EXPECT_EQ(result(unary("arith.index_cast", "i32", "index"), {Value::scalar(integerType(32), -3)})
                .integers,
            (Integers{-3}));
  EXPECT_EQ(
      result(unary("arith.index_castui", "i32", "index"), {Value::scalar(integerType(32), -1)})
          .integers,
      (Integers{4294967295}));
}

TEST_F(ConversionOpsTest, RoundsToEven) {
  // In f16 the steps at 2048 are 2; in f32 the steps at 2^24 are 2.
  EXPECT_EQ(result(unary("arith.truncf", "tensor<3xf32>", "tensor<3xf16>"),
                   {floats({3}, {2049, 2051, 1e6f})})
                .floats,
            (Floats{2048, 2052, INFINITY}));
  EXPECT_EQ(result(unary("arith.sitofp", "tensor<2xi32>", "tensor<2xf32>"),
                   {integers({2}, {16777217, -16777219})})
                .floats,
            (Floats{16777216, -16777220}));
  auto bf16 = mlir::BFloat16Type::get(&context);
  EXPECT_EQ(result(unary("arith.extf", "tensor<1xbf16>", "tensor<1xf32>"),
                   {Value::tensor(bf16, {1}, Floats{-1.5f})})
                .floats,
            (Floats{-1.5f}));
}

TEST_F(ConversionOpsTest, TruncatesFloatsTowardZeroAndRefusesWhatDoesNotFit) {
  std::string toI8 = unary("arith.fptosi", "tensor<?xf32>", "tensor<?xi8>");
  EXPECT_EQ(result(toI8, {floats({4}, {2.7f, -2.7f, 127.9f, -128.9f})}).integers,
            (Integers{2, -2, 127, -128}));
  EXPECT_EQ(error(toI8, {floats({1}, {128})}),
            "test.mlir:2:8: 'arith.fptosi' op has no defined result for 128");
  EXPECT_NE(error(toI8, {floats({1}, {NAN})}), "success");
  EXPECT_NE(error(toI8, {floats({1}, {-129})}), "success");
}

} // namespace

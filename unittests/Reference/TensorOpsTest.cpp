//===- TensorOpsTest.cpp - Shapes and slices ------------------------------===//
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

class TensorOpsTest : public EvaluatorFixture {};

TEST_F(TensorOpsTest, AsksForDimensions) {
  constexpr StringLiteral dim = R"mlir(
func.func @main(%x: tensor<?x3xf32>, %i: index) -> index {
  %d = tensor.dim %x, %i : tensor<?x3xf32>
  return %d : index
})mlir";
  Value x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(result(dim, {x, index(0)}).integers, (Integers{2}));
  EXPECT_EQ(result(dim, {x, index(1)}).integers, (Integers{3}));
  EXPECT_EQ(error(dim, {x, index(2)}),
            "test.mlir:3:8: 'tensor.dim' op expected an axis of a tensor of rank 2, found 2");
  EXPECT_NE(error(dim, {x, index(-1)}), "success");
}

TEST_F(TensorOpsTest, MakesEmptyTensorsOfNaN) {
  constexpr StringLiteral empty = R"mlir(
func.func @main(%n: index) -> tensor<?x2xf32> {
  %x = tensor.empty(%n) : tensor<?x2xf32>
  return %x : tensor<?x2xf32>
})mlir";
  EXPECT_EQ(text(result(empty, {index(1)})), "v: 1x2xf32 = [nan, nan]\n");
  EXPECT_EQ(error(empty, {index(-4)}),
            "test.mlir:3:8: 'tensor.empty' op expected dimensions of at least 0, found -4");
  EXPECT_EQ(error(empty, {index(int64_t(1) << 40)}),
            "test.mlir:3:8: 'tensor.empty' op expected a tensor of at most 2^30 elements, found "
            "the shape 1099511627776x2");
}

TEST_F(TensorOpsTest, ExpandsAndCollapses) {
  constexpr StringLiteral expand = R"mlir(
func.func @main(%x: tensor<?x?xf32>, %m: index, %h: index) -> tensor<?x?x2xf32> {
  %y = tensor.expand_shape %x [[0], [1, 2]] output_shape [%m, %h, 2]
      : tensor<?x?xf32> into tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
})mlir";
  Value x = floats({1, 4}, {1, 2, 3, 4});
  EXPECT_EQ(text(result(expand, {x, index(1), index(2)})), "v: 1x2x2xf32 = [1, 2, 3, 4]\n");
  EXPECT_EQ(error(expand, {x, index(1), index(3)}),
            "test.mlir:3:8: 'tensor.expand_shape' op expected sizes whose product is 4 for axis 1, "
            "found 3x2");
  EXPECT_NE(error(expand, {x, index(1), index(-2)}), "success");
  EXPECT_EQ(text(result(R"mlir(
func.func @main(%x: tensor<?x2x2xf32>) -> tensor<?x4xf32> {
  %y = tensor.collapse_shape %x [[0], [1, 2]] : tensor<?x2x2xf32> into tensor<?x4xf32>
  return %y : tensor<?x4xf32>
})mlir",
                        {floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})})),
            "v: 2x4xf32 = [1, 2, 3, 4, 5, 6, 7, 8]\n");
}

TEST_F(TensorOpsTest, ExtractsSlices) {
  constexpr StringLiteral slice = R"mlir(
func.func @main(%x: tensor<3x4xf32>, %o: index, %n: index) -> (tensor<?x2xf32>, tensor<?xf32>) {
  %y = tensor.extract_slice %x[%o, 1] [%n, 2] [1, 1] : tensor<3x4xf32> to tensor<?x2xf32>
  %z = tensor.extract_slice %x[%o, 3] [%n, 1] [1, 1] : tensor<3x4xf32> to tensor<?xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?xf32>
})mlir";
  Value x = floats({3, 4}, {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23});
  auto found = results(slice, {x, index(1), index(2)}, 2);
  EXPECT_EQ(text(found[0]), "v: 2x2xf32 = [11, 12, 21, 22]\n");
  EXPECT_EQ(text(found[1]), "v: 2xf32 = [13, 23]\n");
  EXPECT_EQ(text(results(slice, {x, index(3), index(0)}, 2)[0]), "v: 0x2xf32 = []\n");
  EXPECT_EQ(error(slice, {x, index(2), index(2)}),
            "test.mlir:3:8: 'tensor.extract_slice' op expected a slice inside of 3 elements on "
            "axis 0, found offset 2 and size 2");
  EXPECT_NE(error(slice, {x, index(-1), index(1)}), "success");
  EXPECT_NE(error(slice, {x, index(1), index(-1)}), "success");
  EXPECT_NE(error(slice, {x, index(INT64_MAX), index(INT64_MAX)}), "success");
}

TEST_F(TensorOpsTest, RefusesStrides) {
  EXPECT_EQ(error(R"mlir(
func.func @main(%x: tensor<4xf32>) -> tensor<2xf32> {
  %y = tensor.extract_slice %x[0] [2] [2] : tensor<4xf32> to tensor<2xf32>
  return %y : tensor<2xf32>
})mlir",
                  {floats({4}, {1, 2, 3, 4})}),
            "test.mlir:3:8: 'tensor.extract_slice' op expected strides of 1, found 2");
}

TEST_F(TensorOpsTest, InsertsSlices) {
  constexpr StringLiteral insert = R"mlir(
func.func @main(%x: tensor<?x2xi32>, %y: tensor<3x3xi32>, %o: index, %n: index) -> tensor<3x3xi32> {
  %z = tensor.insert_slice %x into %y[%o, 1] [%n, 2] [1, 1] : tensor<?x2xi32> into tensor<3x3xi32>
  return %z : tensor<3x3xi32>
})mlir";
  Value y = integers({3, 3}, Integers(9, 0)), x = integers({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(text(result(insert, {x, y, index(1), index(2)})),
            "v: 3x3xi32 = [0, 0, 0, 0, 1, 2, 0, 3, 4]\n");
  EXPECT_EQ(error(insert, {x, y, index(1), index(1)}),
            "test.mlir:3:8: 'tensor.insert_slice' op expected a source of the sizes of the slice, "
            "1x2, found 2x2");
  EXPECT_NE(error(insert, {x, y, index(2), index(2)}), "success");
}

TEST_F(TensorOpsTest, ExtractsElementsAndMakesTensorsOfThem) {
  constexpr StringLiteral swap = R"mlir(
func.func @main(%x: tensor<?xf32>, %i: index, %j: index) -> tensor<2xf32> {
  %a = tensor.extract %x[%i] : tensor<?xf32>
  %b = tensor.extract %x[%j] : tensor<?xf32>
  %y = tensor.from_elements %b, %a : tensor<2xf32>
  return %y : tensor<2xf32>
})mlir";
  Value x = floats({3}, {1, 2, 3});
  EXPECT_EQ(result(swap, {x, index(0), index(2)}).floats, (Floats{3, 1}));
  EXPECT_EQ(error(swap, {x, index(0), index(3)}),
            "test.mlir:4:8: 'tensor.extract' op expected an index below 3 on axis 0, found 3");
  EXPECT_NE(error(swap, {x, index(-1), index(0)}), "success");
}

} // namespace

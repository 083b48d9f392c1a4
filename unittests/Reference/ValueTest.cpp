//===- ValueTest.cpp ------------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorFixture.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace quench;
using namespace quench::reference;

namespace {

class ValueTest : public EvaluatorFixture {
protected:
  std::string problem(const Value &value) { return toString(value.verify()); }
};

TEST_F(ValueTest, CountsOfElementsAreBounded) {
  EXPECT_EQ(cantFail(countElements({})), 1);
  EXPECT_EQ(cantFail(countElements({3, 0, 5})), 0);
  EXPECT_EQ(cantFail(countElements({1 << 15, 1 << 15})), maxElements);
  EXPECT_EQ(toString(countElements({1 << 15, (1 << 15) + 1}).takeError()),
            "expected a tensor of at most 2^30 elements, found the shape 32768x32769");
  EXPECT_EQ(toString(countElements({0, -1}).takeError()),
            "expected dimensions of at least 0, found -1");
  EXPECT_TRUE(errorToBool(countElements({mlir::ShapedType::kDynamic}).takeError()));
}

TEST_F(ValueTest, RejectsCountsThatDoNotFitTheShape) {
  EXPECT_EQ(problem(floats({2, 2}, {1, 2, 3})), "expected 4 floats, found 3");
  EXPECT_EQ(problem(integers({2}, {1, 2, 3})), "expected 2 integers, found 3");
  EXPECT_EQ(problem(Value()), "expected a value, found none");
  EXPECT_EQ(problem(floats({2, 2}, {1, 2, 3, 4})), "");
}

TEST_F(ValueTest, RejectsElementsThatAreNotOfTheirType) {
  EXPECT_EQ(problem(integers({1}, {128}, 8)), "element 0, 128, is not a value of its type");
  EXPECT_EQ(problem(integers({1}, {-128}, 8)), "");
  auto f16 = mlir::Float16Type::get(&context);
  EXPECT_EQ(problem(Value::tensor(f16, {2}, Floats{1.0f, 1.0001f})),
            "element 1, 1.0001, is not a value of its type");
  EXPECT_EQ(problem(Value::tensor(f16, {1}, Floats{NAN})), "");
  auto f64 = mlir::Float64Type::get(&context);
  EXPECT_EQ(problem(Value::tensor(f64, {1}, Floats{1.0f})),
            "expected floats of at most 32 bits, integers of at most 64 bits or indices as "
            "elements, found f64");
}

TEST_F(ValueTest, RejectsPartsThatTheSchemeDoesNotHave) {
  QTensorType type =
      qtensor({1, 3}, "i4, range = [-7, 7], block = [1, 2], scale = f32, zero_point");
  EXPECT_EQ(problem(Value::quantized(type, {-7, 0, 7}, {1, 2}, {0, 1})), "");
  EXPECT_EQ(problem(Value::quantized(type, {-8, 0, 7}, {1, 2}, {0, 1})),
            "expected codes within [-7, 7], found -8 at element 0");
  EXPECT_EQ(problem(Value::quantized(type, {-7, 0, 7}, {1, 0}, {0, 1})),
            "expected finite scales that are not 0, found 0 for block 1");
  EXPECT_EQ(problem(Value::quantized(type, {-7, 0, 7}, {NAN, 1}, {0, 1})),
            "expected finite scales that are not 0, found nan for block 0");
  EXPECT_EQ(problem(Value::quantized(type, {-7, 0, 7}, {1, 2}, {0, 8})),
            "expected zero points within [-7, 7], found 8 for block 1");
  EXPECT_EQ(problem(Value::quantized(type, {-7, 0, 7}, {1, 2})),
            "expected 3 codes and 2 blocks, found 3 codes, 2 scales and 0 zero points");
}

TEST_F(ValueTest, RejectsRealZeroPointsThatAreMissingOrNotFinite) {
  Value value = Value::quantized(
      qtensor({1, 3}, "ui4, block = [1, 2], scale = f32, zero_point = f32"), {0, 1, 2}, {1, 2});
  EXPECT_EQ(problem(value),
            "expected 3 codes and 2 blocks, found 3 codes, 2 scales and 0 zero points");
  value.realZeroPoints = {0, -2.5f};
  EXPECT_EQ(problem(value), "");
  value.realZeroPoints = {0, NAN};
  EXPECT_EQ(problem(value), "expected finite zero points, found nan for block 1");
}

TEST_F(ValueTest, WrapsIntegersToTheirWidth) {
  EXPECT_EQ(wrapToType(integerType(8), 0x180), -128);
  EXPECT_EQ(wrapToType(integerType(4), 15), -1);
  EXPECT_EQ(wrapToType(integerType(1), 3), 1);
  EXPECT_EQ(wrapToType(integerType(64), ~uint64_t(0)), -1);
  auto ui4 = mlir::IntegerType::get(&context, 4, mlir::IntegerType::Unsigned);
  EXPECT_EQ(wrapToType(ui4, 31), 15);
}

TEST_F(ValueTest, PrintsWithEnoughDigitsToTellFloatsApart) {
  EXPECT_EQ(text(floats({1, 3}, {0.1f, -0.0f, std::nextafter(0.1f, 1.0f)})),
            "v: 1x3xf32 = [0.100000001, -0, 0.100000009]\n");
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(text(floats({3}, {infinity, -infinity, -NAN})), "v: 3xf32 = [inf, -inf, nan]\n");
  EXPECT_EQ(text(floats({}, {2.5f})), "v: f32 = [2.5]\n");
  EXPECT_EQ(text(floats({0, 4}, {})), "v: 0x4xf32 = []\n");
  EXPECT_EQ(text(index(7)), "v: index = 7\n");
  EXPECT_EQ(text(integers({2}, {-8, 7}, 4)), "v: 2xi4 = [-8, 7]\n");
  QTensorType type = qtensor({1, 3}, "i4, block = [1, 2], scale = f16, zero_point");
  EXPECT_EQ(text(Value::quantized(type, {-8, 0, 7}, {0.5f, 2}, {0, 1})),
            "v.codes: 1x3xi4 = [-8, 0, 7]\nv.scales: 1x2xf32 = [0.5, 2]\n"
            "v.zero_points: 1x2xi32 = [0, 1]\n");
}

} // namespace

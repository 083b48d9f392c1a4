//===- NNOpsWindow.cpp - Windows of images -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/NN/IR/NNOps.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace quench;
using namespace quench::nn;

/// The tensor that a value is or expresses.
static RankedTensorType expressedType(Value value) {
  auto quantized = dyn_cast<QTensorType>(value.getType());
  return quantized ? quantized.getExpressed() : cast<RankedTensorType>(value.getType());
}

static SchemeAttr schemeOf(Type type) {
  auto codes = dyn_cast<QTensorType>(type);
  return codes ? codes.getScheme() : SchemeAttr();
}

static bool compatible(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  return succeeded(verifyCompatibleShape(lhs, rhs));
}

static bool isWhole(int64_t extent) { return extent == SchemeAttr::kWhole; }

static bool hasOneScale(SchemeAttr scheme) {
  return scheme.isPerTensor() && scheme.hasPlainParameters();
}

/// The product of sizes of which any may be open.
static std::optional<int64_t> multiplySizes(ArrayRef<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) {
    if (ShapedType::isDynamic(size)) {
      return ShapedType::kDynamic;
    }
    if (llvm::MulOverflow(product, size, product)) {
      return std::nullopt;
    }
  }
  return product;
}

template <typename OpTy> static int64_t windowsAlong(OpTy op, int64_t axis) {
  int64_t size = expressedType(op.getInput()).getDimSize(axis + 1);
  if (ShapedType::isDynamic(size)) {
    return size;
  }
  const int64_t room = size - op.getDilations()[axis] * (op.getKernel()[axis] - 1) - 1;
  return room < 0 ? 0 : room / op.getStrides()[axis] + 1;
}

/// C1 and C2 of both ops, and how many windows there are.
template <typename OpTy> static FailureOr<int64_t> verifyWindows(OpTy op) {
  for (ArrayRef<int64_t> numbers : {op.getKernel(), op.getStrides(), op.getDilations()}) { // C1
    constexpr int64_t most = 1 << 20;
    if (numbers.size() != 2 ||
        !llvm::all_of(numbers, [](int64_t each) { return each >= 1 && each <= most; })) {
      return op.emitOpError("expected two numbers from 1 to 2^20 as kernel, strides and dilations");
    }
  }
  RankedTensorType input = expressedType(op.getInput());
  if (input.getRank() != 4) { // C2
    return op.emitOpError() << "expected an input of rank 4, found " << op.getInput().getType();
  }
  int64_t rows = windowsAlong(op, 0), columns = windowsAlong(op, 1);
  if (rows == 0 || columns == 0) { // C2
    return op.emitOpError() << "expected windows that fit into the image, found " << input;
  }
  std::optional<int64_t> count = multiplySizes({input.getDimSize(0), rows, columns});
  if (!count) {
    return op.emitOpError("expected fewer than 2^63 elements along each axis");
  }
  return *count;
}

Type UnfoldOp::rowsOf(Type input, int64_t rows, int64_t columns) {
  SchemeAttr scheme = schemeOf(input);
  Type element = scheme ? cast<QTensorType>(input).getExpressed().getElementType()
                        : getElementTypeOrSelf(input);
  auto matrix = RankedTensorType::get({rows, columns}, element);
  if (!scheme) {
    return matrix;
  }
  int64_t whole[] = {SchemeAttr::kWhole, SchemeAttr::kWhole};
  return QTensorType::get(matrix, scheme.withBlock(whole));
}

LogicalResult UnfoldOp::verify() {
  FailureOr<int64_t> height = verifyWindows(*this);
  if (failed(height)) {
    return failure();
  }
  RankedTensorType input = expressedType(getInput()), result = expressedType(getResult());
  SchemeAttr scheme = schemeOf(getInput().getType());
  if (scheme && !hasOneScale(scheme)) { // C4
    return emitOpError() << "expected one scale for all elements, found " << getInput().getType();
  }
  std::optional<int64_t> width =
      multiplySizes({getKernel()[0], getKernel()[1], input.getDimSize(3)});
  if (!width) { // C3
    return emitOpError("expected fewer than 2^63 elements along each axis");
  }
  Type expected = rowsOf(getInput().getType(), *height, *width);
  if (schemeOf(getResult().getType()) != schemeOf(expected) ||
      result.getElementType() != input.getElementType() ||
      !compatible(result.getShape(), {*height, *width})) { // C3, C4
    return emitOpError() << "expected rows of type " << expected << ", found "
                         << getResult().getType();
  }
  return success();
}

double DepthwiseConvOp::boundOfSums(SchemeAttr input, SchemeAttr filter, int64_t taps) {
  auto largest = [](SchemeAttr scheme) {
    double least = scheme.getCodeMin(), most = scheme.getCodeMax();
    return scheme.hasZeroPoints() ? most - least : std::max(-least, most);
  };
  return static_cast<double>(taps) * largest(input) * largest(filter);
}

LogicalResult DepthwiseConvOp::verify() {
  FailureOr<int64_t> rows = verifyWindows(*this);
  if (failed(rows)) {
    return failure();
  }
  const int64_t taps = getKernel()[0] * getKernel()[1];
  const int64_t channels = expressedType(getInput()).getDimSize(3);
  RankedTensorType filter = expressedType(getFilter());
  if (!compatible(filter.getShape(), {taps, channels})) { // C3
    return emitOpError() << "expected a filter of " << taps << " x channels, found "
                         << getFilter().getType();
  }
  if (getBias() &&
      !compatible(cast<RankedTensorType>(getBias().getType()).getShape(), {channels})) { // C3
    return emitOpError() << "expected a bias of each channel, found " << getBias().getType();
  }
  auto result = cast<RankedTensorType>(getResult().getType());
  if (!compatible(result.getShape(), {*rows, channels})) { // C3
    return emitOpError() << "expected a row for each window, found " << result;
  }
  SchemeAttr left = schemeOf(getInput().getType()), right = schemeOf(getFilter().getType());
  if (!left && !right) {
    return success();
  }
  auto isInteger = [](SchemeAttr scheme) { return scheme && scheme.isInteger(); };
  bool fits =
      isInteger(left) && isInteger(right) && hasOneScale(left) && isWhole(right.getBlock()[0]) &&
      (isWhole(right.getBlock()[1]) || right.getBlock()[1] == 1) && right.hasPlainParameters();
  if (!fits) { // C4
    return emitOpError() << "expected integer codes of both sides with one scale for the input and "
                            "one for each channel of the filter, found "
                         << getInput().getType() << " and " << getFilter().getType();
  }
  if (boundOfSums(left, right, taps) > std::numeric_limits<int32_t>::max()) { // C5
    return emitOpError() << "expected sums that fit i32, found " << taps << " products";
  }
  return success();
}

//===- TensorOps.cpp - Shapes and slices ----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

Value elementOf(const Value &tensor, int64_t place) {
  if (auto element = dyn_cast<FloatType>(tensor.elementType())) {
    return Value::scalar(element, tensor.floats[place]);
  }
  return Value::scalar(tensor.elementType(), tensor.integers[place]);
}

void setElement(Value &tensor, int64_t place, const Value &scalar) {
  if (isa<FloatType>(tensor.elementType())) {
    tensor.floats[place] = scalar.floats.front();
  } else {
    tensor.integers[place] = scalar.integers.front();
  }
}

static Expected<Value> evaluateDim(tensor::DimOp op, const Frame &frame) {
  ArrayRef<int64_t> shape = frame[op.getSource()].shape();
  int64_t axis = frame.index(op.getIndex());
  if (axis < 0 || axis >= static_cast<int64_t>(shape.size())) {
    return failure("expected an axis of a tensor of rank %zu, found %lld", shape.size(),
                   static_cast<long long>(axis));
  }
  return Value::scalar(op.getType(), shape[axis]);
}

/// Floats are NaN, so that results that depend on them show.
static Expected<Value> evaluateEmpty(tensor::EmptyOp op, const Frame &frame) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : op.getMixedSizes()) {
    shape.push_back(frame.index(size));
  }
  Expected<Value> result = makeTensor(op.getType().getElementType(), shape);
  if (result) {
    llvm::fill(result->floats, std::numeric_limits<float>::quiet_NaN());
  }
  return result;
}

/// The same elements in row-major order, seen in another shape.
static Expected<Value> reshape(const Value &source, ArrayRef<int64_t> shape) {
  Expected<int64_t> count = countElements(shape);
  if (!count) {
    return count.takeError();
  }
  Value result = source;
  result.type = RankedTensorType::get(shape, source.elementType());
  return result;
}

static Expected<Value> evaluateExpandShape(tensor::ExpandShapeOp op, const Frame &frame) {
  const Value &source = frame[op.getSrc()];
  SmallVector<int64_t> shape;
  for (OpFoldResult size : op.getMixedOutputShape()) {
    shape.push_back(frame.index(size));
  }
  for (auto [axis, group] : llvm::enumerate(op.getReassociationIndices())) {
    SmallVector<int64_t> sizes;
    for (int64_t index : group) {
      sizes.push_back(shape[index]);
    }
    Expected<int64_t> product = countElements(sizes);
    if (!product) {
      return product.takeError();
    }
    if (*product != source.shape()[axis]) {
      return failure("expected sizes whose product is %lld for axis %zu, found %s",
                     static_cast<long long>(source.shape()[axis]), axis,
                     shapeString(sizes).c_str());
    }
  }
  return reshape(source, shape);
}

static Expected<Value> evaluateCollapseShape(tensor::CollapseShapeOp op, const Frame &frame) {
  const Value &source = frame[op.getSrc()];
  SmallVector<int64_t> shape;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    SmallVector<int64_t> sizes;
    for (int64_t index : group) {
      sizes.push_back(source.shape()[index]);
    }
    Expected<int64_t> product = countElements(sizes);
    if (!product) {
      return product.takeError();
    }
    shape.push_back(*product);
  }
  return reshape(source, shape);
}

/// Resolves offsets and sizes and checks them against a tensor of this shape.
static Error resolveSlice(OffsetSizeAndStrideOpInterface op, const Frame &frame,
                          ArrayRef<int64_t> shape, SmallVectorImpl<int64_t> &offsets,
                          SmallVectorImpl<int64_t> &sizes) {
  for (auto [axis, dim] : llvm::enumerate(shape)) {
    offsets.push_back(frame.index(op.getMixedOffsets()[axis]));
    sizes.push_back(frame.index(op.getMixedSizes()[axis]));
    int64_t stride = frame.index(op.getMixedStrides()[axis]);
    if (stride != 1) {
      return failure("expected strides of 1, found %lld", static_cast<long long>(stride));
    }
    if (offsets[axis] < 0 || sizes[axis] < 0 || offsets[axis] > dim ||
        sizes[axis] > dim - offsets[axis]) {
      return failure("expected a slice inside of %lld elements on axis %zu, found offset %lld and "
                     "size %lld",
                     static_cast<long long>(dim), axis, static_cast<long long>(offsets[axis]),
                     static_cast<long long>(sizes[axis]));
    }
  }
  return Error::success();
}

/// `sizes` without the axes that a rank-reducing slice drops.
static SmallVector<int64_t> dropAxes(ArrayRef<int64_t> sizes, const SmallBitVector &dropped) {
  SmallVector<int64_t> result;
  for (auto [axis, size] : llvm::enumerate(sizes)) {
    if (!dropped.test(axis)) {
      result.push_back(size);
    }
  }
  return result;
}

/// Calls copy(position in the slice, position in the tensor) for each element of the slice.
static void forEachInSlice(ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                           ArrayRef<int64_t> shape,
                           llvm::function_ref<void(int64_t, int64_t)> copy) {
  forEachIndex(sizes, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> place(index);
    for (auto [coordinate, offset] : llvm::zip_equal(place, offsets)) {
      coordinate += offset;
    }
    copy(position(index, sizes), position(place, shape));
  });
}

static Expected<Value> evaluateExtractSlice(tensor::ExtractSliceOp op, const Frame &frame) {
  const Value &source = frame[op.getSource()];
  SmallVector<int64_t> offsets, sizes;
  if (Error error = resolveSlice(op, frame, source.shape(), offsets, sizes)) {
    return std::move(error);
  }
  Expected<Value> result = makeTensor(source.elementType(), dropAxes(sizes, op.getDroppedDims()));
  if (!result) {
    return result;
  }
  const bool isFloat = !source.floats.empty();
  forEachInSlice(offsets, sizes, source.shape(), [&](int64_t inSlice, int64_t inTensor) {
    if (isFloat) {
      result->floats[inSlice] = source.floats[inTensor];
    } else {
      result->integers[inSlice] = source.integers[inTensor];
    }
  });
  return result;
}

static Expected<Value> evaluateInsertSlice(tensor::InsertSliceOp op, const Frame &frame) {
  const Value &source = frame[op.getSource()];
  Value result = frame[op.getDest()];
  SmallVector<int64_t> offsets, sizes;
  if (Error error = resolveSlice(op, frame, result.shape(), offsets, sizes)) {
    return std::move(error);
  }
  if (source.shape() != ArrayRef<int64_t>(dropAxes(sizes, op.getDroppedDims()))) {
    return failure("expected a source of the sizes of the slice, %s, found %s",
                   shapeString(sizes).c_str(), shapeString(source.shape()).c_str());
  }
  const bool isFloat = !source.floats.empty();
  SmallVector<int64_t> shape(result.shape());
  forEachInSlice(offsets, sizes, shape, [&](int64_t inSlice, int64_t inTensor) {
    if (isFloat) {
      result.floats[inTensor] = source.floats[inSlice];
    } else {
      result.integers[inTensor] = source.integers[inSlice];
    }
  });
  return result;
}

static Expected<Value> evaluateCast(tensor::CastOp op, const Frame &frame) {
  return frame[op.getSource()];
}

/// The source in the middle, and around it what the region makes of the index.
static Expected<Value> evaluatePad(tensor::PadOp op, const Frame &frame) {
  const Value &source = frame[op.getSource()];
  SmallVector<int64_t> low, shape;
  for (auto [axis, size] : llvm::enumerate(source.shape())) {
    low.push_back(frame.index(op.getMixedLowPad()[axis]));
    shape.push_back(low[axis] + size + frame.index(op.getMixedHighPad()[axis]));
  }
  Expected<Value> result = makeTensor(source.elementType(), shape);
  if (!result) {
    return result;
  }
  Block &body = op.getRegion().front();
  Error failed = Error::success();
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> inside;
    bool isInside = true;
    for (auto [axis, size] : llvm::enumerate(source.shape())) {
      inside.push_back(index[axis] - low[axis]);
      isInside &= inside[axis] >= 0 && inside[axis] < size;
    }
    if (failed) {
      return;
    }
    int64_t place = position(index, shape);
    if (isInside) {
      setElement(*result, place, elementOf(source, position(inside, source.shape())));
      return;
    }
    Frame inner(frame, index);
    for (auto [axis, argument] : llvm::enumerate(body.getArguments())) {
      inner.set(argument, Value::scalar(argument.getType(), index[axis]));
    }
    failed = executeBody(body, inner);
    if (!failed) {
      setElement(*result, place, inner[body.getTerminator()->getOperand(0)]);
    }
  });
  if (failed) {
    return std::move(failed);
  }
  return result;
}

static Expected<Value> evaluateExtract(tensor::ExtractOp op, const Frame &frame) {
  const Value &source = frame[op.getTensor()];
  SmallVector<int64_t> index;
  for (auto [axis, operand] : llvm::enumerate(op.getIndices())) {
    index.push_back(frame.index(operand));
    if (index[axis] < 0 || index[axis] >= source.shape()[axis]) {
      return failure("expected an index below %lld on axis %zu, found %lld",
                     static_cast<long long>(source.shape()[axis]), axis,
                     static_cast<long long>(index[axis]));
    }
  }
  return elementOf(source, position(index, source.shape()));
}

static Expected<Value> evaluateFromElements(tensor::FromElementsOp op, const Frame &frame) {
  Expected<Value> result = makeTensor(op.getType().getElementType(), op.getType().getShape());
  if (!result) {
    return result;
  }
  for (auto [i, operand] : llvm::enumerate(op.getElements())) {
    const Value &element = frame[operand];
    if (element.floats.empty()) {
      result->integers[i] = element.integers.front();
    } else {
      result->floats[i] = element.floats.front();
    }
  }
  return result;
}

void addTensorOps(OpTable &table) {
  table.add<tensor::DimOp>(evaluateDim);
  table.add<tensor::EmptyOp>(evaluateEmpty);
  table.add<tensor::ExpandShapeOp>(evaluateExpandShape);
  table.add<tensor::CollapseShapeOp>(evaluateCollapseShape);
  table.add<tensor::ExtractSliceOp>(evaluateExtractSlice);
  table.add<tensor::InsertSliceOp>(evaluateInsertSlice);
  table.add<tensor::CastOp>(evaluateCast);
  table.add<tensor::PadOp>(evaluatePad);
  table.add<tensor::ExtractOp>(evaluateExtract);
  table.add<tensor::FromElementsOp>(evaluateFromElements);
}

} // namespace quench::reference

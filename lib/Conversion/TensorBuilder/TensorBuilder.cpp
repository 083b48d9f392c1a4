//===- TensorBuilder.cpp - Structured ops with few words -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

static AffineMap readMap(MLIRContext *context, const LoopOperand &operand, unsigned numLoops) {
  SmallVector<AffineExpr> exprs;
  for (int64_t loop : operand.loops) {
    exprs.push_back(loop == LoopOperand::first ? getAffineConstantExpr(0, context)
                                               : getAffineDimExpr(loop, context));
  }
  return AffineMap::get(numLoops, /*symbolCount=*/0, exprs, context);
}

SmallVector<Value> TensorBuilder::generic(StringRef iterators, ArrayRef<LoopOperand> inputs,
                                          ArrayRef<LoopOperand> inits, Body body) {
  SmallVector<utils::IteratorType> kinds;
  for (char letter : iterators) {
    kinds.push_back(letter == 'p' ? utils::IteratorType::parallel : utils::IteratorType::reduction);
  }
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputTensors, initTensors;
  for (const LoopOperand &operand : inputs) {
    maps.push_back(readMap(getContext(), operand, kinds.size()));
    inputTensors.push_back(operand.tensor);
  }
  for (const LoopOperand &operand : inits) {
    maps.push_back(readMap(getContext(), operand, kinds.size()));
    initTensors.push_back(operand.tensor);
  }
  auto op =
      linalg::GenericOp::create(*this, TypeRange(initTensors), inputTensors, initTensors, maps,
                                kinds, [&](OpBuilder &nested, Location loc, ValueRange elements) {
                                  TensorBuilder inner(loc, nested);
                                  linalg::YieldOp::create(inner, body(inner, elements));
                                });
  return llvm::to_vector_of<Value>(op.getResults());
}

Value TensorBuilder::generic(StringRef iterators, ArrayRef<LoopOperand> inputs, LoopOperand init,
                             function_ref<Value(TensorBuilder &, ValueRange)> body) {
  return generic(iterators, inputs, ArrayRef<LoopOperand>(init),
                 [&](TensorBuilder &b, ValueRange elements) {
                   return SmallVector<Value>{body(b, elements)};
                 })
      .front();
}

Value TensorBuilder::linear(Value lhs, Value rhs, Value bias, RankedTensorType resultType) {
  Value zeros = filled(resultType, {size(lhs, 0), size(rhs, 0)}, f32(0.0f));
  Value sums = generic("ppr", {{lhs, {0, 2}}, {rhs, {1, 2}}}, {zeros, {0, 1}},
                       [](TensorBuilder &b, ValueRange v) -> Value {
                         Value product = arith::MulFOp::create(b, b.toF32(v[0]), b.toF32(v[1]));
                         return arith::AddFOp::create(b, v[2], product);
                       });
  if (!bias) {
    return sums;
  }
  return generic("pp", {{bias, {1}}}, {sums, {0, 1}}, [](TensorBuilder &b, ValueRange v) -> Value {
    return arith::AddFOp::create(b, v[1], v[0]);
  });
}

/// N, OH and OW.
static SmallVector<OpFoldResult> countWindows(TensorBuilder &b, Value images,
                                              ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                                              ArrayRef<int64_t> dilations) {
  SmallVector<OpFoldResult> own = b.sizes(images);
  SmallVector<OpFoldResult> windows = {own[0]};
  for (int64_t axis : {0, 1}) {
    AffineExpr pixels = b.getAffineDimExpr(0);
    AffineExpr room = pixels - (dilations[axis] * (kernel[axis] - 1) + 1);
    AffineMap count = AffineMap::get(1, 0, room.floorDiv(strides[axis]) + 1);
    windows.push_back(affine::makeComposedFoldedAffineApply(b, b.getLoc(), count, {own[axis + 1]}));
  }
  return windows;
}

Value TensorBuilder::unfold(Value images, ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                            ArrayRef<int64_t> dilations, RankedTensorType resultType) {
  SmallVector<OpFoldResult> windows = countWindows(*this, images, kernel, strides, dilations);
  windows.append({getIndexAttr(kernel[0]), getIndexAttr(kernel[1]), size(images, 3)});
  // Loops: n, y, x, i, j, c.
  auto loop = [&](unsigned position) { return getAffineDimExpr(position); };
  AffineMap from = AffineMap::get(6, 0,
                                  {loop(0), loop(1) * strides[0] + loop(3) * dilations[0],
                                   loop(2) * strides[1] + loop(4) * dilations[1], loop(5)},
                                  getContext());
  Value taken = tensor::EmptyOp::create(*this, windows, getElementTypeOrSelf(images));
  SmallVector<utils::IteratorType> loops(6, utils::IteratorType::parallel);
  auto copy = linalg::GenericOp::create(*this, taken.getType(), images, taken,
                                        ArrayRef<AffineMap>{from, getMultiDimIdentityMap(6)}, loops,
                                        [](OpBuilder &nested, Location loc, ValueRange elements) {
                                          linalg::YieldOp::create(nested, loc, elements[0]);
                                        });
  SmallVector<ReassociationIndices> axes = {{0, 1, 2}, {3, 4, 5}};
  return castTo(resultType, tensor::CollapseShapeOp::create(*this, copy.getResult(0), axes));
}

Value TensorBuilder::depthwise(Value images, Value filter, ArrayRef<int64_t> kernel,
                               ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations,
                               RankedTensorType resultType) {
  SmallVector<OpFoldResult> windows = countWindows(*this, images, kernel, strides, dilations);
  windows.push_back(size(images, 3));
  Type element = resultType.getElementType();
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(element));
  Value empty = tensor::EmptyOp::create(*this, windows, element);
  Value zeros = linalg::FillOp::create(*this, zero, empty).getResult(0);
  int64_t channels = cast<RankedTensorType>(filter.getType()).getDimSize(1);
  Type weight = getElementTypeOrSelf(filter);
  Value rows = castTo(RankedTensorType::get({kernel[0] * kernel[1], channels}, weight), filter);
  SmallVector<ReassociationIndices> pixels = {{0, 1}, {2}};
  SmallVector<OpFoldResult> sizes = {getIndexAttr(kernel[0]), getIndexAttr(kernel[1]),
                                     size(filter, 1)};
  Value taps = tensor::ExpandShapeOp::create(
      *this, RankedTensorType::get({kernel[0], kernel[1], channels}, weight), rows, pixels, sizes);
  Value sums = linalg::DepthwiseConv2DNhwcHwcOp::create(
                   *this, zeros.getType(), ValueRange{images, taps}, ValueRange{zeros},
                   getI64VectorAttr(strides), getI64VectorAttr(dilations))
                   .getResult(0);
  SmallVector<ReassociationIndices> axes = {{0, 1, 2}, {3}};
  return castTo(resultType, tensor::CollapseShapeOp::create(*this, sums, axes));
}

Value TensorBuilder::empty(RankedTensorType type, ArrayRef<OpFoldResult> sizes) {
  SmallVector<Value> dynamic;
  for (auto [dim, size] : llvm::zip_equal(type.getShape(), sizes)) {
    if (ShapedType::isDynamic(dim)) {
      dynamic.push_back(toIndex(size));
    }
  }
  return tensor::EmptyOp::create(*this, type, dynamic);
}

Value TensorBuilder::filled(RankedTensorType type, ArrayRef<OpFoldResult> sizes, Value value) {
  return linalg::FillOp::create(*this, value, empty(type, sizes)).getResult(0);
}

SmallVector<OpFoldResult> TensorBuilder::sizes(Value tensor) {
  SmallVector<OpFoldResult> result;
  for (int64_t axis : allLoops(cast<RankedTensorType>(tensor.getType()).getRank())) {
    result.push_back(size(tensor, axis));
  }
  return result;
}

OpFoldResult TensorBuilder::size(Value tensor, int64_t axis) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(axis)) {
    return getIndexAttr(type.getDimSize(axis));
  }
  // Not folded: a size that is known where the type is dynamic makes types that do not fit.
  return tensor::DimOp::create(*this, tensor, axis).getResult();
}

Value TensorBuilder::slice(Value tensor, ArrayRef<OpFoldResult> offsets,
                           ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(offsets.size(), getIndexAttr(1));
  return tensor::ExtractSliceOp::create(*this, tensor, offsets, sizes, strides);
}

Value TensorBuilder::castTo(RankedTensorType type, Value tensor) {
  return tensor.getType() == type ? tensor
                                  : tensor::CastOp::create(*this, type, tensor).getResult();
}

Value TensorBuilder::f32(float value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}

Value TensorBuilder::integer(Type integerOrIndex, int64_t value) {
  return arith::ConstantOp::create(*this, getIntegerAttr(integerOrIndex, value));
}

Value TensorBuilder::toF32(Value value) {
  return value.getType().isF32() ? value
                                 : arith::ExtFOp::create(*this, getF32Type(), value).getResult();
}

Value TensorBuilder::toIndex(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(*this, getLoc(), size);
}

Value TensorBuilder::loopIndex(int64_t loop) { return linalg::IndexOp::create(*this, loop); }

std::string quench::parallelLoops(int64_t rank) { return std::string(rank, 'p'); }

SmallVector<int64_t> quench::allLoops(int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(0, rank));
}

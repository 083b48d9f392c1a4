//===- NNShapes.cpp - Sizes of results from those of operands -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;
using namespace quench::nn;

static OpFoldResult sizeOf(OpBuilder &b, Location loc, Value tensor, int64_t axis) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(axis)) {
    return b.getIndexAttr(type.getDimSize(axis));
  }
  return tensor::DimOp::create(b, loc, tensor, axis).getResult();
}

/// The sizes of `tensor` are those of the only result.
static LogicalResult reifyAs(OpBuilder &b, Location loc, Value tensor,
                             ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> sizes;
  for (int64_t axis = 0; axis < cast<RankedTensorType>(tensor.getType()).getRank(); ++axis) {
    sizes.push_back(sizeOf(b, loc, tensor, axis));
  }
  shapes.push_back(std::move(sizes));
  return success();
}

LogicalResult EmbeddingOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  auto rows = dyn_cast<RankedTensorType>(getResult().getType());
  if (!rows) {
    return failure();
  }
  shapes.push_back({sizeOf(b, getLoc(), getTokens(), 0), sizeOf(b, getLoc(), getTable(), 1)});
  return success();
}

LogicalResult LinearOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back({sizeOf(b, getLoc(), getInput(), 0), sizeOf(b, getLoc(), getWeight(), 0)});
  return success();
}

/// How many windows fit along an axis of so many pixels.
template <typename OpTy>
static OpFoldResult windowsAlong(OpBuilder &b, OpTy op, int64_t axis, OpFoldResult size) {
  Location loc = op.getLoc();
  int64_t beyond = op.getDilations()[axis] * (op.getKernel()[axis] - 1) + 1;
  if (std::optional<int64_t> known = getConstantIntValue(size)) {
    return b.getIndexAttr((*known - beyond) / op.getStrides()[axis] + 1);
  }
  auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); };
  Value room = arith::SubIOp::create(b, loc, cast<Value>(size), constant(beyond));
  Value steps = arith::DivSIOp::create(b, loc, room, constant(op.getStrides()[axis]));
  return arith::AddIOp::create(b, loc, steps, constant(1)).getResult();
}

static OpFoldResult productOf(OpBuilder &b, Location loc, OpFoldResult lhs, OpFoldResult rhs) {
  std::optional<int64_t> left = getConstantIntValue(lhs), right = getConstantIntValue(rhs);
  if (left && right) {
    return b.getIndexAttr(*left * *right);
  }
  Value x = getValueOrCreateConstantIndexOp(b, loc, lhs);
  Value y = getValueOrCreateConstantIndexOp(b, loc, rhs);
  return arith::MulIOp::create(b, loc, x, y).getResult();
}

/// The windows of all images.
template <typename OpTy> static OpFoldResult countRows(OpBuilder &b, OpTy op) {
  OpFoldResult rows = sizeOf(b, op.getLoc(), op.getInput(), 0);
  for (int64_t axis : {0, 1}) {
    OpFoldResult size = sizeOf(b, op.getLoc(), op.getInput(), axis + 1);
    rows = productOf(b, op.getLoc(), rows, windowsAlong(b, op, axis, size));
  }
  return rows;
}

LogicalResult UnfoldOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  if (!isa<RankedTensorType>(getInput().getType())) {
    return failure();
  }
  OpFoldResult rows = countRows(b, *this), taps = b.getIndexAttr(getKernel()[0] * getKernel()[1]);
  shapes.push_back({rows, productOf(b, getLoc(), taps, sizeOf(b, getLoc(), getInput(), 3))});
  return success();
}

LogicalResult DepthwiseConvOp::reifyResultShapes(OpBuilder &b,
                                                 ReifiedRankedShapedTypeDims &shapes) {
  if (!isa<RankedTensorType>(getInput().getType())) {
    return failure();
  }
  OpFoldResult rows = countRows(b, *this);
  shapes.push_back({rows, sizeOf(b, getLoc(), getInput(), 3)});
  return success();
}

LogicalResult RotaryTableOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  shapes.assign(2, {getAsOpFoldResult(getLength()), sizeOf(b, getLoc(), getFrequencies(), 0)});
  return success();
}

LogicalResult RotaryEmbeddingOp::reifyResultShapes(OpBuilder &b,
                                                   ReifiedRankedShapedTypeDims &shapes) {
  return reifyAs(b, getLoc(), getInput(), shapes);
}

LogicalResult CacheUpdateOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyAs(b, getLoc(), getCache(), shapes);
}

LogicalResult AttentionOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyAs(b, getLoc(), getQuery(), shapes);
}

LogicalResult RMSNormOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyAs(b, getLoc(), getInput(), shapes);
}

LogicalResult LayerNormOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyAs(b, getLoc(), getInput(), shapes);
}

LogicalResult SiLUOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  return reifyAs(b, getLoc(), getInput(), shapes);
}

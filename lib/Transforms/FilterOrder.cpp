//===- FilterOrder.cpp - Tensors and filters in another order -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FilterOrder.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

Value quench::transpose(ImplicitLocOpBuilder &b, Value value, Order order) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), value);
  Value empty =
      tensor::EmptyOp::create(b, reorder<OpFoldResult>(sizes, order), getElementTypeOrSelf(value));
  return linalg::TransposeOp::create(b, value, empty, order)->getResult(0);
}

/// A constant in another order; null for other values.
static Value transposeConstant(ImplicitLocOpBuilder &b, Value value, Order order) {
  DenseElementsAttr elements;
  auto type = dyn_cast_or_null<RankedTensorType>(value ? value.getType() : Type());
  if (!type || type.getElementType().isInteger(1) || type.getNumElements() == 0 ||
      !matchPattern(value, m_Constant(&elements))) {
    return {};
  }
  auto moved = type.clone(reorder<int64_t>(type.getShape(), order));
  ImplicitLocOpBuilder at(value.getLoc(), b);
  if (elements.isSplat()) {
    return arith::ConstantOp::create(at, elements.resizeSplat(moved));
  }
  SmallVector<int64_t> strides = reorder<int64_t>(computeStrides(type.getShape()), order);
  ArrayRef<char> from = elements.getRawData();
  size_t width = from.size() / type.getNumElements();
  std::vector<char> to;
  to.reserve(from.size());
  SmallVector<int64_t> index(moved.getRank(), 0);
  for (int64_t count = type.getNumElements(); count > 0; --count) {
    ArrayRef<char> element = from.slice(linearize(index, strides) * width, width);
    to.insert(to.end(), element.begin(), element.end());
    for (int64_t axis = moved.getRank() - 1; axis >= 0; --axis) {
      if (++index[axis] < moved.getDimSize(axis)) {
        break;
      }
      index[axis] = 0;
    }
  }
  return arith::ConstantOp::create(at, DenseElementsAttr::getFromRawBuffer(moved, to));
}

Value quench::transposeFilter(ImplicitLocOpBuilder &b, Value filter, Order order) {
  if (Value constant = transposeConstant(b, filter, order)) {
    return constant;
  }
  auto dequantize = filter.getDefiningOp<DequantizeOp>();
  auto assemble = dequantize ? dequantize.getInput().getDefiningOp<AssembleOp>() : AssembleOp();
  SchemeAttr scheme = assemble ? assemble.getResult().getType().getScheme() : SchemeAttr();
  if (!scheme || !scheme.hasPlainParameters()) {
    return transpose(b, filter, order);
  }
  Value codes = transposeConstant(b, assemble.getCodes(), order);
  Value scales = transposeConstant(b, assemble.getScales(), order);
  Value zeroPoints = transposeConstant(b, assemble.getZeroPoints(), order);
  if (!codes || !scales || (assemble.getZeroPoints() && !zeroPoints)) {
    return transpose(b, filter, order);
  }
  RankedTensorType expressed = assemble.getResult().getType().getExpressed();
  auto type = QTensorType::get(expressed.clone(reorder<int64_t>(expressed.getShape(), order)),
                               scheme.withBlock(reorder<int64_t>(scheme.getBlock(), order)));
  ImplicitLocOpBuilder at(assemble.getLoc(), b);
  Value moved = AssembleOp::create(at, type, codes, scales, zeroPoints);
  return DequantizeOp::create(at, type.getExpressed(), moved);
}

/// A constant of another shape; null for other values.
static Value reshapeConstant(ImplicitLocOpBuilder &b, Value value, ArrayRef<int64_t> shape) {
  DenseElementsAttr elements;
  if (!value || !matchPattern(value, m_Constant(&elements))) {
    return {};
  }
  ImplicitLocOpBuilder at(value.getLoc(), b);
  return arith::ConstantOp::create(at, elements.reshape(elements.getType().clone(shape)));
}

Value quench::withoutUnitAxis(ImplicitLocOpBuilder &b, Value filter) {
  auto collapse = filter.getDefiningOp<tensor::CollapseShapeOp>();
  auto drop = [](ArrayRef<int64_t> sizes) -> SmallVector<int64_t> {
    return {sizes[0], sizes[2], sizes[3]};
  };
  if (!collapse || collapse.getSrcType().getRank() != 4 ||
      collapse.getSrcType().getDimSize(1) != 1 ||
      collapse.getType().getShape() != ArrayRef<int64_t>(drop(collapse.getSrcType().getShape()))) {
    return filter;
  }
  if (Value constant = reshapeConstant(b, collapse.getSrc(), collapse.getType().getShape())) {
    return constant;
  }
  auto dequantize = collapse.getSrc().getDefiningOp<DequantizeOp>();
  auto assemble = dequantize ? dequantize.getInput().getDefiningOp<AssembleOp>() : AssembleOp();
  SchemeAttr scheme = assemble ? assemble.getResult().getType().getScheme() : SchemeAttr();
  if (!scheme || !scheme.hasPlainParameters()) {
    return filter;
  }
  auto reshape = [&](Value part) {
    return part ? reshapeConstant(b, part, drop(cast<RankedTensorType>(part.getType()).getShape()))
                : Value();
  };
  Value codes = reshape(assemble.getCodes()), scales = reshape(assemble.getScales());
  Value zeroPoints = reshape(assemble.getZeroPoints());
  if (!codes || !scales || (assemble.getZeroPoints() && !zeroPoints)) {
    return filter;
  }
  auto type = QTensorType::get(cast<RankedTensorType>(filter.getType()),
                               scheme.withBlock(drop(scheme.getBlock())));
  ImplicitLocOpBuilder at(assemble.getLoc(), b);
  Value parts = AssembleOp::create(at, type, codes, scales, zeroPoints);
  return DequantizeOp::create(at, type.getExpressed(), parts);
}

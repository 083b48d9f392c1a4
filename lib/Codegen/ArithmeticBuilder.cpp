//===- ArithmeticBuilder.cpp - Arithmetic and loops of kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ArithmeticBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace quench;

MemRefType ArithmeticBuilder::bufferType(ArrayRef<int64_t> shape, Type element) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 2; axis >= 0; --axis) {
    strides[axis] = ShapedType::isDynamic(shape[axis + 1]) ? ShapedType::kDynamic
                                                           : strides[axis + 1] * shape[axis + 1];
  }
  auto layout = StridedLayoutAttr::get(element.getContext(), ShapedType::kDynamic, strides);
  return MemRefType::get(shape, element, layout);
}

Value ArithmeticBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}
Value ArithmeticBuilder::i32(int32_t value) {
  return arith::ConstantIntOp::create(*this, value, 32);
}
Value ArithmeticBuilder::f32(float value) {
  return arith::ConstantOp::create(*this, getF32FloatAttr(value));
}
static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

Value ArithmeticBuilder::add(Value lhs, Value rhs) {
  return isFloat(lhs) ? Value(arith::AddFOp::create(*this, lhs, rhs))
                      : Value(arith::AddIOp::create(*this, lhs, rhs));
}
Value ArithmeticBuilder::sub(Value lhs, Value rhs) {
  return isFloat(lhs) ? Value(arith::SubFOp::create(*this, lhs, rhs))
                      : Value(arith::SubIOp::create(*this, lhs, rhs));
}
Value ArithmeticBuilder::mul(Value lhs, Value rhs) {
  return isFloat(lhs) ? Value(arith::MulFOp::create(*this, lhs, rhs))
                      : Value(arith::MulIOp::create(*this, lhs, rhs));
}
Value ArithmeticBuilder::div(Value lhs, Value rhs) {
  return isFloat(lhs) ? Value(arith::DivFOp::create(*this, lhs, rhs))
                      : Value(arith::DivUIOp::create(*this, lhs, rhs));
}
// A comparison and a selection are one instruction on x86; maxnum, which looks at both sides for
// NaN, are three.
Value ArithmeticBuilder::maximum(Value lhs, Value rhs) {
  if (!isFloat(lhs)) {
    return arith::MaxSIOp::create(*this, lhs, rhs);
  }
  Value isLarger = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, lhs, rhs);
  return arith::SelectOp::create(*this, isLarger, lhs, rhs);
}
Value ArithmeticBuilder::minimum(Value lhs, Value rhs) {
  if (!isFloat(lhs)) {
    return arith::MinSIOp::create(*this, lhs, rhs);
  }
  Value isSmaller = arith::CmpFOp::create(*this, arith::CmpFPredicate::OLT, lhs, rhs);
  return arith::SelectOp::create(*this, isSmaller, lhs, rhs);
}
void ArithmeticBuilder::loop(Value begin, Value end, Value step, const LoopBody &body) {
  loop(begin, end, step, {}, [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>();
  });
}

SmallVector<Value> ArithmeticBuilder::loop(Value begin, Value end, Value step, ValueRange initial,
                                           const CarryingLoopBody &body) {
  auto loop = scf::ForOp::create(*this, begin, end, step, initial);
  OpBuilder::InsertionGuard guard(*this);
  if (initial.empty()) {
    setInsertionPoint(loop.getBody()->getTerminator());
  } else {
    setInsertionPointToEnd(loop.getBody());
  }
  SmallVector<Value> carried = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!initial.empty()) {
    scf::YieldOp::create(*this, carried);
  }
  return SmallVector<Value>(loop.getResults());
}

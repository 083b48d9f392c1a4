//===- ConversionOps.cpp - From one element type to another ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

/// A value of the shape of `input` and the element type of the op's result, without elements.
static Value emptyResult(Operation *op, const Value &input) {
  mlir::Type element = getElementTypeOrSelf(op->getResult(0).getType());
  Value result;
  result.type = isa<RankedTensorType>(input.type)
                    ? mlir::Type(RankedTensorType::get(input.shape(), element))
                    : element;
  return result;
}

static uint64_t zeroExtended(mlir::Type element, int64_t value) {
  unsigned width = isa<IndexType>(element) ? 64 : element.getIntOrFloatBitWidth();
  return width == 64 ? value : static_cast<uint64_t>(value) & ((uint64_t(1) << width) - 1);
}

static int64_t signExtended(mlir::Type element, int64_t value) {
  return element.isInteger(1) ? -value : value;
}

/// Integer to integer. Truncation needs no care of its own: it drops bits as wrapping does.
template <typename OpTy, bool isSigned>
static Expected<Value> convertInteger(OpTy op, const Frame &frame) {
  const Value &input = frame[op.getIn()];
  Value result = emptyResult(op, input);
  for (int64_t value : input.integers) {
    uint64_t bits = isSigned ? signExtended(input.elementType(), value)
                             : zeroExtended(input.elementType(), value);
    result.integers.push_back(wrapToType(result.elementType(), bits));
  }
  return result;
}

/// Both round to nearest even; widening is exact.
template <typename OpTy> static Expected<Value> convertFloat(OpTy op, const Frame &frame) {
  const Value &input = frame[op.getIn()];
  Value result = emptyResult(op, input);
  if (!result.elementType().isF32() && result.elementType().getIntOrFloatBitWidth() > 16) {
    return failure("expected a result of at most 32 bits");
  }
  for (float value : input.floats) {
    result.floats.push_back(roundToType(result.elementType(), value));
  }
  return result;
}

static Expected<Value> evaluateSIToFP(arith::SIToFPOp op, const Frame &frame) {
  const Value &input = frame[op.getIn()];
  Value result = emptyResult(op, input);
  if (!result.elementType().isF32()) {
    // Through f32 an integer would be rounded twice.
    return failure("expected a result of f32 elements");
  }
  for (int64_t value : input.integers) {
    result.floats.push_back(static_cast<float>(signExtended(input.elementType(), value)));
  }
  return result;
}

static Expected<Value> evaluateFPToSI(arith::FPToSIOp op, const Frame &frame) {
  const Value &input = frame[op.getIn()];
  Value result = emptyResult(op, input);
  double limit = std::ldexp(1.0, result.elementType().getIntOrFloatBitWidth() - 1);
  for (float value : input.floats) {
    double truncated = std::trunc(static_cast<double>(value));
    if (!(truncated >= -limit && truncated < limit)) {
      return failure("has no defined result for %g", value);
    }
    result.integers.push_back(wrapToType(result.elementType(), static_cast<int64_t>(truncated)));
  }
  return result;
}

void addConversionOps(OpTable &table) {
  table.add<arith::ExtSIOp>(convertInteger<arith::ExtSIOp, true>);
  table.add<arith::ExtUIOp>(convertInteger<arith::ExtUIOp, false>);
  table.add<arith::TruncIOp>(convertInteger<arith::TruncIOp, true>);
  table.add<arith::IndexCastOp>(convertInteger<arith::IndexCastOp, true>);
  table.add<arith::IndexCastUIOp>(convertInteger<arith::IndexCastUIOp, false>);
  table.add<arith::ExtFOp>(convertFloat<arith::ExtFOp>);
  table.add<arith::TruncFOp>(convertFloat<arith::TruncFOp>);
  table.add<arith::SIToFPOp>(evaluateSIToFP);
  table.add<arith::FPToSIOp>(evaluateFPToSI);
}

} // namespace quench::reference

//===- ArithOps.cpp - Constants and element-wise arithmetic ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scalars and tensors alike, one element at a time. Float arithmetic is in f32, rounded once more
// for narrower types, which is exact for the four basic operations. Where an op is undefined
// (division by zero, a shift by the whole width), the evaluator fails.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

static Error verifySameShape(const Value &lhs, const Value &rhs) {
  if (lhs.shape() == rhs.shape()) {
    return Error::success();
  }
  return failure("expected operands of the same shape, found %s and %s",
                 shapeString(lhs.shape()).c_str(), shapeString(rhs.shape()).c_str());
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static float toFloat(APFloat value) {
  bool losesInfo = false;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToFloat();
}

Expected<Value> evaluateElements(ElementsAttr attribute) {
  auto elements = dyn_cast<DenseElementsAttr>(attribute);
  if (!elements) {
    return failure("expected a number or dense elements");
  }
  Expected<Value> result = makeTensor(elements.getElementType(), elements.getType().getShape());
  if (!result) {
    return result;
  }
  if (isa<FloatType>(elements.getElementType())) {
    llvm::transform(elements.getValues<APFloat>(), result->floats.begin(), toFloat);
    return result;
  }
  llvm::transform(elements.getValues<APInt>(), result->integers.begin(), [&](const APInt &value) {
    return wrapToType(elements.getElementType(), value.getRawData()[0]);
  });
  return result;
}

static Expected<Value> evaluateConstant(arith::ConstantOp op, const Frame &) {
  // Refuses element types that a value cannot hold before their data is looked at.
  Value empty;
  empty.type = RankedTensorType::get({0}, getElementTypeOrSelf(op.getType()));
  if (Error error = empty.verify()) {
    return std::move(error);
  }
  if (auto integer = dyn_cast<IntegerAttr>(op.getValue())) {
    return Value::scalar(op.getType(), static_cast<int64_t>(integer.getValue().getRawData()[0]));
  }
  if (auto floating = dyn_cast<FloatAttr>(op.getValue())) {
    return Value::scalar(cast<FloatType>(op.getType()), toFloat(floating.getValue()));
  }
  auto elements = dyn_cast<ElementsAttr>(op.getValue());
  if (!elements) {
    return failure("expected a number or dense elements");
  }
  return evaluateElements(elements);
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

using FloatFunction = float (*)(float, float);

float maximum(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) {
    return a + b;
  }
  return a == b ? (std::signbit(a) ? b : a) : std::fmax(a, b);
}
float minimum(float a, float b) { return -maximum(-a, -b); }

static Expected<Results> evaluateFloats(Operation *op, const Frame &frame, FloatFunction function) {
  const Value &lhs = frame[op->getOperand(0)];
  const Value &rhs = frame[op->getOperands().back()];
  if (Error error = verifySameShape(lhs, rhs)) {
    return std::move(error);
  }
  Value result = lhs;
  for (size_t i = 0; i < result.floats.size(); ++i) {
    result.floats[i] = roundToType(lhs.elementType(), function(lhs.floats[i], rhs.floats[i]));
  }
  return Results{result};
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// Of operands as stored and of the same operands zero-extended; nothing where it is undefined.
/// Bits above the width are dropped afterwards.
struct IntegerOperands {
  int64_t lhs, rhs;
  uint64_t unsignedLhs, unsignedRhs;
  unsigned width;
};
using IntegerFunction = std::optional<uint64_t> (*)(const IntegerOperands &);

static unsigned widthOf(mlir::Type element) {
  return isa<IndexType>(element) ? 64 : element.getIntOrFloatBitWidth();
}

static IntegerOperands operandsOf(mlir::Type element, int64_t lhs, int64_t rhs) {
  unsigned width = widthOf(element);
  uint64_t mask = width == 64 ? ~uint64_t(0) : (uint64_t(1) << width) - 1;
  // i1 is kept as 0 or 1; as a signed number it is 0 or -1.
  auto asSigned = [&](int64_t value) { return width == 1 ? -value : value; };
  return {asSigned(lhs), asSigned(rhs), static_cast<uint64_t>(lhs) & mask,
          static_cast<uint64_t>(rhs) & mask, width};
}

static Expected<Results> evaluateIntegers(Operation *op, const Frame &frame,
                                          IntegerFunction function) {
  const Value &lhs = frame[op->getOperand(0)];
  const Value &rhs = frame[op->getOperand(1)];
  if (Error error = verifySameShape(lhs, rhs)) {
    return std::move(error);
  }
  Value result = lhs;
  for (size_t i = 0; i < result.integers.size(); ++i) {
    std::optional<uint64_t> bits =
        function(operandsOf(lhs.elementType(), lhs.integers[i], rhs.integers[i]));
    if (!bits) {
      return failure("has no defined result for %lld and %lld",
                     static_cast<long long>(lhs.integers[i]),
                     static_cast<long long>(rhs.integers[i]));
    }
    result.integers[i] = wrapToType(lhs.elementType(), *bits);
  }
  return Results{result};
}

static bool divisionOverflows(const IntegerOperands &x) {
  return x.rhs == -1 && x.lhs == minIntN(x.width);
}

/// The quotient and what is left, rounded toward zero.
static std::optional<std::pair<int64_t, int64_t>> divide(const IntegerOperands &x) {
  if (x.rhs == 0 || divisionOverflows(x)) {
    return std::nullopt;
  }
  return std::make_pair(x.lhs / x.rhs, x.lhs % x.rhs);
}

static std::optional<uint64_t> ceilDivide(const IntegerOperands &x) {
  auto quotient = divide(x);
  if (!quotient) {
    return std::nullopt;
  }
  return quotient->first + (quotient->second != 0 && (x.lhs < 0) == (x.rhs < 0));
}

static std::optional<uint64_t> floorDivide(const IntegerOperands &x) {
  auto quotient = divide(x);
  if (!quotient) {
    return std::nullopt;
  }
  return quotient->first - (quotient->second != 0 && (x.lhs < 0) != (x.rhs < 0));
}

//===----------------------------------------------------------------------===//
// Comparison and selection
//===----------------------------------------------------------------------===//

static bool compare(arith::CmpIPredicate predicate, const IntegerOperands &x) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return x.lhs == x.rhs;
  case arith::CmpIPredicate::ne:
    return x.lhs != x.rhs;
  case arith::CmpIPredicate::slt:
    return x.lhs < x.rhs;
  case arith::CmpIPredicate::sle:
    return x.lhs <= x.rhs;
  case arith::CmpIPredicate::sgt:
    return x.lhs > x.rhs;
  case arith::CmpIPredicate::sge:
    return x.lhs >= x.rhs;
  case arith::CmpIPredicate::ult:
    return x.unsignedLhs < x.unsignedRhs;
  case arith::CmpIPredicate::ule:
    return x.unsignedLhs <= x.unsignedRhs;
  case arith::CmpIPredicate::ugt:
    return x.unsignedLhs > x.unsignedRhs;
  case arith::CmpIPredicate::uge:
    return x.unsignedLhs >= x.unsignedRhs;
  }
  return false;
}

/// A bit for each element of `operand`.
static Value bitsLike(Operation *op, const Value &operand) {
  mlir::Type bit = IntegerType::get(op->getContext(), 1);
  Value result;
  result.type =
      isa<RankedTensorType>(operand.type) ? RankedTensorType::get(operand.shape(), bit) : bit;
  return result;
}

static Expected<Value> evaluateCompare(arith::CmpIOp op, const Frame &frame) {
  const Value &lhs = frame[op.getLhs()];
  const Value &rhs = frame[op.getRhs()];
  if (Error error = verifySameShape(lhs, rhs)) {
    return std::move(error);
  }
  Value result = bitsLike(op, lhs);
  for (size_t i = 0; i < lhs.integers.size(); ++i) {
    result.integers.push_back(compare(
        op.getPredicate(), operandsOf(lhs.elementType(), lhs.integers[i], rhs.integers[i])));
  }
  return result;
}

static bool compare(arith::CmpFPredicate predicate, float a, float b) {
  const bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case arith::CmpFPredicate::AlwaysFalse:
    return false;
  case arith::CmpFPredicate::AlwaysTrue:
    return true;
  case arith::CmpFPredicate::ORD:
    return !unordered;
  case arith::CmpFPredicate::UNO:
    return unordered;
  case arith::CmpFPredicate::OEQ:
    return a == b;
  case arith::CmpFPredicate::OGT:
    return a > b;
  case arith::CmpFPredicate::OGE:
    return a >= b;
  case arith::CmpFPredicate::OLT:
    return a < b;
  case arith::CmpFPredicate::OLE:
    return a <= b;
  case arith::CmpFPredicate::ONE:
    return !unordered && a != b;
  case arith::CmpFPredicate::UEQ:
    return unordered || a == b;
  case arith::CmpFPredicate::UGT:
    return unordered || a > b;
  case arith::CmpFPredicate::UGE:
    return unordered || a >= b;
  case arith::CmpFPredicate::ULT:
    return unordered || a < b;
  case arith::CmpFPredicate::ULE:
    return unordered || a <= b;
  case arith::CmpFPredicate::UNE:
    return a != b;
  }
  return false;
}

static Expected<Value> evaluateCompareFloats(arith::CmpFOp op, const Frame &frame) {
  const Value &lhs = frame[op.getLhs()];
  const Value &rhs = frame[op.getRhs()];
  if (Error error = verifySameShape(lhs, rhs)) {
    return std::move(error);
  }
  Value result = bitsLike(op, lhs);
  for (auto [a, b] : llvm::zip_equal(lhs.floats, rhs.floats)) {
    result.integers.push_back(compare(op.getPredicate(), a, b));
  }
  return result;
}

static Expected<Value> evaluateSelect(arith::SelectOp op, const Frame &frame) {
  const Value &condition = frame[op.getCondition()];
  const Value &chosen = frame[op.getTrueValue()];
  const Value &other = frame[op.getFalseValue()];
  if (!isa<RankedTensorType>(condition.type)) {
    return condition.integers.front() ? chosen : other;
  }
  for (const Value *side : {&chosen, &other}) {
    if (Error error = verifySameShape(condition, *side)) {
      return std::move(error);
    }
  }
  Value result = chosen;
  for (size_t i = 0; i < condition.integers.size(); ++i) {
    if (condition.integers[i]) {
      continue;
    }
    if (isa<FloatType>(result.elementType())) {
      result.floats[i] = other.floats[i];
    } else {
      result.integers[i] = other.integers[i];
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

template <typename OpTy> static void addFloat(OpTable &table, FloatFunction function) {
  table.add(OpTy::getOperationName(), [function](Operation *op, const Frame &frame) {
    return evaluateFloats(op, frame, function);
  });
}

template <typename OpTy> static void addInteger(OpTable &table, IntegerFunction function) {
  table.add(OpTy::getOperationName(), [function](Operation *op, const Frame &frame) {
    return evaluateIntegers(op, frame, function);
  });
}

static void addFloatOps(OpTable &table) {
  addFloat<arith::AddFOp>(table, [](float a, float b) { return a + b; });
  addFloat<arith::SubFOp>(table, [](float a, float b) { return a - b; });
  addFloat<arith::MulFOp>(table, [](float a, float b) { return a * b; });
  addFloat<arith::DivFOp>(table, [](float a, float b) { return a / b; });
  addFloat<arith::NegFOp>(table, [](float a, float) { return -a; });
  addFloat<arith::MaximumFOp>(table, maximum);
  addFloat<arith::MinimumFOp>(table, minimum);
  addFloat<arith::MaxNumFOp>(table, [](float a, float b) { return std::fmax(a, b); });
  addFloat<arith::MinNumFOp>(table, [](float a, float b) { return std::fmin(a, b); });
}

static void addIntegerOps(OpTable &table) {
  using X = const IntegerOperands &;
  using Bits = std::optional<uint64_t>;
  addInteger<arith::AddIOp>(table, [](X x) -> Bits { return x.unsignedLhs + x.unsignedRhs; });
  addInteger<arith::SubIOp>(table, [](X x) -> Bits { return x.unsignedLhs - x.unsignedRhs; });
  addInteger<arith::MulIOp>(table, [](X x) -> Bits { return x.unsignedLhs * x.unsignedRhs; });
  addInteger<arith::AndIOp>(table, [](X x) -> Bits { return x.unsignedLhs & x.unsignedRhs; });
  addInteger<arith::OrIOp>(table, [](X x) -> Bits { return x.unsignedLhs | x.unsignedRhs; });
  addInteger<arith::XOrIOp>(table, [](X x) -> Bits { return x.unsignedLhs ^ x.unsignedRhs; });
  addInteger<arith::MaxSIOp>(table, [](X x) -> Bits { return std::max(x.lhs, x.rhs); });
  addInteger<arith::MinSIOp>(table, [](X x) -> Bits { return std::min(x.lhs, x.rhs); });
  addInteger<arith::MaxUIOp>(table,
                             [](X x) -> Bits { return std::max(x.unsignedLhs, x.unsignedRhs); });
  addInteger<arith::MinUIOp>(table,
                             [](X x) -> Bits { return std::min(x.unsignedLhs, x.unsignedRhs); });
  addInteger<arith::DivSIOp>(table, [](X x) -> Bits {
    auto quotient = divide(x);
    return quotient ? Bits(quotient->first) : std::nullopt;
  });
  addInteger<arith::RemSIOp>(table, [](X x) -> Bits {
    auto quotient = divide(x);
    return quotient ? Bits(quotient->second) : std::nullopt;
  });
  addInteger<arith::CeilDivSIOp>(table, ceilDivide);
  addInteger<arith::FloorDivSIOp>(table, floorDivide);
  addInteger<arith::DivUIOp>(table, [](X x) -> Bits {
    return x.unsignedRhs ? Bits(x.unsignedLhs / x.unsignedRhs) : std::nullopt;
  });
  addInteger<arith::RemUIOp>(table, [](X x) -> Bits {
    return x.unsignedRhs ? Bits(x.unsignedLhs % x.unsignedRhs) : std::nullopt;
  });
  addInteger<arith::ShLIOp>(table, [](X x) -> Bits {
    return x.unsignedRhs < x.width ? Bits(x.unsignedLhs << x.unsignedRhs) : std::nullopt;
  });
  addInteger<arith::ShRSIOp>(table, [](X x) -> Bits {
    return x.unsignedRhs < x.width ? Bits(x.lhs >> x.unsignedRhs) : std::nullopt;
  });
  addInteger<arith::ShRUIOp>(table, [](X x) -> Bits {
    return x.unsignedRhs < x.width ? Bits(x.unsignedLhs >> x.unsignedRhs) : std::nullopt;
  });
}

void addArithOps(OpTable &table) {
  table.add<arith::ConstantOp>(evaluateConstant);
  table.add<arith::CmpIOp>(evaluateCompare);
  table.add<arith::CmpFOp>(evaluateCompareFloats);
  table.add<arith::SelectOp>(evaluateSelect);
  addFloatOps(table);
  addIntegerOps(table);
}

} // namespace quench::reference

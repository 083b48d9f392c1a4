//===- TosaOps.cpp - Elements and sums of TOSA ----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TOSA 1.0 on floats (https://www.mlplatform.org/tosa/tosa_spec.html). Axes of size 1 are repeated.
// Functions and sums are in double, with one rounding at the end. Zero points have to be 0.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

using UnaryFunction = double (*)(double);
using BinaryFunction = double (*)(double, double);

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

static Error requireFloats(const Value &value) {
  return isa<FloatType>(value.elementType()) ? Error::success()
                                             : failure("expected tensors of floats");
}

static Error requireZero(const Value &value) {
  bool isZero = llvm::all_of(value.floats, [](float x) { return x == 0.0f; }) &&
                llvm::all_of(value.integers, [](int64_t x) { return x == 0; });
  return isZero ? Error::success() : failure("expected zero points and shifts of 0");
}

/// Both shapes with axes of size 1 repeated.
static Expected<SmallVector<int64_t>> broadcastShape(ArrayRef<int64_t> lhs, ArrayRef<int64_t> rhs) {
  if (lhs.size() != rhs.size()) {
    return failure("expected operands of the same rank, found %s and %s", shapeString(lhs).c_str(),
                   shapeString(rhs).c_str());
  }
  SmallVector<int64_t> result;
  for (auto [a, b] : llvm::zip_equal(lhs, rhs)) {
    if (a != b && a != 1 && b != 1) {
      return failure("expected operands of the same shape up to axes of size 1, found %s and %s",
                     shapeString(lhs).c_str(), shapeString(rhs).c_str());
    }
    result.push_back(a == 1 ? b : a);
  }
  return result;
}

/// Where an index of the whole shape is in an operand.
static int64_t placeIn(const Value &operand, ArrayRef<int64_t> index) {
  SmallVector<int64_t> own(index);
  for (auto [coordinate, size] : llvm::zip_equal(own, operand.shape())) {
    coordinate = size == 1 ? 0 : coordinate;
  }
  return position(own, operand.shape());
}

/// combine(place in lhs, place in rhs, place in the result) for each element of a new tensor.
static Expected<Value>
broadcast(const Value &lhs, const Value &rhs, mlir::Type element,
          llvm::function_ref<void(Value &, int64_t, int64_t, int64_t)> combine) {
  Expected<SmallVector<int64_t>> shape = broadcastShape(lhs.shape(), rhs.shape());
  if (!shape) {
    return shape.takeError();
  }
  Expected<Value> result = makeTensor(element, *shape);
  if (!result) {
    return result;
  }
  int64_t place = 0;
  forEachIndex(*shape, [&](ArrayRef<int64_t> index) {
    combine(*result, placeIn(lhs, index), placeIn(rhs, index), place++);
  });
  return result;
}

static Expected<Value> evaluateBinary(Operation *op, const Frame &frame, BinaryFunction function) {
  const Value &lhs = frame[op->getOperand(0)], &rhs = frame[op->getOperand(1)];
  if (Error error = requireFloats(lhs)) {
    return std::move(error);
  }
  return broadcast(
      lhs, rhs, lhs.elementType(), [&](Value &result, int64_t a, int64_t b, int64_t place) {
        double value = function(lhs.floats[a], rhs.floats[b]);
        result.floats[place] = roundToType(result.elementType(), static_cast<float>(value));
      });
}

static Expected<Value> evaluateProduct(tosa::MulOp op, const Frame &frame) {
  if (Error error = requireZero(frame[op.getShift()])) {
    return std::move(error);
  }
  return evaluateBinary(op, frame, [](double a, double b) { return a * b; });
}

static Expected<Value> evaluateComparison(Operation *op, const Frame &frame,
                                          bool (*function)(float, float)) {
  const Value &lhs = frame[op->getOperand(0)], &rhs = frame[op->getOperand(1)];
  if (Error error = requireFloats(lhs)) {
    return std::move(error);
  }
  return broadcast(lhs, rhs, IntegerType::get(op->getContext(), 1),
                   [&](Value &result, int64_t a, int64_t b, int64_t place) {
                     result.integers[place] = function(lhs.floats[a], rhs.floats[b]);
                   });
}

static Expected<Value> evaluateSelect(tosa::SelectOp op, const Frame &frame) {
  const Value &condition = frame[op.getInput1()];
  const Value &chosen = frame[op.getInput2()], &other = frame[op.getInput3()];
  Expected<SmallVector<int64_t>> sides = broadcastShape(chosen.shape(), other.shape());
  if (!sides) {
    return sides.takeError();
  }
  Expected<SmallVector<int64_t>> shape = broadcastShape(condition.shape(), *sides);
  if (!shape) {
    return shape.takeError();
  }
  Expected<Value> result = makeTensor(chosen.elementType(), *shape);
  int64_t place = 0;
  forEachIndex(*shape, [&](ArrayRef<int64_t> index) {
    const Value &side = condition.integers[placeIn(condition, index)] ? chosen : other;
    setElement(*result, place++, elementOf(side, placeIn(side, index)));
  });
  return result;
}

static Expected<Value> evaluateUnary(const Value &input,
                                     llvm::function_ref<double(double)> function) {
  if (Error error = requireFloats(input)) {
    return std::move(error);
  }
  Value result = input;
  for (float &x : result.floats) {
    x = roundToType(result.elementType(), static_cast<float>(function(x)));
  }
  return result;
}

/// NaN stays, or becomes the lower bound.
static Expected<Value> evaluateClamp(tosa::ClampOp op, const Frame &frame) {
  auto least = dyn_cast<FloatAttr>(op.getMinVal()), most = dyn_cast<FloatAttr>(op.getMaxVal());
  if (!least || !most) {
    return failure("expected tensors of floats");
  }
  const double low = least.getValueAsDouble(), high = most.getValueAsDouble();
  const bool keepsNaN = op.getNanMode() == tosa::NanPropagationMode::PROPAGATE;
  return evaluateUnary(frame[op.getInput()], [&](double x) {
    return std::isnan(x) ? (keepsNaN ? x : low) : std::min(std::max(x, low), high);
  });
}

static Expected<Value> evaluateNegate(tosa::NegateOp op, const Frame &frame) {
  for (mlir::Value zeroPoint : {op.getInput1Zp(), op.getOutputZp()}) {
    if (Error error = requireZero(frame[zeroPoint])) {
      return std::move(error);
    }
  }
  return evaluateUnary(frame[op.getInput1()], [](double x) { return -x; });
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

template <typename OpTy>
static void addReduction(OpTable &table, double start, BinaryFunction function) {
  table.add(OpTy::getOperationName(),
            [start, function](Operation *op, const Frame &frame) -> Expected<Results> {
              const Value &input = frame[op->getOperand(0)];
              if (Error error = requireFloats(input)) {
                return std::move(error);
              }
              const auto axis = static_cast<int64_t>(cast<OpTy>(op).getAxis());
              SmallVector<int64_t> shape(input.shape());
              shape[axis] = 1;
              Expected<Value> result = makeTensor(input.elementType(), shape);
              if (!result) {
                return result.takeError();
              }
              std::vector<double> sums(result->size(), start);
              int64_t place = 0;
              forEachIndex(input.shape(), [&](ArrayRef<int64_t> index) {
                SmallVector<int64_t> own(index);
                own[axis] = 0;
                double &sum = sums[position(own, shape)];
                sum = function(sum, input.floats[place++]);
              });
              for (auto [element, sum] : llvm::zip_equal(result->floats, sums)) {
                element = roundToType(result->elementType(), static_cast<float>(sum));
              }
              return Results{*result};
            });
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

template <typename OpTy> static void addUnary(OpTable &table, UnaryFunction function) {
  table.add(OpTy::getOperationName(), [function](Operation *op, const Frame &frame) {
    return OpTable::single(evaluateUnary(frame[op->getOperand(0)], function));
  });
}

template <typename OpTy> static void addBinary(OpTable &table, BinaryFunction function) {
  table.add(OpTy::getOperationName(), [function](Operation *op, const Frame &frame) {
    return OpTable::single(evaluateBinary(op, frame, function));
  });
}

template <typename OpTy> static void addComparison(OpTable &table, bool (*function)(float, float)) {
  table.add(OpTy::getOperationName(), [function](Operation *op, const Frame &frame) {
    return OpTable::single(evaluateComparison(op, frame, function));
  });
}

static double larger(double a, double b) {
  return maximum(static_cast<float>(a), static_cast<float>(b));
}
static double smaller(double a, double b) {
  return minimum(static_cast<float>(a), static_cast<float>(b));
}

void addTosaOps(OpTable &table) {
  table.add<tosa::MulOp>(evaluateProduct);
  table.add<tosa::ClampOp>(evaluateClamp);
  table.add<tosa::NegateOp>(evaluateNegate);
  table.add<tosa::SelectOp>(evaluateSelect);
  addBinary<tosa::AddOp>(table, [](double a, double b) { return a + b; });
  addBinary<tosa::SubOp>(table, [](double a, double b) { return a - b; });
  addBinary<tosa::PowOp>(table, [](double a, double b) { return std::pow(a, b); });
  addBinary<tosa::MaximumOp>(table, larger);
  addBinary<tosa::MinimumOp>(table, smaller);
  addComparison<tosa::EqualOp>(table, [](float a, float b) { return a == b; });
  addComparison<tosa::GreaterOp>(table, [](float a, float b) { return a > b; });
  addComparison<tosa::GreaterEqualOp>(table, [](float a, float b) { return a >= b; });
  addUnary<tosa::AbsOp>(table, [](double x) { return std::abs(x); });
  addUnary<tosa::CeilOp>(table, [](double x) { return std::ceil(x); });
  addUnary<tosa::CosOp>(table, [](double x) { return std::cos(x); });
  addUnary<tosa::ErfOp>(table, [](double x) { return std::erf(x); });
  addUnary<tosa::ExpOp>(table, [](double x) { return std::exp(x); });
  addUnary<tosa::FloorOp>(table, [](double x) { return std::floor(x); });
  addUnary<tosa::LogOp>(table, [](double x) { return std::log(x); });
  addUnary<tosa::ReciprocalOp>(table, [](double x) { return 1.0 / x; });
  addUnary<tosa::RsqrtOp>(table, [](double x) { return 1.0 / std::sqrt(x); });
  addUnary<tosa::SigmoidOp>(table, [](double x) { return 1.0 / (1.0 + std::exp(-x)); });
  addUnary<tosa::SinOp>(table, [](double x) { return std::sin(x); });
  addUnary<tosa::TanhOp>(table, [](double x) { return std::tanh(x); });
  constexpr double infinity = std::numeric_limits<double>::infinity();
  addReduction<tosa::ReduceSumOp>(table, 0.0, [](double a, double b) { return a + b; });
  addReduction<tosa::ReduceProductOp>(table, 1.0, [](double a, double b) { return a * b; });
  addReduction<tosa::ReduceMaxOp>(table, -infinity, larger);
  addReduction<tosa::ReduceMinOp>(table, infinity, smaller);
}

} // namespace quench::reference

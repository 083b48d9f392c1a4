//===- TosaOps.cpp - Elements, shapes and sums of TOSA --------------------===//
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
// Constants and shapes
//===----------------------------------------------------------------------===//

static Expected<Value> evaluateConstant(tosa::ConstOp op, const Frame &) {
  return evaluateElements(op.getValues());
}

static Expected<Value> evaluateConstantShape(tosa::ConstShapeOp op, const Frame &) {
  Value result;
  result.type = op.getType();
  for (const APInt &size : op.getValues().getValues<APInt>()) {
    result.integers.push_back(size.getSExtValue());
  }
  return result;
}

static Expected<Value> evaluateIdentity(tosa::IdentityOp op, const Frame &frame) {
  return frame[op.getInput1()];
}

/// A size of -1 is what is left for it.
static Expected<Value> evaluateReshape(tosa::ReshapeOp op, const Frame &frame) {
  Value result = frame[op.getInput1()];
  SmallVector<int64_t> shape(ArrayRef<int64_t>(frame[op.getShape()].integers));
  int64_t known = 1, *open = nullptr;
  for (int64_t &size : shape) {
    if (size == -1 && !open) {
      open = &size;
    } else {
      known *= size;
    }
  }
  if (open && known > 0) {
    *open = result.size() / known;
  }
  Expected<int64_t> count = countElements(shape);
  if (!count) {
    return count.takeError();
  }
  if (*count != result.size()) {
    return failure("expected a shape of %lld elements, found %s",
                   static_cast<long long>(result.size()), shapeString(shape).c_str());
  }
  result.type = RankedTensorType::get(shape, result.elementType());
  return result;
}

/// A tensor of this shape whose elements come from `source` at the places that `from` says; those
/// that it says nothing for are `otherwise`.
static Expected<Value>
gather(const Value &source, ArrayRef<int64_t> shape,
       llvm::function_ref<std::optional<SmallVector<int64_t>>(ArrayRef<int64_t>)> from,
       const Value *otherwise = nullptr) {
  Expected<Value> result = makeTensor(source.elementType(), shape);
  if (!result) {
    return result;
  }
  int64_t place = 0;
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    std::optional<SmallVector<int64_t>> own = from(index);
    setElement(*result, place++,
               own ? elementOf(source, position(*own, source.shape())) : elementOf(*otherwise, 0));
  });
  return result;
}

static Expected<Value> evaluateTranspose(tosa::TransposeOp op, const Frame &frame) {
  const Value &source = frame[op.getInput1()];
  ArrayRef<int32_t> axes = op.getPerms();
  SmallVector<int64_t> shape;
  for (int32_t axis : axes) {
    shape.push_back(source.shape()[axis]);
  }
  return gather(source, shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> own(index.size());
    for (auto [axis, coordinate] : llvm::zip_equal(axes, index)) {
      own[axis] = coordinate;
    }
    return std::optional(own);
  });
}

static Expected<Value> evaluatePad(tosa::PadOp op, const Frame &frame) {
  const Value &source = frame[op.getInput1()];
  const std::vector<int64_t> &padding = frame[op.getPadding()].integers;
  SmallVector<int64_t> shape;
  for (auto [axis, size] : llvm::enumerate(source.shape())) {
    shape.push_back(padding[2 * axis] + size + padding[2 * axis + 1]);
  }
  auto from = [&](ArrayRef<int64_t> index) -> std::optional<SmallVector<int64_t>> {
    SmallVector<int64_t> own(index);
    for (auto [axis, size] : llvm::enumerate(source.shape())) {
      own[axis] -= padding[2 * axis];
      if (own[axis] < 0 || own[axis] >= size) {
        return std::nullopt;
      }
    }
    return own;
  };
  return gather(source, shape, from, &frame[op.getPadConst()]);
}

static Expected<Value> evaluateSlice(tosa::SliceOp op, const Frame &frame) {
  const Value &source = frame[op.getInput1()];
  const std::vector<int64_t> &starts = frame[op.getStart()].integers;
  const std::vector<int64_t> &sizes = frame[op.getSize()].integers;
  for (auto [axis, size] : llvm::enumerate(source.shape())) {
    if (starts[axis] < 0 || sizes[axis] < 0 || starts[axis] + sizes[axis] > size) {
      return failure("expected a slice inside of %lld elements on axis %zu",
                     static_cast<long long>(size), axis);
    }
  }
  return gather(source, sizes, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> own(index);
    for (auto [coordinate, start] : llvm::zip_equal(own, starts)) {
      coordinate += start;
    }
    return std::optional(own);
  });
}

/// Tensors one behind the other along an axis.
static Expected<Value> evaluateConcat(tosa::ConcatOp op, const Frame &frame) {
  const size_t axis = op.getAxis();
  const Value &first = frame[op.getInput1().front()];
  SmallVector<int64_t> shape(first.shape());
  shape[axis] = 0;
  for (mlir::Value input : op.getInput1()) {
    shape[axis] += frame[input].shape()[axis];
  }
  Expected<Value> result = makeTensor(first.elementType(), shape);
  if (!result) {
    return result;
  }
  int64_t offset = 0;
  for (mlir::Value input : op.getInput1()) {
    const Value &part = frame[input];
    int64_t place = 0;
    forEachIndex(part.shape(), [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> to(index);
      to[axis] += offset;
      setElement(*result, position(to, shape), elementOf(part, place++));
    });
    offset += part.shape()[axis];
  }
  return result;
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
  table.add<tosa::ConstOp>(evaluateConstant);
  table.add<tosa::ConstShapeOp>(evaluateConstantShape);
  table.add<tosa::IdentityOp>(evaluateIdentity);
  table.add<tosa::ReshapeOp>(evaluateReshape);
  table.add<tosa::TransposeOp>(evaluateTranspose);
  table.add<tosa::PadOp>(evaluatePad);
  table.add<tosa::SliceOp>(evaluateSlice);
  table.add<tosa::ConcatOp>(evaluateConcat);
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

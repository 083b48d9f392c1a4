//===- ElementwiseRules.cpp - Sums, products, bounds and functions --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of one value: bounds are bounds of its integers, a factor is one of its scale, and any other
// function is a table of its codes, alone or behind another function. Of two: sums, differences
// and products in i32.
//
//===----------------------------------------------------------------------===//

#include "RuleTable.h"
#include "ScalarExpression.h"
#include "TosaEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

using Bounds = ScalarExpression::Bounds;

//===----------------------------------------------------------------------===//
// Functions of one value
//===----------------------------------------------------------------------===//

/// The scale of a function's values as integers of 16 bits.
static double scaleOfTable(ArrayRef<float> values) {
  double largest = 0.0;
  for (float value : values) {
    largest = std::max(largest, std::fabs(static_cast<double>(value)));
  }
  // 127 * 256 + 127: what an upper and a lower byte can be together.
  return largest == 0.0 ? 1.0 : largest / 32639.0;
}

/// Values of 16 bits from two tables of bytes: `256 upper + lower`.
static Value writeFunction(TosaEmitter &e, const FunctionTable &table, double scale) {
  SmallVector<int64_t> upper, lower;
  for (float value : table.values) {
    const auto integer = static_cast<int64_t>(std::nearbyint(value / scale));
    lower.push_back(static_cast<int8_t>(integer & 255));
    upper.push_back((integer - lower.back()) / 256);
  }
  IntegerForm byte;
  byte.bits = 8;
  byte.bound = 128;
  byte.scales = {256.0};
  Value codes = e.integers(table.codes);
  Value high = e.rescale(e.lookup(codes, upper), byte, 1.0, 32, 0);
  byte.scales = {1.0};
  return e.add(high, e.rescale(e.lookup(codes, lower), byte, 1.0, 32, 0));
}

static Planned planFunction(const ScalarExpression &function, const PlannedValue &operand) {
  FunctionTable table;
  if (operand.table) {
    table = *operand.table;
  } else if (operand.form.bits == 8) {
    table.codes = function.inputs()[0];
    for (int64_t code = -128; code < 128; ++code) {
      table.values.push_back(static_cast<float>(code - operand.form.zeroPoint) *
                             static_cast<float>(operand.form.scales[0]));
    }
  } else {
    return createStringError("a table has an entry for each code of 8 bits, and its operand is "
                             "not rounded to them");
  }
  for (float &value : table.values) {
    value = static_cast<float>(function.evaluate(value));
    if (!std::isfinite(value)) {
      return createStringError("a value of its table is not finite");
    }
  }
  PlannedValue result;
  const double scale = scaleOfTable(table.values);
  result.form.scales = {scale};
  result.form.bound = 32639;
  result.operands = {table.codes};
  result.write = [table, scale](TosaEmitter &e) -> Expected<Value> {
    return writeFunction(e, table, scale);
  };
  result.table = std::move(table);
  return result;
}

//===----------------------------------------------------------------------===//
// Bounds
//===----------------------------------------------------------------------===//

/// The code that is a number, infinities the last ones; nothing between codes.
static std::optional<int64_t> codeOf(double number, const IntegerForm &form) {
  if (std::isinf(number)) {
    return number < 0 ? -128 : 127;
  }
  const double code = std::nearbyint(number / form.scales[0]) + static_cast<double>(form.zeroPoint);
  if (!(std::fabs(code) < 1024.0)) {
    return std::nullopt;
  }
  const auto integer = static_cast<int64_t>(code);
  const float value =
      static_cast<float>(integer - form.zeroPoint) * static_cast<float>(form.scales[0]);
  return value == number ? std::optional(std::clamp<int64_t>(integer, -128, 127)) : std::nullopt;
}

static Planned planBoundedCodes(Value value, const PlannedValue &operand, int64_t least,
                                int64_t most) {
  PlannedValue result;
  result.form = operand.form;
  result.operands = {value};
  result.write = [value, least, most](TosaEmitter &e) -> Expected<Value> {
    return e.clamp(e.integers(value), least, most);
  };
  return result;
}

/// A bound in the scale of each channel, where there are values beyond it.
static SmallVector<int64_t> boundsOf(double bound, const IntegerForm &form) {
  const auto last = static_cast<double>(form.bound);
  return llvm::map_to_vector(form.scales, [&](double scale) {
    return static_cast<int64_t>(std::clamp(std::nearbyint(bound / scale), -last, last));
  });
}

/// Sums are bounded by integers as close as those of a bias are.
static Planned planBoundedSums(Value value, const PlannedValue &operand, Bounds bounds) {
  if (bounds.least > 0.0 || bounds.most < 0.0) {
    return createStringError("zero is outside of its bounds");
  }
  PlannedValue result;
  result.form = operand.form;
  result.operands = {value};
  result.write = [value, form = operand.form, bounds](TosaEmitter &e) -> Expected<Value> {
    Value input = e.integers(value);
    ImplicitLocOpBuilder &b = e.builder();
    auto channels = static_cast<int64_t>(form.scales.size());
    SmallVector<int64_t> shape(cast<RankedTensorType>(input.getType()).getRank(), 1);
    shape.back() = channels;
    if (!std::isinf(bounds.least)) {
      input = tosa::MaximumOp::create(b, input.getType(), input,
                                      e.constant(32, shape, boundsOf(bounds.least, form)));
    }
    if (!std::isinf(bounds.most)) {
      input = tosa::MinimumOp::create(b, input.getType(), input,
                                      e.constant(32, shape, boundsOf(bounds.most, form)));
    }
    return input;
  };
  return result;
}

static Planned planOfOne(const ScalarExpression &expression, const PlannedValue &operand) {
  const Value value = expression.inputs()[0];
  std::optional<Bounds> bounds = expression.asClamp();
  if (bounds && !operand.table && operand.form.bits == 8) {
    std::optional<int64_t> least = codeOf(bounds->least, operand.form);
    std::optional<int64_t> most = codeOf(bounds->most, operand.form);
    if (least && most) {
      return planBoundedCodes(value, operand, *least, *most);
    }
  }
  if (bounds && !operand.table && operand.form.bits == 32) {
    return planBoundedSums(value, operand, *bounds);
  }
  if (std::optional<double> factor = expression.asFactor(); factor && !operand.table) {
    PlannedValue result;
    result.form = operand.form;
    for (double &scale : result.form.scales) {
      scale *= *factor;
    }
    result.operands = {value};
    result.write = [value](TosaEmitter &e) -> Expected<Value> { return e.integers(value); };
    return result;
  }
  return planFunction(expression, operand);
}

//===----------------------------------------------------------------------===//
// Of two values
//===----------------------------------------------------------------------===//

static Planned planSum(Value lhs, const IntegerForm &a, Value rhs, const IntegerForm &c,
                       bool isDifference) {
  Expected<IntegerForm> sum = formOfSum({a, c});
  if (!sum) {
    return sum.takeError();
  }
  PlannedValue result;
  const double scale = sum->scales[0];
  result.form = std::move(*sum);
  result.operands = {lhs, rhs};
  result.write = [=](TosaEmitter &e) -> Expected<Value> {
    Value left = e.rescale(e.integers(lhs), a, scale, 32, 0);
    Value right = e.rescale(e.integers(rhs), c, scale, 32, 0);
    if (!isDifference) {
      return e.add(left, right);
    }
    return tosa::SubOp::create(e.builder(), e.alike(left, right), left, right).getResult();
  };
  return result;
}

static Planned planProduct(Value lhs, const IntegerForm &a, Value rhs, const IntegerForm &c) {
  if (a.bound > 0 && c.bound > std::numeric_limits<int32_t>::max() / a.bound) {
    return createStringError("a product of its integers may be more than i32 holds");
  }
  PlannedValue result;
  result.form.bound = a.bound * c.bound;
  for (size_t i = 0; i < std::max(a.scales.size(), c.scales.size()); ++i) {
    result.form.scales.push_back(a.scales[a.hasOneScale() ? 0 : i] *
                                 c.scales[c.hasOneScale() ? 0 : i]);
  }
  result.operands = {lhs, rhs};
  result.write = [=](TosaEmitter &e) -> Expected<Value> {
    Value left = e.widen(e.integers(lhs), a), right = e.widen(e.integers(rhs), c);
    Type type = e.alike(left, right);
    return tosa::MulOp::create(e.builder(), type, left, right, e.zero(8)).getResult();
  };
  return result;
}

static Planned planOfTwo(Operation *op, Value lhs, const IntegerForm &a, Value rhs,
                         const IntegerForm &c) {
  if (isa<arith::AddFOp, arith::SubFOp>(op)) {
    return planSum(lhs, a, rhs, c, isa<arith::SubFOp>(op));
  }
  if (isa<arith::MulFOp>(op)) {
    return planProduct(lhs, a, rhs, c);
  }
  return createStringError("it is no sum, difference or product of its two operands");
}

static Planned planElementwise(Operation *op, const IntegerPlan &plan) {
  std::optional<ScalarExpression> expression = ScalarExpression::read(op);
  for (Value input : expression->inputs()) {
    if (Error error = plan.operand(input).takeError()) {
      return std::move(error);
    }
  }
  auto formOf = [&](Value value) -> const IntegerForm & { return plan.lookup(value)->form; };
  if (auto pair = expression->asPair()) {
    return planOfTwo(expression->last(), pair->first, formOf(pair->first), pair->second,
                     formOf(pair->second));
  }
  if (expression->inputs().size() > 1) {
    return createStringError("it is no sum, difference or product of its two operands");
  }
  return planOfOne(*expression, *plan.lookup(expression->inputs()[0]));
}

void quench::addElementwiseRules(RuleTable &table) {
  table.addFamily([](Operation *op) { return ScalarExpression::read(op).has_value(); },
                  planElementwise);
}

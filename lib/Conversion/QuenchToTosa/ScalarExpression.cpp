//===- ScalarExpression.cpp - What is computed of single elements ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarExpression.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

/// The ops that are known, of at most two numbers.
using Function = double (*)(double, double);
static Function functionOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case([](nn::SiLUOp) { return [](double x, double) { return x / (1.0 + std::exp(-x)); }; })
      .Case([](math::TanhOp) { return [](double x, double) { return std::tanh(x); }; })
      .Case([](math::ErfOp) { return [](double x, double) { return std::erf(x); }; })
      .Case([](math::ExpOp) { return [](double x, double) { return std::exp(x); }; })
      .Case([](math::AbsFOp) { return [](double x, double) { return std::fabs(x); }; })
      .Case([](math::SqrtOp) { return [](double x, double) { return std::sqrt(x); }; })
      .Case([](math::LogOp) { return [](double x, double) { return std::log(x); }; })
      .Case([](arith::NegFOp) { return [](double x, double) { return -x; }; })
      .Case([](arith::AddFOp) { return [](double x, double y) { return x + y; }; })
      .Case([](arith::SubFOp) { return [](double x, double y) { return x - y; }; })
      .Case([](arith::MulFOp) { return [](double x, double y) { return x * y; }; })
      .Case([](arith::DivFOp) { return [](double x, double y) { return x / y; }; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp>(
          [](auto) { return [](double x, double y) { return std::max(x, y); }; })
      .Case<arith::MinimumFOp, arith::MinNumFOp>(
          [](auto) { return [](double x, double y) { return std::min(x, y); }; })
      .Default([](Operation *) -> Function { return nullptr; });
}

std::optional<double> quench::constantNumber(Value value) {
  FloatAttr number;
  if (matchPattern(value, m_Constant(&number))) {
    return number.getValueAsDouble();
  }
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) && elements.isSplat() &&
      elements.getElementType().isF32()) {
    return elements.getSplatValue<float>();
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Whether each axis of a map's result is the axis of the loops, or the first place of an axis.
static bool isBroadcast(AffineMap map, ArrayRef<int64_t> shape) {
  if (map.getNumResults() != map.getNumDims()) {
    return false;
  }
  for (auto [axis, place] : llvm::enumerate(map.getResults())) {
    auto constant = dyn_cast<AffineConstantExpr>(place);
    bool isFirst = constant && constant.getValue() == 0 && shape[axis] == 1;
    if (!isFirst && place != getAffineDimExpr(axis, map.getContext())) {
      return false;
    }
  }
  return true;
}

/// Whether one of the tensors has the size of the result on each axis.
static bool areEnough(ArrayRef<Value> tensors, ArrayRef<int64_t> shape) {
  for (auto [axis, size] : llvm::enumerate(shape)) {
    bool isThere = false;
    for (Value tensor : tensors) {
      isThere |= cast<RankedTensorType>(tensor.getType()).getDimSize(axis) == size;
    }
    if (!isThere) {
      return false;
    }
  }
  return !tensors.empty();
}

Value ScalarExpression::outside(Value value) const {
  auto argument = dyn_cast<BlockArgument>(value);
  auto generic = dyn_cast<linalg::GenericOp>(op);
  return generic && argument && argument.getOwner() == generic.getBody()
             ? op->getOperand(argument.getArgNumber())
             : value;
}

bool ScalarExpression::readValue(Value value) {
  if (constantNumber(outside(value))) {
    return true;
  }
  Operation *inner = value.getDefiningOp();
  if (inner && (inner == op || inner->getParentOp() == op)) {
    return functionOf(inner) &&
           llvm::all_of(inner->getOperands(), [&](Value operand) { return readValue(operand); });
  }
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != generic.getBody() ||
        argument.getArgNumber() >= generic.getNumDpsInputs()) {
      return false;
    }
    auto type = dyn_cast<RankedTensorType>(outside(value).getType());
    if (!type ||
        !isBroadcast(generic.getIndexingMapsArray()[argument.getArgNumber()], type.getShape())) {
      return false;
    }
  }
  if (!llvm::is_contained(tensors, outside(value))) {
    tensors.push_back(outside(value));
  }
  return true;
}

std::optional<ScalarExpression> ScalarExpression::read(Operation *op) {
  auto type = op->getNumResults() == 1 ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                                       : RankedTensorType();
  if (!type || !type.getElementType().isF32()) {
    return std::nullopt;
  }
  ScalarExpression expression;
  expression.op = op;
  Value value = op->getResult(0);
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    if (generic.getNumParallelLoops() != generic.getNumLoops() ||
        !generic.getIndexingMapsArray().back().isIdentity()) {
      return std::nullopt;
    }
    value = generic.getBody()->getTerminator()->getOperand(0);
  }
  expression.root = value.getDefiningOp();
  if (!expression.root || !expression.readValue(value) ||
      !areEnough(expression.tensors, type.getShape())) {
    return std::nullopt;
  }
  return expression;
}

//===----------------------------------------------------------------------===//
// Kinds of expressions
//===----------------------------------------------------------------------===//

std::optional<std::pair<Value, Value>> ScalarExpression::asPair() const {
  if (root->getNumOperands() != 2) {
    return std::nullopt;
  }
  Value lhs = outside(root->getOperand(0)), rhs = outside(root->getOperand(1));
  if (!llvm::is_contained(tensors, lhs) || !llvm::is_contained(tensors, rhs)) {
    return std::nullopt;
  }
  return std::pair(lhs, rhs);
}

double ScalarExpression::evaluateValue(Value value, double input) const {
  if (std::optional<double> number = constantNumber(outside(value))) {
    return *number;
  }
  Operation *inner = value.getDefiningOp();
  if (!inner || (inner != op && inner->getParentOp() != op)) {
    return input;
  }
  double x = evaluateValue(inner->getOperand(0), input);
  double y = inner->getNumOperands() > 1 ? evaluateValue(inner->getOperand(1), input) : 0.0;
  return static_cast<float>(functionOf(inner)(x, y));
}

double ScalarExpression::evaluate(double input) const {
  return evaluateValue(root->getResult(0), input);
}

std::optional<ScalarExpression::Bounds> ScalarExpression::asClamp() const {
  auto isBound = [](Operation &each) {
    return isa<arith::ConstantOp, arith::MaximumFOp, arith::MaxNumFOp, arith::MinimumFOp,
               arith::MinNumFOp>(each);
  };
  bool isClamp = isBound(*root) && tensors.size() == 1;
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    isClamp &= llvm::all_of(generic.getBody()->without_terminator(), isBound);
  }
  if (!isClamp) {
    return std::nullopt;
  }
  const double infinity = std::numeric_limits<double>::infinity();
  return Bounds{evaluate(-infinity), evaluate(infinity)};
}

std::optional<double> ScalarExpression::asFactor() const {
  if (tensors.size() != 1 || !isa<arith::MulFOp, arith::DivFOp>(root)) {
    return std::nullopt;
  }
  Value lhs = outside(root->getOperand(0)), rhs = outside(root->getOperand(1));
  if (isa<arith::MulFOp>(root) && rhs == tensors[0]) {
    std::swap(lhs, rhs);
  }
  std::optional<double> number = constantNumber(rhs);
  if (lhs != tensors[0] || !number || !std::isfinite(*number) || !(*number > 0.0)) {
    return std::nullopt;
  }
  return isa<arith::MulFOp>(root) ? *number : 1.0 / *number;
}

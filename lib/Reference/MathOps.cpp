//===- MathOps.cpp - Functions of one float or two ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In double, with one rounding to the type of the result.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

template <typename OpTy> static void addUnary(OpTable &table, double (*function)(double)) {
  table.add(OpTy::getOperationName(),
            [function](Operation *op, const Frame &frame) -> Expected<Results> {
              Value result = frame[op->getOperand(0)];
              for (float &x : result.floats) {
                x = roundToType(result.elementType(), static_cast<float>(function(x)));
              }
              return Results{result};
            });
}

static Expected<Value> evaluatePower(math::PowFOp op, const Frame &frame) {
  Value result = frame[op.getLhs()];
  const Value &exponent = frame[op.getRhs()];
  if (result.shape() != exponent.shape()) {
    return failure("expected operands of the same shape");
  }
  for (auto [x, y] : llvm::zip_equal(result.floats, exponent.floats)) {
    double power = std::pow(static_cast<double>(x), static_cast<double>(y));
    x = roundToType(result.elementType(), static_cast<float>(power));
  }
  return result;
}

static Expected<Value> evaluateFusedProduct(math::FmaOp op, const Frame &frame) {
  Value result = frame[op.getA()];
  const Value &factor = frame[op.getB()], &addend = frame[op.getC()];
  if (result.shape() != factor.shape() || result.shape() != addend.shape()) {
    return failure("expected operands of the same shape");
  }
  for (size_t i = 0; i < result.floats.size(); ++i) {
    result.floats[i] = roundToType(result.elementType(),
                                   std::fma(result.floats[i], factor.floats[i], addend.floats[i]));
  }
  return result;
}

void addMathOps(OpTable &table) {
  addUnary<math::AbsFOp>(table, [](double x) { return std::abs(x); });
  addUnary<math::CeilOp>(table, [](double x) { return std::ceil(x); });
  addUnary<math::CosOp>(table, [](double x) { return std::cos(x); });
  addUnary<math::ErfOp>(table, [](double x) { return std::erf(x); });
  addUnary<math::ExpOp>(table, [](double x) { return std::exp(x); });
  addUnary<math::Exp2Op>(table, [](double x) { return std::exp2(x); });
  addUnary<math::FloorOp>(table, [](double x) { return std::floor(x); });
  addUnary<math::LogOp>(table, [](double x) { return std::log(x); });
  addUnary<math::Log2Op>(table, [](double x) { return std::log2(x); });
  addUnary<math::RoundOp>(table, [](double x) { return std::round(x); });
  addUnary<math::RoundEvenOp>(table, [](double x) { return std::nearbyint(x); });
  addUnary<math::RsqrtOp>(table, [](double x) { return 1.0 / std::sqrt(x); });
  addUnary<math::SinOp>(table, [](double x) { return std::sin(x); });
  addUnary<math::SqrtOp>(table, [](double x) { return std::sqrt(x); });
  addUnary<math::TanhOp>(table, [](double x) { return std::tanh(x); });
  table.add<math::PowFOp>(evaluatePower);
  table.add<math::FmaOp>(evaluateFusedProduct);
}

} // namespace quench::reference

//===- HoistQuantization.cpp - Round before elements are moved ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounding by one scale keeps the order of numbers, so it can be done before elements are moved,
// before the largest of some is taken, and before they are bounded: the codes are the same. Input
// and output are QDQ form.
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/QuenchToTosa/HoistQuantization.h"

#include "ScalarExpression.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

#include <limits>

#define DEBUG_TYPE "quench-hoist-quantization"

namespace quench {
#define GEN_PASS_DEF_HOISTQUANTIZATIONPASS
#include "quench/Conversion/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {

/// An op that keeps the order of the numbers it takes from one operand.
struct OrderedOp {
  OpOperand *source;
  /// Whether its results may be none of those numbers.
  bool isBound = false;
};

struct HoistQuantizationPass : quench::impl::HoistQuantizationPassBase<HoistQuantizationPass> {
  void runOnOperation() override;
};

} // namespace

static bool beginsWithNothing(linalg::PoolingNhwcMaxOp op) {
  auto fill = op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
  return fill &&
         constantNumber(fill.getInputs().front()) == -std::numeric_limits<double>::infinity();
}

static std::optional<OrderedOp> readOrdered(Operation *op) {
  if (!op) {
    return std::nullopt;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Value filling = pad.getConstantPaddingValue();
    return filling && constantNumber(filling) ? std::optional(OrderedOp{&op->getOpOperand(0)})
                                              : std::nullopt;
  }
  if (isa<linalg::TransposeOp, tensor::CastOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
          tensor::ExtractSliceOp>(op)) {
    return OrderedOp{&op->getOpOperand(0)};
  }
  if (auto pool = dyn_cast<linalg::PoolingNhwcMaxOp>(op); pool && beginsWithNothing(pool)) {
    return OrderedOp{&op->getOpOperand(0)};
  }
  std::optional<ScalarExpression> expression = ScalarExpression::read(op);
  if (expression && expression->asClamp()) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (operand.get() == expression->inputs()[0]) {
        return OrderedOp{&operand, /*isBound=*/true};
      }
    }
  }
  return std::nullopt;
}

/// Whether one op, and whoever asks for sizes, reads a value.
static bool hasOneReader(Value value) {
  return llvm::count_if(value.getUsers(),
                        [](Operation *user) { return !isa<tensor::DimOp>(user); }) == 1;
}

/// The ops from a quantization up to what it is to be done behind.
static SmallVector<OrderedOp> opsAbove(QuantizeOp op) {
  SmallVector<OrderedOp> ops;
  Value value = op.getInput();
  while (std::optional<OrderedOp> ordered =
             hasOneReader(value) ? readOrdered(value.getDefiningOp()) : std::nullopt) {
    ops.push_back(*ordered);
    value = ordered->source->get();
  }
  return ops;
}

/// Whether there is one scale, a constant, for the whole tensor.
static bool hasConstantScale(QuantizeOp op) {
  DenseElementsAttr scale, zeroPoint;
  return !op.isDynamic() && matchPattern(op.getScale(), m_Constant(&scale)) &&
         scale.getNumElements() == 1 && op.getResult().getType().getScheme().isPerTensor() &&
         (!op.getZeroPoint() || matchPattern(op.getZeroPoint(), m_Constant(&zeroPoint)));
}

/// What is left of floats behind the same quantization.
static Value roundLike(ImplicitLocOpBuilder &b, QuantizeOp op, Value floats) {
  auto type = cast<RankedTensorType>(floats.getType());
  SmallVector<int64_t> ones(type.getRank(), 1);
  auto again = [&](Value parameter) -> Value {
    DenseElementsAttr elements;
    if (!parameter || !matchPattern(parameter, m_Constant(&elements))) {
      return {};
    }
    return arith::ConstantOp::create(
        b, elements.reshape(cast<ShapedType>(elements.getType()).clone(ones)));
  };
  SchemeAttr scheme = op.getResult().getType().getScheme();
  SmallVector<int64_t> block(type.getRank(), SchemeAttr::kWhole);
  Value scale = again(op.getScale()), zeroPoint = again(op.getZeroPoint());
  Value quantized = QuantizeOp::create(b, QTensorType::get(type, scheme.withBlock(block)), floats,
                                       scale, zeroPoint);
  return DequantizeOp::create(b, type, quantized);
}

/// quantize(move(x)) -> quantize(move(dequantize(quantize(x)))), and the same behind each bound.
static void hoist(QuantizeOp op) {
  SmallVector<OrderedOp> ops = opsAbove(op);
  if (ops.empty() || !hasConstantScale(op)) {
    return;
  }
  if (ops.back().source->get().getDefiningOp<DequantizeOp>()) {
    return;
  }
  ImplicitLocOpBuilder b(op.getLoc(), op.getContext());
  for (OrderedOp &ordered : ops) {
    const bool isFirst = &ordered == &ops.back();
    const bool isBehindBound = !isFirst && (&ordered + 1)->isBound;
    if (isFirst || isBehindBound) {
      Value floats = ordered.source->get();
      b.setInsertionPointAfterValue(floats);
      ordered.source->set(roundLike(b, op, floats));
    }
  }
}

void HoistQuantizationPass::runOnOperation() {
  SmallVector<QuantizeOp> ops;
  getOperation().walk([&](QuantizeOp op) { ops.push_back(op); });
  llvm::for_each(ops, hoist);
}

//===- ProductEpilogue.cpp - What becomes of a product where it is stored -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductEpilogue.h"

#include "quench/Codegen/KernelSelection.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

/// Whether a value exists where `op` is, which is in the same block as the users of both. A matrix
/// that images become only later is made there.
static bool isBefore(Value value, Operation *op) {
  Operation *definition = value.getDefiningOp();
  if (!definition || definition->getBlock() != op->getBlock() || definition->isBeforeInBlock(op)) {
    return true;
  }
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(definition);
  if (!collapse || !isBefore(collapse.getSrc(), op)) {
    return false;
  }
  collapse->moveBefore(op);
  return true;
}

/// Whether an elementwise op is one of whole matrices of one shape.
static bool isOfMatrices(linalg::GenericOp op) {
  return op.getNumResults() == 1 && op.getNumParallelLoops() == op.getNumLoops() &&
         llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isIdentity(); }) &&
         op.getBody()->getArguments().back().use_empty() && isFloatMatrix(op.getResult(0));
}

/// The only op of the body of an elementwise op on whole matrices; null for others.
static Operation *findOnlyStep(linalg::GenericOp op) {
  Block *body = op.getBody();
  if (!isOfMatrices(op) || !llvm::hasNItems(*body, 2)) {
    return nullptr;
  }
  Operation *step = &body->front();
  return body->getTerminator()->getOperand(0).getDefiningOp() == step ? step : nullptr;
}

/// The bounds that an op keeps the elements of a matrix in, if that is all it does.
static std::optional<Clamp> findClamp(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || !isOfMatrices(generic) || generic.getNumDpsInputs() != 1) {
    return std::nullopt;
  }
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Clamp clamp{-infinity, infinity};
  Value element = generic.getBody()->getTerminator()->getOperand(0);
  while (element != generic.getBody()->getArgument(0)) {
    Operation *step = element.getDefiningOp();
    APFloat bound(0.0f);
    if (!isa_and_present<arith::MaximumFOp, arith::MinimumFOp>(step) ||
        !matchPattern(step->getOperand(1), m_ConstantFloat(&bound)) || bound.isNaN()) {
      return std::nullopt;
    }
    float &side = isa<arith::MaximumFOp>(step) ? clamp.low : clamp.high;
    if (std::isfinite(side)) {
      return std::nullopt;
    }
    side = bound.convertToFloat();
    element = step->getOperand(0);
  }
  bool isRange = clamp.low <= clamp.high && (std::isfinite(clamp.low) || std::isfinite(clamp.high));
  return isRange ? std::optional(clamp) : std::nullopt;
}

/// What a matrix is added to by an op; null if it is not.
static Value findOtherTerm(Operation *op, Value matrix) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  bool isSum =
      isa<arith::AddFOp>(op) || (generic && generic.getNumDpsInputs() == 2 &&
                                 isa_and_present<arith::AddFOp>(findOnlyStep(generic)) &&
                                 llvm::equal(findOnlyStep(generic)->getOperands(),
                                             generic.getBody()->getArguments().take_front(2)));
  return isSum ? op->getOperand(op->getOperand(0) == matrix ? 1 : 0) : Value();
}

std::optional<ProductEpilogue> quench::findEpilogue(Operation *op) {
  Value product = op->getResult(0);
  if (!product.hasOneUse() || !isFloatMatrix(product)) {
    return std::nullopt;
  }
  Operation *user = *product.user_begin();
  if (user->getBlock() != op->getBlock() || user->getNumResults() != 1 ||
      user->getResult(0).getType() != product.getType()) {
    return std::nullopt;
  }
  // What bounds the only result of an op in its block.
  auto clampOf = [&](Operation *last) -> std::optional<Clamp> {
    Operation *next = last->hasOneUse() ? *last->user_begin() : nullptr;
    return next && next->getBlock() == op->getBlock() ? findClamp(next) : std::nullopt;
  };
  if (std::optional<Clamp> clamp = findClamp(user)) {
    return ProductEpilogue{{user}, {std::nullopt, clamp}, {}};
  }
  if (isa<nn::SiLUOp>(user)) {
    // The other side of a gate takes the activation along.
    bool isGate = user->hasOneUse() && isa<arith::MulFOp>(*user->user_begin());
    return isGate ? std::nullopt
                  : std::optional(ProductEpilogue{{user}, {Pointwise::SiLU, std::nullopt}, {}});
  }
  if (Value other = findOtherTerm(user, product)) {
    if (!isBefore(other, op)) {
      return std::nullopt;
    }
    ProductEpilogue epilogue{{user}, {Pointwise::Add, clampOf(user)}, other};
    if (epilogue.epilogue.clamp) {
      epilogue.consumers.push_back(*user->user_begin());
    }
    return epilogue;
  }
  if (!isa<arith::MulFOp>(user)) {
    return std::nullopt;
  }
  Value other = user->getOperand(user->getOperand(0) == product ? 1 : 0);
  auto silu = other.getDefiningOp<nn::SiLUOp>();
  if (!silu || !silu->hasOneUse() || !isBefore(silu.getInput(), op)) {
    return std::nullopt;
  }
  return ProductEpilogue{{user}, {Pointwise::SiLUMul, std::nullopt}, silu.getInput()};
}

/// The layout that a product wants its codes in; nothing for products of no codes.
static std::optional<GroupLayout> layoutFor(OpOperand &use, const Target &target) {
  auto product = dyn_cast<ContractOp>(use.getOwner());
  RealizationAttr realization = product ? product.getRealizationAttr() : RealizationAttr();
  if (!realization || realization.getForm() != ContractionForm::Integer ||
      use.get() != product.getLhs() || !product.getRhs().getDefiningOp<WeightOp>()) {
    return std::nullopt;
  }
  return GroupLayout::get(cast<QTensorType>(product.getRhs().getType()), realization, target);
}

std::optional<Requantization> quench::findRequantization(Value value, const Target &target) {
  auto op = value.hasOneUse() ? dyn_cast<QuantizeOp>(*value.user_begin()) : QuantizeOp();
  if (!op || op.isDynamic() || op.getInput() != value || op->use_empty() ||
      op->getBlock() != value.getParentBlock()) {
    return std::nullopt;
  }
  std::optional<GroupLayout> groups = layoutFor(*op->use_begin(), target);
  bool isRead = groups && llvm::all_of(op->getUses(), [&](OpOperand &use) {
                  return layoutFor(use, target) == groups;
                });
  // A vector of a row is one piece, in memory, too.
  bool isPlain = isRead && groups->k % GroupLayout::kUnit == 0 &&
                 groups->paddedGroup() == groups->group && target.lanes() <= groups->piece();
  std::optional<RowQuantization> rows = isPlain ? RowQuantization::get(op, *groups) : std::nullopt;
  if (!rows || rows->format) {
    return std::nullopt;
  }
  return Requantization{op, *rows};
}

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

using namespace mlir;
using namespace quench;

/// Whether a value exists where `op` is, which is in the same block as the users of both.
static bool isBefore(Value value, Operation *op) {
  Operation *definition = value.getDefiningOp();
  return !definition || definition->getBlock() != op->getBlock() || definition->isBeforeInBlock(op);
}

std::optional<ProductEpilogue> quench::findEpilogue(Operation *op) {
  Value product = op->getResult(0);
  if (!product.hasOneUse() || !isFloatMatrix(product)) {
    return std::nullopt;
  }
  Operation *user = *product.user_begin();
  if (!isa<nn::SiLUOp, arith::AddFOp, arith::MulFOp>(user) || user->getBlock() != op->getBlock() ||
      user->getResult(0).getType() != product.getType()) {
    return std::nullopt;
  }
  if (auto silu = dyn_cast<nn::SiLUOp>(user)) {
    // The other side of a gate takes the activation along.
    bool isGate = silu->hasOneUse() && isa<arith::MulFOp>(*silu->user_begin());
    return isGate ? std::nullopt : std::optional(ProductEpilogue{user, Pointwise::SiLU, {}});
  }
  Value other = user->getOperand(user->getOperand(0) == product ? 1 : 0);
  if (isa<arith::AddFOp>(user)) {
    return isBefore(other, op) ? std::optional(ProductEpilogue{user, Pointwise::Add, other})
                               : std::nullopt;
  }
  auto silu = other.getDefiningOp<nn::SiLUOp>();
  if (!silu || !silu->hasOneUse() || !isBefore(silu.getInput(), op)) {
    return std::nullopt;
  }
  return ProductEpilogue{user, Pointwise::SiLUMul, silu.getInput()};
}

/// The layout that a product wants its codes in; nothing for products of no codes.
static std::optional<GroupLayout> layoutFor(OpOperand &use, const Target &target) {
  auto product = dyn_cast<ContractOp>(use.getOwner());
  RealizationAttr realization = product ? product.getRealizationAttr() : RealizationAttr();
  if (!realization || realization.getForm() != ContractionForm::Integer ||
      use.get() != product.getLhs() || !product.getRhs().getDefiningOp<WeightOp>()) {
    return std::nullopt;
  }
  return GroupLayout::get(cast<QTensorType>(product.getRhs().getType()),
                          containerOf(realization.getContainer()), target);
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
                 groups->paddedGroup() == groups->group &&
                 (groups->rows == 1 || target.lanes() <= 8);
  std::optional<RowQuantization> rows = isPlain ? RowQuantization::get(op, *groups) : std::nullopt;
  if (!rows || rows->format) {
    return std::nullopt;
  }
  return Requantization{op, *rows};
}

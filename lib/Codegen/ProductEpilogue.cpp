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
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

/// Whether a value exists where `op` is, which is in the same block as the users of both.
static bool isBefore(Value value, Operation *op) {
  Operation *definition = value.getDefiningOp();
  return !definition || definition->getBlock() != op->getBlock() || definition->isBeforeInBlock(op);
}

/// The only op of the body of an elementwise op on whole matrices of one shape; null for others.
static Operation *findOnlyStep(linalg::GenericOp op) {
  Block *body = op.getBody();
  if (op.getNumResults() != 1 || op.getNumParallelLoops() != op.getNumLoops() ||
      !llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isIdentity(); }) ||
      !llvm::hasNItems(*body, 2) || !body->getArguments().back().use_empty()) {
    return nullptr;
  }
  Operation *step = &body->front();
  return body->getTerminator()->getOperand(0).getDefiningOp() == step ? step : nullptr;
}

/// Whether an op is the maximum of a matrix and zero.
static bool isReLU(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  auto step =
      generic ? dyn_cast_or_null<arith::MaximumFOp>(findOnlyStep(generic)) : arith::MaximumFOp();
  return step && generic.getNumDpsInputs() == 1 && isFloatMatrix(generic.getResult(0)) &&
         step.getLhs() == generic.getBody()->getArgument(0) &&
         matchPattern(step.getRhs(), m_PosZeroFloat());
}

/// What a matrix is added to by an op; null if it is not.
static Value findOtherTerm(Operation *op, Value matrix) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  bool isSum = isa<arith::AddFOp>(op) ||
               (generic && generic.getNumDpsInputs() == 2 && isFloatMatrix(generic.getResult(0)) &&
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
  if (isReLU(user)) {
    return ProductEpilogue{{user}, Pointwise::ReLU, {}};
  }
  if (isa<nn::SiLUOp>(user)) {
    // The other side of a gate takes the activation along.
    bool isGate = user->hasOneUse() && isa<arith::MulFOp>(*user->user_begin());
    return isGate ? std::nullopt : std::optional(ProductEpilogue{{user}, Pointwise::SiLU, {}});
  }
  if (Value other = findOtherTerm(user, product)) {
    if (!isBefore(other, op)) {
      return std::nullopt;
    }
    Operation *next = user->hasOneUse() ? *user->user_begin() : nullptr;
    return next && next->getBlock() == op->getBlock() && isReLU(next)
               ? ProductEpilogue{{user, next}, Pointwise::AddReLU, other}
               : ProductEpilogue{{user}, Pointwise::Add, other};
  }
  if (!isa<arith::MulFOp>(user)) {
    return std::nullopt;
  }
  Value other = user->getOperand(user->getOperand(0) == product ? 1 : 0);
  auto silu = other.getDefiningOp<nn::SiLUOp>();
  if (!silu || !silu->hasOneUse() || !isBefore(silu.getInput(), op)) {
    return std::nullopt;
  }
  return ProductEpilogue{{user}, Pointwise::SiLUMul, silu.getInput()};
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

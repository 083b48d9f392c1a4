//===- RebaseApply.cpp - Rewrite the IR as a plan says --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Basis/RebaseAction.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quench;

namespace {

/// Inserts changes where the plan says, each as it is, and composes neighbours at the end.
class Rewriter {
public:
  void precede(OpOperand &reader, const BasisUse &use);
  void follow(Value value, const BasisUse &use);
  void changeConstant(OpOperand &operand, ArrayRef<BasisUse> uses);
  LogicalResult simplify();

private:
  Value changeBasis(OpBuilder &builder, Location loc, Value value, const BasisUse &use);
  /// Changes that read or are read by a new one.
  void touch(Operation *op) {
    if (isa_and_nonnull<ChangeBasisOp>(op)) {
      touched.insert(op);
    }
  }

  llvm::SetVector<Operation *> touched;
};

} // namespace

Value Rewriter::changeBasis(OpBuilder &builder, Location loc, Value value, const BasisUse &use) {
  auto change = ChangeBasisOp::create(builder, loc, value, use);
  touch(value.getDefiningOp());
  touch(change);
  return change.getResult();
}

/// Gives one reader the old basis.
void Rewriter::precede(OpOperand &reader, const BasisUse &use) {
  OpBuilder builder(reader.getOwner());
  reader.set(changeBasis(builder, reader.getOwner()->getLoc(), reader.get(), invert(use)));
  touch(reader.getOwner());
}

/// Changes a value right after what makes it, for all readers.
void Rewriter::follow(Value value, const BasisUse &use) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  SmallVector<OpOperand *> readers;
  for (OpOperand &reader : value.getUses()) {
    readers.push_back(&reader);
  }
  Value changed = changeBasis(builder, value.getLoc(), value, use);
  for (OpOperand *reader : readers) {
    reader->set(changed);
    touch(reader->getOwner());
  }
}

/// Changes the constants that one operand holds, in f32.
void Rewriter::changeConstant(OpOperand &operand, ArrayRef<BasisUse> uses) {
  Operation *op = operand.getOwner();
  OpBuilder builder(op);
  Value constant = operand.get();
  auto type = cast<RankedTensorType>(constant.getType());
  bool narrow = !type.getElementType().isF32();
  if (narrow) {
    constant =
        arith::ExtFOp::create(builder, op->getLoc(), type.clone(builder.getF32Type()), constant);
  }
  for (const BasisUse &use : uses) {
    constant = changeBasis(builder, op->getLoc(), constant, use);
  }
  operand.set(constant);
  if (!narrow) {
    return;
  }
  cast<BasisOpInterface>(op).widenToOperands();
  for (Value result : op->getResults()) {
    for (Operation *user : llvm::make_early_inc_range(result.getUsers())) {
      if (isa<arith::ExtFOp>(user) && user->getResult(0).getType() == result.getType()) {
        user->getResult(0).replaceAllUsesWith(result);
        user->erase();
      }
    }
  }
}

LogicalResult Rewriter::simplify() {
  if (touched.empty()) {
    return success();
  }
  MLIRContext *context = touched.front()->getContext();
  RewritePatternSet patterns(context);
  ChangeBasisOp::getCanonicalizationPatterns(patterns, context);
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
  return applyOpPatternsGreedily(touched.getArrayRef(), std::move(patterns), config);
}

static LogicalResult applyPlan(const RebasePlan &plan) {
  Rewriter rewriter;
  for (OpOperand *reader : plan.preceded) {
    rewriter.precede(*reader, plan.bases.lookup(reader->get()));
  }
  for (Value value : plan.followed) {
    rewriter.follow(value, plan.bases.lookup(value));
  }
  for (const auto &[operand, uses] : plan.constants) {
    rewriter.changeConstant(*operand, uses);
  }
  return rewriter.simplify();
}

LogicalResult RebasePlan::apply() const {
  if (bases.empty()) {
    return success();
  }
  LogicalResult result = success();
  bases.front().first.getContext()->executeAction<RebaseAction>([&] { result = applyPlan(*this); },
                                                                {}, *this);
  return result;
}

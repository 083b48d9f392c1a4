//===- FoldAffine.cpp - Fold batch norms into layers ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// y = s x + t. To scale x is a change of basis by diag(s), of which this pass rewrites all readers:
// there is one, the chain. What is left, y = x' + t, is a sum with the bias of what makes x'.
//
//===----------------------------------------------------------------------===//

#include "FoldAffine.h"

#include "BasisRemarks.h"
#include "ChannelAffine.h"

#include "quench/Basis/Rebase.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <cmath>

using namespace mlir;
using namespace quench;

namespace {

/// One chain, from the value that it reads to the one that it makes.
class Chain {
public:
  Chain(OpResult end, int64_t axis, ChannelAffine function)
      : end(end), axis(axis), function(std::move(function)),
        maker(this->function.base.getDefiningOp()) {}

  bool isShift() const {
    return llvm::all_of(function.scale, [](double s) { return s == 1.0; });
  }
  bool hasShift() const {
    return llvm::any_of(function.shift, [](double t) { return t != 0.0; });
  }
  /// Whether folding makes the IR shorter: a sum alone needs a bias that takes it in.
  bool isWorthIt() const { return bias() || !isShift(); }

  /// Does not change the IR.
  RebaseResult plan() const;
  std::optional<std::string> whyNot(ConstantEvaluator &evaluator) const;
  /// Fails when changes of basis do not settle.
  LogicalResult fold(const RebasePlan &plan, ConstantEvaluator &evaluator,
                     llvm::SmallPtrSetImpl<Operation *> &done);

  Operation *getMaker() const { return maker; }
  /// The ops whose results depend on what the chain reads.
  void addOpsTo(llvm::SmallPtrSetImpl<Operation *> &ops) const { addDependent(end, ops); }

private:
  OpOperand *bias() const;
  std::optional<std::vector<double>> readBias(ConstantEvaluator &evaluator) const;
  void writeBias(ArrayRef<double> values);
  Value addShift();
  bool addDependent(Value value, llvm::SmallPtrSetImpl<Operation *> &ops) const;
  int64_t channels() const { return static_cast<int64_t>(function.shift.size()); }

  OpResult end;
  int64_t axis;
  ChannelAffine function;
  Operation *maker;
};

} // namespace

/// Whether a body adds to what its init holds.
static bool addsToInit(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1 || op.getBlock()->getNumArguments() != op->getNumOperands()) {
    return false;
  }
  BlockArgument init = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  auto sum = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return sum && init.hasOneUse() && *init.user_begin() == sum;
}

/// The operand that is added to the results, if there is one.
OpOperand *Chain::bias() const {
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp>(maker)) {
    bool isLast = axis == cast<RankedTensorType>(end.getType()).getRank() - 1;
    return isLast ? &maker->getOpOperand(2) : nullptr;
  }
  auto structured = dyn_cast<linalg::LinalgOp>(maker);
  return structured && addsToInit(structured) ? structured.getDpsInitOperand(0) : nullptr;
}

std::optional<std::vector<double>> Chain::readBias(ConstantEvaluator &evaluator) const {
  bool isVector = cast<RankedTensorType>(bias()->get().getType()).getRank() == 1;
  return channelConstant(bias()->get(), isVector ? 0 : axis, channels(), evaluator);
}

/// A constant of the dialect of `op`.
static Value makeConstant(OpBuilder &builder, Operation *op, ArrayRef<double> values,
                          ArrayRef<int64_t> shape) {
  std::vector<float> rounded(values.begin(), values.end());
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  auto elements = DenseElementsAttr::get(type, ArrayRef<float>(rounded));
  if (isa<tosa::TosaDialect>(op->getDialect())) {
    return tosa::ConstOp::create(builder, op->getLoc(), type, elements);
  }
  return arith::ConstantOp::create(builder, op->getLoc(), elements);
}

void Chain::writeBias(ArrayRef<double> values) {
  OpOperand *operand = bias();
  OpBuilder builder(maker);
  Value old = operand->get(), vector = makeConstant(builder, maker, values, channels());
  auto type = cast<RankedTensorType>(old.getType());
  if (type.getRank() == 1) {
    operand->set(vector);
  } else {
    SmallVector<int64_t> others;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (i != axis) {
        others.push_back(i);
      }
    }
    Value empty = tensor::EmptyOp::create(builder, maker->getLoc(),
                                          tensor::getMixedSizes(builder, maker->getLoc(), old),
                                          type.getElementType());
    operand->set(
        linalg::BroadcastOp::create(builder, maker->getLoc(), vector, empty, others)->getResult(0));
  }
  eraseUnread(old);
}

/// One addition behind what has no bias.
Value Chain::addShift() {
  OpBuilder builder(end.getOwner());
  SmallVector<int64_t> shape(cast<RankedTensorType>(end.getType()).getRank(), 1);
  shape[axis] = channels();
  Value shift = makeConstant(builder, end.getOwner(), function.shift, shape);
  return tosa::AddOp::create(builder, end.getLoc(), end.getType(), function.base, shift);
}

RebaseResult Chain::plan() const {
  if (isShift()) {
    return {RebasePlan(), {nullptr, end.getLoc(), ""}};
  }
  RebasePolicy policy;
  policy.callerReadsValue = true;
  MapUse scale = diagonalOf(end.getContext(), function.scale);
  return planRebase(function.base, BasisUse{axis, 1, scale}, policy);
}

std::optional<std::string> Chain::whyNot(ConstantEvaluator &evaluator) const {
  auto isFinite = [](double value) { return std::isfinite(value); };
  if (!llvm::all_of(function.scale, isFinite) || !llvm::all_of(function.shift, isFinite)) {
    return "its factors are not finite";
  }
  if (!function.base.hasOneUse()) {
    return "what it reads has another reader";
  }
  if (hasShift() && bias() && !readBias(evaluator)) {
    return "the bias before it is not a constant of the channels";
  }
  if (hasShift() && !bias() && !isa_and_nonnull<tosa::TosaDialect>(end.getOwner()->getDialect())) {
    return "nothing before it adds a bias";
  }
  return std::nullopt;
}

LogicalResult Chain::fold(const RebasePlan &plan, ConstantEvaluator &evaluator,
                          llvm::SmallPtrSetImpl<Operation *> &done) {
  if (failed(plan.apply())) {
    return failure();
  }
  Value result = function.base;
  if (hasShift() && bias()) {
    std::optional<std::vector<double>> values = readBias(evaluator);
    if (!values) {
      return failure();
    }
    for (auto [value, shift] : llvm::zip_equal(*values, function.shift)) {
      value += shift;
    }
    writeBias(*values);
  } else if (hasShift()) {
    result = addShift();
  }
  end.replaceAllUsesWith(result);
  llvm::SmallPtrSet<Operation *, 8> erased;
  SmallVector<Operation *> unread = {end.getOwner()};
  while (!unread.empty()) {
    Operation *op = unread.pop_back_val();
    if (erased.contains(op) || !isOpTriviallyDead(op)) {
      continue;
    }
    for (Value operand : op->getOperands()) {
      if (operand.getDefiningOp()) {
        unread.push_back(operand.getDefiningOp());
      }
    }
    erased.insert(op);
    done.insert(op);
    op->erase();
  }
  return success();
}

bool Chain::addDependent(Value value, llvm::SmallPtrSetImpl<Operation *> &ops) const {
  Operation *op = value.getDefiningOp();
  if (value == function.base || !op || isConstantLike(value)) {
    return value == function.base;
  }
  bool depends = false;
  for (Value operand : op->getOperands()) {
    depends |= addDependent(operand, ops);
  }
  if (depends) {
    ops.insert(op);
  }
  return depends;
}

/// Chains that end at a value, one for each axis that may be that of the channels.
static SmallVector<Chain> chainsTo(OpResult end, ConstantEvaluator &evaluator) {
  SmallVector<Chain> chains;
  auto type = dyn_cast<RankedTensorType>(end.getType());
  for (int64_t axis = type ? type.getRank() - 1 : -1; axis >= 0; --axis) {
    std::optional<ChannelAffine> function = channelAffine(end, axis, evaluator);
    Operation *maker = function ? function->base.getDefiningOp() : nullptr;
    if (maker && isa_and_nonnull<linalg::LinalgDialect, tosa::TosaDialect>(maker->getDialect())) {
      Chain chain(end, axis, std::move(*function));
      if (chain.isWorthIt()) {
        chains.push_back(std::move(chain));
      }
    }
  }
  return chains;
}

/// Folds along the first axis that allows it.
static LogicalResult foldChainTo(OpResult end, ConstantEvaluator &evaluator, StringRef pass,
                                 llvm::SmallPtrSetImpl<Operation *> &done) {
  std::optional<std::string> refusal;
  for (Chain &chain : chainsTo(end, evaluator)) {
    std::optional<std::string> reason = chain.whyNot(evaluator);
    RebaseResult result =
        reason ? RebaseResult{std::nullopt, {nullptr, end.getLoc(), *reason}} : chain.plan();
    if (result.plan) {
      remarkPassed(pass, "NormFolded", chain.getMaker(), *result.plan);
      return succeeded(chain.fold(*result.plan, evaluator, done))
                 ? success()
                 : LogicalResult(end.getOwner()->emitError("changes of basis did not settle"));
    }
    refusal = refusal ? refusal : result.refusal.message();
    chain.addOpsTo(done);
  }
  if (refusal) {
    remarkMissed(pass, "NormStays", end.getOwner(), *refusal);
  }
  return success();
}

static LogicalResult foldChainsOf(Operation *function, ConstantEvaluator &evaluator,
                                  StringRef pass) {
  // The last op of a chain comes first, so that chains are as long as can be.
  SmallVector<Operation *> ops;
  function->walk([&](Operation *op) {
    bool isTensor = op->getNumResults() == 1 && isa<RankedTensorType>(op->getResult(0).getType()) &&
                    !isConstantLike(op->getResult(0)) && !isa<arith::ExtFOp>(op);
    if (isTensor && isa_and_nonnull<linalg::LinalgDialect, tosa::TosaDialect, arith::ArithDialect>(
                        op->getDialect())) {
      ops.push_back(op);
    }
  });
  llvm::SmallPtrSet<Operation *, 16> done;
  for (Operation *op : llvm::reverse(ops)) {
    if (!done.contains(op) && failed(foldChainTo(op->getOpResult(0), evaluator, pass, done))) {
      return failure();
    }
  }
  return success();
}

LogicalResult quench::foldChannelAffine(ModuleOp module, ConstantEvaluator &evaluator,
                                        StringRef pass) {
  for (Operation &function : *module.getBody()) {
    if (failed(foldChainsOf(&function, evaluator, pass))) {
      return failure();
    }
  }
  return success();
}

//===- FoldAffine.cpp - Fold the factors of norms into layers -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// y = s x + t. Backward, into what makes x: to scale x is a change of basis by diag(s), of which
// this pass rewrites all readers: there is one, the chain. What is left, y = x' + t, is a sum with
// the bias of what makes x'.
//
// Forward, into what reads y: t moves into the biases of the readers (ReaderShift.h); what is left,
// y' = s x, is rebased by the formal inverse of diag(s), which makes it x.
//
// Backward comes first where no op is left over, then forward, then backward with one addition.
//
//===----------------------------------------------------------------------===//

#include "FoldAffine.h"

#include "BasisRemarks.h"
#include "ChannelAffine.h"
#include "LayerBias.h"
#include "ReaderShift.h"
#include "WeightedAxis.h"

#include "quench/Basis/Rebase.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;
using namespace quench;

namespace {

/// One chain, from the value that it reads to the one that it makes.
class Chain {
public:
  Chain(OpResult end, int64_t axis, ChannelAffine function)
      : end(end), axis(axis), function(std::move(function)) {}

  bool hasScale() const {
    return llvm::any_of(function.scale, [](double s) { return s != 1.0; });
  }
  bool hasShift() const {
    return llvm::any_of(function.shift, [](double t) { return t != 0.0; });
  }
  /// The ops whose results depend on what the chain reads.
  void addOpsTo(llvm::SmallPtrSetImpl<Operation *> &ops) const { addDependent(end, ops); }

protected:
  std::optional<std::string> whyNotFinite() const;
  BasisUse scaleUse() const { return {axis, 1, diagonalOf(end.getContext(), function.scale)}; }
  RebaseRefusal refusalOf(StringRef reason) const { return {nullptr, end.getLoc(), reason.str()}; }
  void replaceEnd(Value value, llvm::SmallPtrSetImpl<Operation *> &done);

  OpResult end;
  int64_t axis;
  ChannelAffine function;

private:
  bool addDependent(Value value, llvm::SmallPtrSetImpl<Operation *> &ops) const;
};

/// Into what makes the base.
class BackwardChain : public Chain {
public:
  using Chain::Chain;

  static constexpr StringLiteral remarkName = "NormFolded", direction = "what makes it";

  /// Of all chains to `end`, along the axes that may be that of the channels.
  static std::vector<BackwardChain> findAll(OpResult end, ConstantEvaluator &evaluator);

  /// What remarks name: the op that makes the base.
  Operation *anchor() const { return function.base.getDefiningOp(); }
  bool leavesAddition() const { return hasShift() && !bias().isInside(); }
  /// Does not change the IR.
  RebaseResult plan(ConstantEvaluator &evaluator) const;
  /// Fails when changes of basis do not settle.
  LogicalResult fold(const RebasePlan &plan, ConstantEvaluator &evaluator,
                     llvm::SmallPtrSetImpl<Operation *> &done);

private:
  LayerBias bias() const { return LayerBias(cast<OpResult>(function.base), axis); }
};

/// Into what reads the end.
class ForwardChain : public Chain {
public:
  using Chain::Chain;

  static constexpr StringLiteral remarkName = "NormFoldedForward", direction = "what reads it";

  static std::vector<ForwardChain> findAll(OpResult end, ConstantEvaluator &evaluator);

  Operation *anchor() const { return end.getOwner(); }
  /// Does not change the IR.
  RebaseResult plan(ConstantEvaluator &evaluator);
  LogicalResult fold(const RebasePlan &plan, ConstantEvaluator &evaluator,
                     llvm::SmallPtrSetImpl<Operation *> &done);

private:
  std::optional<ReaderShift> shift;
};

} // namespace

//===----------------------------------------------------------------------===//
// Chains
//===----------------------------------------------------------------------===//

std::optional<std::string> Chain::whyNotFinite() const {
  auto isFinite = [](double value) { return std::isfinite(value); };
  bool fits = llvm::all_of(function.scale, isFinite) && llvm::all_of(function.shift, isFinite);
  return fits ? std::nullopt : std::optional<std::string>("its factors are not finite");
}

/// Lets `value` be read instead, and erases what nobody reads then.
void Chain::replaceEnd(Value value, llvm::SmallPtrSetImpl<Operation *> &done) {
  if (value != end) {
    end.replaceAllUsesWith(value);
  }
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
}

bool Chain::addDependent(Value value, llvm::SmallPtrSetImpl<Operation *> &ops) const {
  Operation *op = value.getDefiningOp();
  if (value == function.base || !op || isConstantLike(value)) {
    return value == function.base;
  }
  Value base = function.base;
  bool depends = function.isInRegion() && op == base.getParentBlock()->getParentOp();
  for (Value operand : op->getOperands()) {
    depends |= addDependent(operand, ops);
  }
  if (depends) {
    ops.insert(op);
  }
  return depends;
}

/// Every function of channels that `end` is, from the last axis to the first.
static SmallVector<std::pair<int64_t, ChannelAffine>>
functionsOf(OpResult end, ConstantEvaluator &evaluator, bool entersRegions) {
  SmallVector<std::pair<int64_t, ChannelAffine>> functions;
  auto type = dyn_cast<RankedTensorType>(end.getType());
  for (int64_t axis = type ? type.getRank() - 1 : -1; axis >= 0; --axis) {
    if (auto function = channelAffine(end, axis, evaluator, entersRegions)) {
      functions.push_back({axis, std::move(*function)});
    }
  }
  return functions;
}

//===----------------------------------------------------------------------===//
// Backward
//===----------------------------------------------------------------------===//

std::vector<BackwardChain> BackwardChain::findAll(OpResult end, ConstantEvaluator &evaluator) {
  std::vector<BackwardChain> chains;
  for (auto &[axis, function] : functionsOf(end, evaluator, /*entersRegions=*/false)) {
    Operation *maker = function.base.getDefiningOp();
    bool isUpstream =
        maker && isa_and_nonnull<linalg::LinalgDialect, tosa::TosaDialect>(maker->getDialect());
    BackwardChain chain(end, axis, std::move(function));
    // A sum alone needs a bias that takes it in, or nothing is won.
    if (isUpstream && (chain.hasScale() || chain.bias().isInside())) {
      chains.push_back(std::move(chain));
    }
  }
  return chains;
}

RebaseResult BackwardChain::plan(ConstantEvaluator &evaluator) const {
  std::optional<std::string> reason = whyNotFinite();
  if (!reason && !function.base.hasOneUse()) {
    reason = "what it reads has another reader";
  }
  if (!reason && hasShift()) {
    reason = bias().whyNot(evaluator);
  }
  if (reason) {
    return {std::nullopt, refusalOf(*reason)};
  }
  if (!hasScale()) {
    return {RebasePlan(), refusalOf("")};
  }
  RebasePolicy policy;
  policy.callerReadsValue = true;
  return planRebase(function.base, scaleUse(), policy);
}

LogicalResult BackwardChain::fold(const RebasePlan &plan, ConstantEvaluator &evaluator,
                                  llvm::SmallPtrSetImpl<Operation *> &done) {
  if (failed(plan.apply())) {
    return failure();
  }
  Value result = hasShift() ? bias().add(function.shift, evaluator) : function.base;
  replaceEnd(result, done);
  return success();
}

//===----------------------------------------------------------------------===//
// Forward
//===----------------------------------------------------------------------===//

/// Whether weights make a value: then a sum behind it is their bias.
static bool isMadeByLayer(Value value) {
  Operation *op = value.getDefiningOp();
  return op && llvm::any_of(op->getOpOperands(),
                            [](OpOperand &operand) { return weightedAxis(operand).has_value(); });
}

std::vector<ForwardChain> ForwardChain::findAll(OpResult end, ConstantEvaluator &evaluator) {
  std::vector<ForwardChain> chains;
  for (auto &[axis, function] : functionsOf(end, evaluator, /*entersRegions=*/true)) {
    ForwardChain chain(end, axis, std::move(function));
    bool isNorm = chain.hasScale() || (chain.hasShift() && !isMadeByLayer(chain.function.base));
    if (isNorm) {
      chains.push_back(std::move(chain));
    }
  }
  return chains;
}

RebaseResult ForwardChain::plan(ConstantEvaluator &evaluator) {
  if (std::optional<std::string> reason = whyNotFinite()) {
    return {std::nullopt, refusalOf(*reason)};
  }
  RebaseResult result{RebasePlan(), refusalOf("")};
  if (hasShift()) {
    shift = ReaderShift::plan(end, axis, function.shift, evaluator, result.refusal);
    if (!shift) {
      result.plan.reset();
      return result;
    }
  }
  if (!hasScale()) {
    return result;
  }
  RebasePolicy policy;
  policy.callerMakesValue = true;
  result = planRebase(end, invert(scaleUse()), policy);
  if (result.plan && shift && !shift->agreesWith(*result.plan)) {
    return {std::nullopt, refusalOf("the readers would pass the scale on")};
  }
  return result;
}

LogicalResult ForwardChain::fold(const RebasePlan &plan, ConstantEvaluator &evaluator,
                                 llvm::SmallPtrSetImpl<Operation *> &done) {
  if (failed(plan.apply())) {
    return failure();
  }
  if (shift) {
    shift->apply(evaluator);
  }
  if (!function.isInRegion()) {
    replaceEnd(function.base, done);
    return success();
  }
  Block *body = function.base.getParentBlock();
  Operation *op = body->getParentOp();
  body->getTerminator()->setOperand(0, function.base);
  done.insert(op);
  replaceEnd(op->getResult(0), done);
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

/// Tries the chains of one function.
class ChainFolder {
public:
  ChainFolder(ConstantEvaluator &evaluator, StringRef pass) : evaluator(evaluator), pass(pass) {}

  LogicalResult foldAll(Operation *function);

private:
  /// Folds the first chain that allows it; says whether there was one.
  template <typename ChainTy>
  FailureOr<bool> foldFirst(MutableArrayRef<ChainTy> chains,
                            llvm::function_ref<bool(const ChainTy &)> isWanted);
  LogicalResult foldTo(OpResult end);

  ConstantEvaluator &evaluator;
  StringRef pass;
  /// Ops that need no more looking at.
  llvm::SmallPtrSet<Operation *, 16> done;
  /// Of the end at hand: the first one for each direction.
  SmallVector<std::string, 2> refusals;
};

} // namespace

template <typename ChainTy>
FailureOr<bool> ChainFolder::foldFirst(MutableArrayRef<ChainTy> chains,
                                       llvm::function_ref<bool(const ChainTy &)> isWanted) {
  std::optional<std::string> first;
  for (ChainTy &chain : chains) {
    if (!isWanted(chain)) {
      continue;
    }
    RebaseResult result = chain.plan(evaluator);
    if (result.plan) {
      remarkPassed(pass, ChainTy::remarkName, chain.anchor(), *result.plan);
      if (failed(chain.fold(*result.plan, evaluator, done))) {
        return failure();
      }
      return true;
    }
    first = first ? first : result.refusal.message();
  }
  if (first) {
    refusals.push_back((Twine(ChainTy::direction) + ": " + *first).str());
  }
  return false;
}

LogicalResult ChainFolder::foldTo(OpResult end) {
  std::vector<BackwardChain> backward = BackwardChain::findAll(end, evaluator);
  std::vector<ForwardChain> forward = ForwardChain::findAll(end, evaluator);
  Operation *op = end.getOwner();
  Location loc = op->getLoc();
  refusals.clear();
  FailureOr<bool> folded = foldFirst<BackwardChain>(
      backward, [](const BackwardChain &chain) { return !chain.leavesAddition(); });
  if (succeeded(folded) && !*folded) {
    folded = foldFirst<ForwardChain>(forward, [](const ForwardChain &) { return true; });
  }
  if (succeeded(folded) && !*folded) {
    folded = foldFirst<BackwardChain>(
        backward, [](const BackwardChain &chain) { return chain.leavesAddition(); });
  }
  if (failed(folded)) {
    return emitError(loc, "changes of basis did not settle");
  }
  if (*folded || refusals.empty()) {
    return success();
  }
  for (const Chain &chain : backward) {
    chain.addOpsTo(done);
  }
  for (const Chain &chain : forward) {
    chain.addOpsTo(done);
  }
  remarkMissed(pass, "NormStays", op, llvm::join(refusals, "; "));
  return success();
}

LogicalResult ChainFolder::foldAll(Operation *function) {
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
  for (Operation *op : llvm::reverse(ops)) {
    if (!done.contains(op) && failed(foldTo(op->getOpResult(0)))) {
      return failure();
    }
  }
  return success();
}

LogicalResult quench::foldChannelAffine(ModuleOp module, ConstantEvaluator &evaluator,
                                        StringRef pass) {
  for (Operation &function : *module.getBody()) {
    if (failed(ChainFolder(evaluator, pass).foldAll(&function))) {
      return failure();
    }
  }
  return success();
}

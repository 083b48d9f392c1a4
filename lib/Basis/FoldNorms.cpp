//===- FoldNorms.cpp - Move the gains of norms into their readers ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float model. Output: the same function; norms without gain and bias where their readers
// could take them in, whose weights have a diagonal change of basis and whose biases have the rest.
//
// Chains of elementwise ops that scale and shift channels, such as a batch norm or the gain and
// bias of a layer norm, go into what makes their input or into what reads them (FoldAffine.h).
//
// A norm without gain makes y D⁻¹ where the one with gain D makes y: the value is rebased by the
// formal inverse, which cancels in the readers' weights, and this pass rewrites the norm itself.
//
//===----------------------------------------------------------------------===//

#include "BasisRemarks.h"
#include "FoldAffine.h"
#include "ReaderShift.h"
#include "quench/Basis/ConstantChain.h"

#include "quench/Basis/Passes.h"
#include "quench/Basis/Rebase.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Workspace/WorkspacePass.h"

#define DEBUG_TYPE "quench-fold-norms"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_FOLDNORMSPASS
#include "quench/Basis/Passes.h.inc"
} // namespace quench

using namespace quench;

namespace {

struct FoldNormsPass : WithUpstreamModels<quench::impl::FoldNormsPassBase<FoldNormsPass>>,
                       WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;
};

} // namespace

/// The elements of a gain or bias; nothing, with a remark, when it is no constant.
static FailureOr<std::optional<std::vector<double>>>
readVector(Operation *norm, Value vector, StringRef what, ConstantEvaluator &evaluator) {
  if (!isConstantLike(vector)) {
    remarkMissed(DEBUG_TYPE, "GainStays", norm, "its " + what + " is not a weight or a constant");
    return std::optional<std::vector<double>>();
  }
  llvm::Expected<std::vector<double>> values = evaluator.evaluate(ConstantChain::of(vector));
  if (!values) {
    return norm->emitError() << llvm::toString(values.takeError());
  }
  return std::optional(std::move(*values));
}

/// Gives readers what `gain` and `bias`, which may be null, do; whether they took it. Fails only on
/// what is an error; what is refused has a remark.
static FailureOr<bool> foldIntoReaders(Operation *norm, Value gain, Value bias,
                                       ConstantEvaluator &evaluator) {
  Value result = norm->getResult(0);
  std::optional<ReaderShift> shift;
  RebaseResult scale{RebasePlan(), {nullptr, norm->getLoc(), ""}};
  if (bias) {
    auto values = readVector(norm, bias, "bias", evaluator);
    if (failed(values) || !*values) {
      return failed(values) ? FailureOr<bool>(failure()) : false;
    }
    shift = ReaderShift::plan(result, 1, **values, evaluator, scale.refusal);
    if (!shift) {
      scale.plan.reset();
    }
  }
  if (gain && scale.plan) {
    auto values = readVector(norm, gain, "gain", evaluator);
    if (failed(values) || !*values) {
      return failed(values) ? FailureOr<bool>(failure()) : false;
    }
    BasisUse use{1, 1, diagonalOf(norm->getContext(), **values)};
    RebasePolicy policy;
    policy.callerMakesValue = true;
    if (!use.isIdentity()) {
      scale = planRebase(result, invert(use), policy);
    }
  }
  if (scale.plan && shift && !shift->agreesWith(*scale.plan)) {
    scale = {std::nullopt, {nullptr, norm->getLoc(), "the readers would pass the gain on"}};
  }
  if (!scale.plan) {
    remarkMissed(DEBUG_TYPE, "GainStays", norm, scale.refusal);
    return false;
  }
  if (!scale.plan->bases.empty() || shift) {
    SmallVector<std::pair<StringRef, double>, 1> metrics;
    if (shift) {
      metrics.push_back({"Biases", static_cast<double>(shift->numLayers())});
    }
    remarkPassed(DEBUG_TYPE, "GainFolded", norm, *scale.plan, metrics);
  }
  if (failed(scale.plan->apply())) {
    return norm->emitError("changes of basis did not settle");
  }
  if (shift) {
    shift->apply(evaluator);
  }
  return true;
}

static LogicalResult foldNorm(Operation *op, ConstantEvaluator &evaluator) {
  auto rms = dyn_cast<nn::RMSNormOp>(op);
  auto layer = dyn_cast<nn::LayerNormOp>(op);
  Value gain = rms ? rms.getGain() : layer.getGain(), bias = rms ? Value() : layer.getBias();
  FailureOr<bool> folded = foldIntoReaders(op, gain, bias, evaluator);
  if (failed(folded) || !*folded) {
    return failed(folded) ? failure() : success();
  }
  (rms ? rms.getGainMutable() : layer.getGainMutable()).clear();
  if (layer) {
    layer.getBiasMutable().clear();
  }
  for (Value vector : {gain, bias}) {
    if (vector) {
      eraseUnread(vector);
    }
  }
  return success();
}

void FoldNormsPass::runOnOperation() {
  llvm::Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    getOperation().emitError() << llvm::toString(workspace.takeError());
    return signalPassFailure();
  }
  LogicalResult result = changeCopy(getOperation(), [&](ModuleOp module) {
    ConstantEvaluator evaluator((*workspace)->weights(), (*workspace)->threads());
    SmallVector<Operation *> norms;
    module.walk([&](Operation *op) {
      auto rms = dyn_cast<nn::RMSNormOp>(op);
      auto layer = dyn_cast<nn::LayerNormOp>(op);
      if ((rms && rms.getGain()) || (layer && (layer.getGain() || layer.getBias()))) {
        norms.push_back(op);
      }
    });
    for (Operation *norm : norms) {
      if (failed(foldNorm(norm, evaluator))) {
        return failure();
      }
    }
    return foldChannelAffine(module, evaluator, DEBUG_TYPE);
  });
  if (failed(result)) {
    signalPassFailure();
  }
}

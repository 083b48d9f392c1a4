//===- FoldNorms.cpp - Move the gains of norms into their readers ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float model. Output: the same function; norms without gain where their readers could
// take it in, whose weights have a diagonal change of basis.
//
// Chains of elementwise ops of linalg and tosa that scale and shift channels, such as a batch norm,
// go the other way: into what makes their input (FoldAffine.h).
//
// A norm without gain makes y D⁻¹ where the one with gain D makes y: the value is rebased by the
// formal inverse, which cancels in the readers' weights, and this pass rewrites the norm itself.
//
//===----------------------------------------------------------------------===//

#include "BasisRemarks.h"
#include "FoldAffine.h"
#include "quench/Basis/ConstantChain.h"

#include "quench/Basis/Passes.h"
#include "quench/Basis/Rebase.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Workspace/WorkspacePass.h"

#define DEBUG_TYPE "quench-fold-norms"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_FOLDNORMSPASS
#include "quench/Basis/Passes.h.inc"
} // namespace quench

using namespace quench;

namespace {

struct FoldNormsPass : quench::impl::FoldNormsPassBase<FoldNormsPass>, WorkspacePass {
  using FoldNormsPassBase::FoldNormsPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    FoldNormsPassBase::getDependentDialects(registry);
    registerBasisModels(registry);
  }
  void runOnOperation() override;
  LogicalResult foldNorm(nn::RMSNormOp norm, ConstantEvaluator &evaluator);
};

} // namespace

/// Fails only on what is an error; what is refused has a remark.
LogicalResult FoldNormsPass::foldNorm(nn::RMSNormOp norm, ConstantEvaluator &evaluator) {
  if (!isConstantLike(norm.getGain())) {
    remarkMissed(DEBUG_TYPE, "GainStays", norm, "its gain is not a weight or a constant");
    return success();
  }
  llvm::Expected<std::vector<double>> gain = evaluator.evaluate(ConstantChain::of(norm.getGain()));
  if (!gain) {
    return norm.emitError() << llvm::toString(gain.takeError());
  }
  BasisUse use{1, 1, diagonalOf(&getContext(), *gain)};
  if (!use.isIdentity()) {
    RebasePolicy policy;
    policy.callerMakesValue = true;
    RebaseResult result = planRebase(norm.getResult(), invert(use), policy);
    if (!result.plan) {
      remarkMissed(DEBUG_TYPE, "GainStays", norm, result.refusal);
      return success();
    }
    if (failed(result.plan->apply())) {
      return norm.emitError("changes of basis did not settle");
    }
    remarkPassed(DEBUG_TYPE, "GainFolded", norm, *result.plan);
  }
  Value old = norm.getGain();
  norm.getGainMutable().clear();
  eraseUnread(old);
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
    SmallVector<nn::RMSNormOp> norms;
    module.walk([&](nn::RMSNormOp norm) {
      if (norm.getGain()) {
        norms.push_back(norm);
      }
    });
    for (nn::RMSNormOp norm : norms) {
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

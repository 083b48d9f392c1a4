//===- Permute.cpp - Spread outliers by rotations and a permutation -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float model and statistics of its channels. Output: the same function in reals, with an
// online change of basis on the inputs of linear layers and its inverse in their weights.
// DuQuant (Lin et al., 2024, arXiv 2406.01721).
//
//===----------------------------------------------------------------------===//

#include "BasisRemarks.h"
#include "ZigzagRotation.h"

#include "quench/Basis/Passes.h"
#include "quench/Basis/ScalableInput.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Workspace/WorkspacePass.h"

#define DEBUG_TYPE "quench-permute"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_PERMUTEPASS
#include "quench/Basis/Passes.h.inc"
} // namespace quench

using namespace quench;

namespace {

struct PermutePass : WithUpstreamModels<quench::impl::PermutePassBase<PermutePass>>, WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;
  LogicalResult permute(const ScalableInput &input, const calibration::Statistics &statistics);
};

} // namespace

static MapUse orthogonalBlocks(MLIRContext *context, ArrayRef<double> matrix, int64_t block,
                               int64_t copies) {
  auto type = RankedTensorType::get({block, block}, Float64Type::get(context));
  MapUse use{OrthogonalAttr::get(context, DenseElementsAttr::get(type, matrix))};
  return repeat(use, copies);
}

LogicalResult PermutePass::permute(const ScalableInput &input,
                                   const calibration::Statistics &statistics) {
  Operation *place = input.layers().front();
  const calibration::EdgeStatistics *edge = statistics.lookup(input.edge());
  int64_t copies = input.channels() / block;
  if (copies * block != input.channels()) {
    remarkMissed(DEBUG_TYPE, "NotPermuted", place,
                 "a block of " + Twine(block) + " does not divide its " + Twine(input.channels()) +
                     " channels");
    return success();
  }
  if (!edge || static_cast<int64_t>(edge->perChannel.absmax.size()) != input.channels()) {
    remarkMissed(DEBUG_TYPE, "NotPermuted", place,
                 "calibration has no channels of edge '" + input.edge() + "'");
    return success();
  }
  ZigzagRotation rotation = findZigzagRotation(edge->perChannel.absmax, {block, steps, seed});
  MLIRContext *context = &getContext();
  MapUse permutation{
      PermutationAttr::get(context, DenseI64ArrayAttr::get(context, rotation.sources))};
  MapUse map =
      compose(compose(orthogonalBlocks(context, rotation.first, block, copies), permutation),
              orthogonalBlocks(context, rotation.second, block, copies));
  RebasePolicy policy;
  policy.mayFollow = [&](Value value) { return value == input.value(); };
  RebaseResult result = planRebase(input.value(), BasisUse{input.axis(), 1, map}, policy);
  if (!result.plan) {
    remarkMissed(DEBUG_TYPE, "NotPermuted", place, result.refusal);
    return success();
  }
  remarkPassed(DEBUG_TYPE, "Permuted", place, *result.plan,
               {{"PeakBefore", rotation.peakBefore}, {"PeakAfter", rotation.peakAfter}});
  if (failed(result.plan->apply())) {
    return place->emitError("changes of basis did not settle");
  }
  return success();
}

void PermutePass::runOnOperation() {
  ModuleOp module = getOperation();
  if (block < 1) {
    module.emitError("option 'block': expected at least 1, found ") << block.getValue();
    return signalPassFailure();
  }
  llvm::Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    module.emitError() << llvm::toString(workspace.takeError());
    return signalPassFailure();
  }
  auto statistics = (*workspace)->statistics();
  if (!statistics) {
    module.emitError() << llvm::toString(statistics.takeError());
    return signalPassFailure();
  }
  LogicalResult result = changeCopy(module, [&](ModuleOp copy) {
    for (const ScalableInput &input : ScalableInput::findAll(copy)) {
      if (input.isQuantizedBy(**workspace) && failed(permute(input, **statistics))) {
        return failure();
      }
    }
    return success();
  });
  if (failed(result)) {
    signalPassFailure();
  }
}

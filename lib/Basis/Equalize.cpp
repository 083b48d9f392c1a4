//===- Equalize.cpp - Give both sides of an edge the same ranges ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float model. Output: the same function, with diagonal changes of basis on weights.
// Cross-layer equalization (Nagel et al., 2019, arXiv 1906.04721): channel i that a layer makes
// with weights up to r1 and others read with weights up to r2 is divided by sqrt(r1 / r2), which
// makes both ranges sqrt(r1 r2). A layer may make one edge and read another, so edges are visited
// until nothing moves.
//
//===----------------------------------------------------------------------===//

#include "BasisRemarks.h"

#include "quench/Basis/Passes.h"
#include "quench/Basis/ScalableInput.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

#define DEBUG_TYPE "quench-equalize"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_EQUALIZEPASS
#include "quench/Basis/Passes.h.inc"
} // namespace quench

using namespace quench;

/// Rounds in which the scales of chains of layers settle; what is left then is small.
static constexpr unsigned maxRounds = 30;
/// The relative change of a scale that counts.
static constexpr double tolerance = 1e-4;

namespace {

struct EqualizePass : WithUpstreamModels<quench::impl::EqualizePassBase<EqualizePass>>,
                      WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;
};

} // namespace

/// The scales of one edge, as its weights are now.
static llvm::Expected<std::vector<double>>
equalizingScales(const ScalePlan &plan, int64_t numClasses, ConstantEvaluator &evaluator) {
  auto made = ScalePlan::largest(plan.makers(), numClasses, evaluator);
  if (!made) {
    return made.takeError();
  }
  auto read = ScalePlan::largest(plan.readers(), numClasses, evaluator);
  if (!read) {
    return read.takeError();
  }
  std::vector<double> scales;
  for (auto [first, second] : llvm::zip_equal(*made, *read)) {
    // A channel of zeros on one side has nothing to share.
    scales.push_back(first > 0.0 && second > 0.0 ? std::sqrt(first / second) : 1.0);
  }
  return scales;
}

/// Equalizes one edge. Returns the largest relative change of a channel, 0 when it stays.
static llvm::Expected<double> equalize(const ScalableInput &input, ConstantEvaluator &evaluator,
                                       bool report) {
  // Planned anew each time: the weights are those that the edges before have left.
  RebaseRefusal refusal{nullptr, input.value().getLoc(), ""};
  std::optional<ScalePlan> plan = ScalePlan::create(input, refusal);
  if (!plan || plan->makers().empty()) {
    if (report && plan) {
      remarkMissed(DEBUG_TYPE, "NotEqualized", input.layers().front(),
                   "no layer makes its input with weights that could be scaled");
    } else if (report) {
      remarkMissed(DEBUG_TYPE, "NotEqualized", input.layers().front(), refusal);
    }
    return 0.0;
  }
  auto scales = equalizingScales(*plan, input.numClasses(), evaluator);
  if (!scales) {
    return scales.takeError();
  }
  double change = 0.0;
  for (double scale : *scales) {
    change = std::max(change, std::abs(std::log(scale)));
  }
  RebaseResult result = input.plan(*scales);
  if (!result.plan) {
    return llvm::createStringError(result.refusal.message());
  }
  if (report) {
    remarkPassed(DEBUG_TYPE, "Equalized", input.layers().front(), *result.plan);
  }
  if (failed(result.plan->apply())) {
    return llvm::createStringError("changes of basis did not settle");
  }
  return change;
}

void EqualizePass::runOnOperation() {
  llvm::Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    getOperation().emitError() << llvm::toString(workspace.takeError());
    return signalPassFailure();
  }
  LogicalResult result = changeCopy(getOperation(), [&](ModuleOp module) {
    ConstantEvaluator evaluator((*workspace)->weights(), (*workspace)->threads());
    std::vector<ScalableInput> inputs = ScalableInput::findAll(module);
    double change = 1.0;
    for (unsigned round = 0; round < maxRounds && change > tolerance; ++round) {
      change = 0.0;
      for (const ScalableInput &input : inputs) {
        llvm::Expected<double> own = equalize(input, evaluator, round == 0);
        if (!own) {
          return LogicalResult(input.layers().front()->emitError()
                               << llvm::toString(own.takeError()));
        }
        change = std::max(change, *own);
      }
    }
    return success();
  });
  if (failed(result)) {
    signalPassFailure();
  }
}

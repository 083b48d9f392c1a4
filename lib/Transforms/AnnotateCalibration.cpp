//===- AnnotateCalibration.cpp - Write ranges onto observers --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a module with observers, and a workspace with statistics for all of them.
// Output: every observer has the range of its edge, replacing one it may have had.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Transforms/Passes.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#define DEBUG_TYPE "quench-annotate-calibration"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_ANNOTATECALIBRATIONPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;
using calibration::EdgeStatistics;
using calibration::Statistics;

namespace {

struct AnnotateCalibrationPass : quench::impl::AnnotateCalibrationPassBase<AnnotateCalibrationPass>,
                                 WorkspacePass {
  using AnnotateCalibrationPassBase::AnnotateCalibrationPassBase;

  void runOnOperation() override;
  llvm::Expected<const Statistics *> openStatistics();

  /// The archive, for messages.
  std::string source;
};

} // namespace

llvm::Expected<const Statistics *> AnnotateCalibrationPass::openStatistics() {
  llvm::Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return workspace.takeError();
  }
  source = (*workspace)->archivePath().str();
  return (*workspace)->statistics();
}

void AnnotateCalibrationPass::runOnOperation() {
  ModuleOp module = getOperation();
  llvm::Expected<const Statistics *> statistics = openStatistics();
  if (!statistics) {
    module.emitError() << llvm::toString(statistics.takeError());
    return signalPassFailure();
  }
  SmallVector<std::pair<ObserveOp, const EdgeStatistics *>> observers;
  module.walk([&](ObserveOp observer) {
    observers.emplace_back(observer, (*statistics)->lookup(observer.getName()));
  });
  for (auto [observer, edge] : observers) {
    if (!edge) {
      observer.emitError() << "expected statistics of edge '" << observer.getName() << "' in "
                           << source << ", found none; calibrate the model with this observer";
      signalPassFailure();
    }
  }
  if (llvm::any_of(observers, [](const auto &pair) { return !pair.second; })) {
    return;
  }
  Builder builder(module.getContext());
  for (auto [observer, edge] : observers) {
    observer.setRangeAttr(builder.getDenseF32ArrayAttr({edge->range.min, edge->range.max}));
  }
}

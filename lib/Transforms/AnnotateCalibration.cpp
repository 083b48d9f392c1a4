//===- AnnotateCalibration.cpp - Write ranges onto observers --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a module with observers, and an archive with statistics for all of them.
// Output: every observer has the range of its edge, replacing one it may have had.
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/CalibrationArchive.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Transforms/Passes.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#define DEBUG_TYPE "quench-annotate-calibration"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_ANNOTATECALIBRATIONPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;
using calibration::CalibrationArchive;
using calibration::EdgeStatistics;

namespace {

struct AnnotateCalibrationPass
    : quench::impl::AnnotateCalibrationPassBase<AnnotateCalibrationPass> {
  using AnnotateCalibrationPassBase::AnnotateCalibrationPassBase;

  void runOnOperation() override;
  llvm::Expected<CalibrationArchive> loadArchive();
};

} // namespace

/// The archive, if it is complete and belongs to the weights.
llvm::Expected<CalibrationArchive> AnnotateCalibrationPass::loadArchive() {
  if (archive.empty()) {
    return llvm::createStringError("expected a calibration archive, found no option 'archive'");
  }
  llvm::Expected<CalibrationArchive> result = CalibrationArchive::load(archive);
  if (!result) {
    return result;
  }
  if (llvm::Error error = result->requireComplete(archive)) {
    return std::move(error);
  }
  if (!weights.empty()) {
    llvm::Expected<std::unique_ptr<WeightStore>> store = WeightStore::open(weights);
    if (!store) {
      return store.takeError();
    }
    if (llvm::Error error = result->requireModel((*store)->digest(), archive)) {
      return std::move(error);
    }
  }
  return result;
}

void AnnotateCalibrationPass::runOnOperation() {
  ModuleOp module = getOperation();
  llvm::Expected<CalibrationArchive> loaded = loadArchive();
  if (!loaded) {
    module.emitError() << llvm::toString(loaded.takeError());
    return signalPassFailure();
  }
  SmallVector<std::pair<ObserveOp, const EdgeStatistics *>> observers;
  module.walk([&](ObserveOp observer) {
    observers.emplace_back(observer, loaded->statistics.lookup(observer.getName()));
  });
  for (auto [observer, edge] : observers) {
    if (!edge) {
      observer.emitError() << "expected statistics of edge '" << observer.getName() << "' in "
                           << archive << ", found none; calibrate the model with this observer";
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

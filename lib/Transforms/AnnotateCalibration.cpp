//===- AnnotateCalibration.cpp - Write ranges onto observers --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a module with observers, and a workspace with statistics for all of them.
// Output: every observer has a range that was chosen from the statistics of its edge, replacing one
// it may have had.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Transforms/LayerNames.h"
#include "quench/Transforms/Passes.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/Format.h"

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

/// An observer and what is known about its edge.
struct ObservedEdge {
  ObserveOp op;
  const EdgeStatistics *statistics = nullptr;
  numerics::ValueRange range;
};

struct AnnotateCalibrationPass : quench::impl::AnnotateCalibrationPassBase<AnnotateCalibrationPass>,
                                 WorkspacePass {
  using AnnotateCalibrationPassBase::AnnotateCalibrationPassBase;

  void runOnOperation() override;

  llvm::Error open();
  /// The statistics and the range of an observer; says what is wrong and fails.
  LogicalResult annotate(ObservedEdge &edge);
  recipe::ActivationFormat formatOf(Value value) const;
  llvm::json::Object describe(ObservedEdge &edge) const;
  void report(ObservedEdge &edge) const;

  Workspace *workspace = nullptr;
  const Statistics *statistics = nullptr;
  /// What the recipe says about the layers that read a value; only looked up.
  DenseMap<Value, recipe::ActivationFormat> formats;
};

} // namespace

llvm::Error AnnotateCalibrationPass::open() {
  if (!(percentile > 0.0 && percentile <= 100.0)) {
    return llvm::createStringError("option 'percentile': expected a number above 0 and up to 100, "
                                   "found %g",
                                   percentile.getValue());
  }
  llvm::Expected<Workspace *> opened = openWorkspace({weights, archive, recipe});
  if (!opened) {
    return opened.takeError();
  }
  workspace = *opened;
  llvm::Expected<const Statistics *> known = workspace->statistics();
  if (!known) {
    return known.takeError();
  }
  statistics = *known;
  formats.clear();
  llvm::Expected<const recipe::Recipe *> recipe = workspace->recipe();
  if (!recipe) {
    llvm::consumeError(recipe.takeError());
    return llvm::Error::success();
  }
  LayerNames names(getOperation());
  for (QuantizableOpInterface layer : names.layers()) {
    recipe::LayerFormats wanted = (*recipe)->formatsFor(names.nameOf(layer));
    if (wanted.activations && !wanted.activations->dynamic) {
      formats.try_emplace(layer.getActivationOperand().get(), *wanted.activations);
    }
  }
  return llvm::Error::success();
}

recipe::ActivationFormat AnnotateCalibrationPass::formatOf(Value value) const {
  auto place = formats.find(value);
  if (place != formats.end()) {
    return place->second;
  }
  // Nobody asks for the range; give the one of the most common format.
  recipe::ActivationFormat format;
  format.element = numerics::Encoding::integer(8);
  return format;
}

LogicalResult AnnotateCalibrationPass::annotate(ObservedEdge &edge) {
  edge.statistics = statistics->lookup(edge.op.getName());
  if (!edge.statistics) {
    return edge.op.emitError() << "expected statistics of edge '" << edge.op.getName() << "' in "
                               << workspace->archivePath()
                               << ", found none; calibrate the model with this observer";
  }
  llvm::Expected<numerics::ValueRange> range =
      chooseRange(*edge.statistics, method, percentile, formatOf(edge.op.getInput()));
  if (!range) {
    return edge.op.emitError() << "cannot choose a range for edge '" << edge.op.getName()
                               << "': " << llvm::toString(range.takeError());
  }
  edge.range = *range;
  return success();
}

llvm::json::Object AnnotateCalibrationPass::describe(ObservedEdge &edge) const {
  return llvm::json::Object{{"edge", edge.op.getName()},
                            {"min", edge.range.min},
                            {"max", edge.range.max},
                            {"seen_min", edge.statistics->range.min},
                            {"seen_max", edge.statistics->range.max}};
}

void AnnotateCalibrationPass::report(ObservedEdge &edge) const {
  auto print = [](float low, float high) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("[%g, %g]", low, high);
    return text;
  };
  const calibration::RangeStatistic &seen = edge.statistics->range;
  auto function = edge.op->getParentOfType<FunctionOpInterface>();
  remark::passed(edge.op.getLoc(), remark::RemarkOpts::name("RangeChosen")
                                       .category(DEBUG_TYPE)
                                       .function(function ? function.getName() : StringRef()))
      << remark::metric("Edge", edge.op.getName()) << remark::metric("Method", name(method))
      << remark::metric("Range", print(edge.range.min, edge.range.max))
      << remark::metric("Seen", print(seen.min, seen.max));
}

void AnnotateCalibrationPass::runOnOperation() {
  ModuleOp module = getOperation();
  if (llvm::Error error = open()) {
    module.emitError() << llvm::toString(std::move(error));
    return signalPassFailure();
  }
  SmallVector<ObservedEdge> edges;
  module.walk([&](ObserveOp op) { edges.push_back({op, nullptr, {}}); });
  bool allGood = true;
  for (ObservedEdge &edge : edges) {
    allGood &= succeeded(annotate(edge));
  }
  if (!allGood) {
    return signalPassFailure();
  }
  Builder builder(module.getContext());
  llvm::json::Array records;
  for (ObservedEdge &edge : edges) {
    edge.op.setRangeAttr(builder.getDenseF32ArrayAttr({edge.range.min, edge.range.max}));
    report(edge);
    records.push_back(describe(edge));
  }
  workspace->report(llvm::json::Object{
      {"pass", DEBUG_TYPE}, {"method", name(method)}, {"edges", std::move(records)}});
}

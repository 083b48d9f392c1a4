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
#include "quench/ExternalModels/UpstreamModels.h"
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
  /// One, or one for each channel.
  SmallVector<numerics::ValueRange, 1> ranges;

  /// That of all channels together.
  numerics::ValueRange whole() const;
};

struct AnnotateCalibrationPass
    : WithUpstreamModels<quench::impl::AnnotateCalibrationPassBase<AnnotateCalibrationPass>>,
      WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;

  llvm::Error open();
  /// The statistics and the range of an observer; says what is wrong and fails.
  LogicalResult annotate(ObservedEdge &edge);
  llvm::Error chooseRanges(ObservedEdge &edge) const;
  recipe::ActivationFormat formatOf(Value value) const;
  llvm::json::Object describe(ObservedEdge &edge) const;
  void report(ObservedEdge &edge) const;

  Workspace *workspace = nullptr;
  const Statistics *statistics = nullptr;
  /// What the recipe says about the layers that read a value; only looked up.
  DenseMap<Value, recipe::ActivationFormat> formats;
};

} // namespace

numerics::ValueRange ObservedEdge::whole() const {
  numerics::ValueRange result = ranges.front();
  for (const numerics::ValueRange &range : ranges) {
    result = {std::min(result.min, range.min), std::max(result.max, range.max)};
  }
  return result;
}

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
      auto [place, isNew] =
          formats.try_emplace(layer.getActivationOperand().get(), *wanted.activations);
      // One range for all channels follows from those of each.
      if (!isNew && wanted.activations->block == recipe::ActivationBlock::Channel) {
        place->second = *wanted.activations;
      }
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
  if (llvm::Error error = chooseRanges(edge)) {
    return edge.op.emitError() << "cannot choose a range for edge '" << edge.op.getName()
                               << "': " << llvm::toString(std::move(error));
  }
  return success();
}

llvm::Error AnnotateCalibrationPass::chooseRanges(ObservedEdge &edge) const {
  recipe::ActivationFormat format = formatOf(edge.op.getInput());
  bool isOfChannels = format.block == recipe::ActivationBlock::Channel;
  auto choose = [&](const EdgeStatistics &values) -> llvm::Error {
    llvm::Expected<numerics::ValueRange> range = chooseRange(values, method, percentile, format);
    if (!range) {
      return range.takeError();
    }
    edge.ranges.push_back(*range);
    return llvm::Error::success();
  };
  if (!isOfChannels) {
    return choose(*edge.statistics);
  }
  ArrayRef<int64_t> shape = edge.op.getInput().getType().getShape();
  auto channels = static_cast<int64_t>(edge.statistics->channels);
  if (shape.empty() || shape.back() != channels) {
    return llvm::createStringError("expected " + Twine(channels) +
                                   " channels as in calibration on the last axis");
  }
  for (int64_t index = 0; index < channels; ++index) {
    llvm::Expected<EdgeStatistics> channel = edge.statistics->channel(index);
    if (!channel) {
      return channel.takeError();
    }
    if (llvm::Error error = choose(*channel)) {
      return error;
    }
  }
  return llvm::Error::success();
}

llvm::json::Object AnnotateCalibrationPass::describe(ObservedEdge &edge) const {
  numerics::ValueRange whole = edge.whole();
  return llvm::json::Object{{"edge", llvm::json::fixUTF8(edge.op.getName())},
                            {"min", whole.min},
                            {"max", whole.max},
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
  numerics::ValueRange whole = edge.whole();
  auto opts = remark::RemarkOpts::name("RangeChosen")
                  .category(DEBUG_TYPE)
                  .function(function ? function.getName() : StringRef());
  remark::detail::InFlightRemark remark = remark::passed(edge.op.getLoc(), opts);
  remark << remark::metric("Edge", edge.op.getName()) << remark::metric("Method", name(method))
         << remark::metric("Range", print(whole.min, whole.max))
         << remark::metric("Seen", print(seen.min, seen.max));
  if (edge.ranges.size() > 1) {
    remark << remark::metric("Ranges", edge.ranges.size());
  }
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
    SmallVector<float> bounds;
    for (const numerics::ValueRange &range : edge.ranges) {
      bounds.append({range.min, range.max});
    }
    edge.op.setRangeAttr(builder.getDenseF32ArrayAttr(bounds));
    report(edge);
    records.push_back(describe(edge));
  }
  workspace->report(llvm::json::Object{
      {"pass", DEBUG_TYPE}, {"method", name(method)}, {"edges", std::move(records)}});
}

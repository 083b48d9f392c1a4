//===- KeepOutliers.cpp - Keep the costliest weights as floats ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a causal language model with float weights, and samples. Output: the same with a
// quench.overlay over each weight that the recipe quantizes, of the elements that
// quench/Numerics/OutlierSelection.h selects.
//
//===----------------------------------------------------------------------===//

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Tuning/Passes.h"

#include "quench/Numerics/OutlierSelection.h"
#include "quench/Transforms/WeightOverlay.h"
#include "quench/Tuning/GramMatrix.h"
#include "quench/Tuning/TuningInputs.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Format.h"

#define DEBUG_TYPE "quench-keep-outliers"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_KEEPOUTLIERSPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

/// Selects elements of the weights of a plan, segment by segment, and puts them into it.
class OutlierDriver {
public:
  OutlierDriver(TuningInputs &inputs, double fraction, Progress &progress)
      : inputs(inputs), fraction(fraction), progress(progress) {}

  Error run();

  /// The layer that an error is about.
  std::optional<Location> culprit;

private:
  Error selectOfGroup(const InputGroup &group, GramMatrix gram);
  Error selectOfWeight(PlannedLayer &layer, const numerics::GramFactor &factor);

  TuningInputs &inputs;
  double fraction;
  Progress &progress;
};

} // namespace

Error OutlierDriver::run() {
  return inputs.forEachGram([&](const InputGroup &group, GramMatrix gram) {
    return selectOfGroup(group, std::move(gram));
  });
}

Error OutlierDriver::selectOfGroup(const InputGroup &group, GramMatrix gram) {
  culprit = group.layers.front()->op->getLoc();
  int64_t size = gram.getSize();
  numerics::GramFactorOptions options;
  options.threads = inputs.threads();
  Expected<numerics::GramFactor> factor =
      numerics::GramFactor::compute(gram.takeMean(), size, options);
  if (!factor) {
    return createStringError("cannot use the inputs of '" + group.layers.front()->name +
                             "': " + llvm::toString(factor.takeError()));
  }
  for (const auto &[weight, layers] : group.weights()) {
    culprit = layers.front()->op->getLoc();
    if (Error error = selectOfWeight(*layers.front(), *factor)) {
      return error;
    }
    if (Error error = progress.advance()) {
      return error;
    }
  }
  culprit.reset();
  return Error::success();
}

Error OutlierDriver::selectOfWeight(PlannedLayer &layer, const numerics::GramFactor &factor) {
  PlannedWeight &weight = inputs.plan.weights[*layer.weight];
  Expected<std::vector<float>> values =
      readModelWeight(layer.operands.weight->get(), inputs.workspace->weights());
  if (!values) {
    return values.takeError();
  }
  numerics::RangeOptions ranges;
  ranges.rule = weight.format.range;
  ranges.threads = inputs.threads();
  Expected<std::vector<int64_t>> selected = numerics::selectOutliers(
      *values, weight.shape, weight.numericsScheme, factor, ranges, fraction);
  if (!selected) {
    return createStringError("cannot select elements of the weight of '" + layer.name +
                             "': " + llvm::toString(selected.takeError()));
  }
  Operation *source = findFloatWeight(layer.operands.weight->get());
  weight.keptType =
      cast<FloatType>(cast<RankedTensorType>(source->getResult(0).getType()).getElementType());
  weight.kept.indices = std::move(*selected);
  for (int64_t index : weight.kept.indices) {
    weight.kept.values.push_back((*values)[index]);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Adds the kept elements of stored weights to the workspace.
static Error writeKept(const QuantizationPlan &plan, Workspace &workspace) {
  SmallVector<const PlannedWeight *> stored;
  for (const PlannedWeight &weight : plan.weights) {
    if (!weight.key.empty() && !weight.kept.indices.empty()) {
      stored.push_back(&weight);
    }
  }
  if (stored.empty()) {
    return Error::success();
  }
  return workspace.edit([&](SafetensorsWriter &output) -> Error {
    for (const PlannedWeight *weight : stored) {
      if (Error error = declareKeptElements(output, weight->key, elementKindOf(weight->keptType),
                                            weight->kept.indices.size())) {
        return error;
      }
    }
    for (const PlannedWeight *weight : stored) {
      if (Error error = writeKeptElements(output, weight->key, elementKindOf(weight->keptType),
                                          weight->kept)) {
        return error;
      }
    }
    return Error::success();
  });
}

/// Lets the layers read their weights through overlays, one for each weight value.
static void rewrite(QuantizationPlan &plan) {
  llvm::DenseMap<Value, Value> overlays;
  for (PlannedLayer &layer : plan.layers) {
    const PlannedWeight &weight = plan.weights[*layer.weight];
    if (weight.kept.indices.empty()) {
      continue;
    }
    OpOperand &operand = *layer.operands.weight;
    Value &overlay = overlays[operand.get()];
    if (!overlay) {
      OpBuilder builder(layer.op->getContext());
      builder.setInsertionPointAfterValue(operand.get());
      overlay = createOverlay(builder, operand.get().getLoc(), operand.get(), weight.kept,
                              weight.keptType, weight.key);
    }
    operand.set(overlay);
  }
}

static void report(const QuantizationPlan &plan, Workspace &workspace) {
  llvm::json::Array layers;
  for (const PlannedLayer &layer : plan.layers) {
    const PlannedWeight &weight = plan.weights[*layer.weight];
    size_t count = weight.kept.indices.size();
    std::string share;
    llvm::raw_string_ostream(share)
        << llvm::format("%.2f", 100.0 * count / numerics::elementCount(weight.shape));
    if (count == 0) {
      remark::missed(
          layer.op->getLoc(),
          remark::RemarkOpts::name("NothingKept").category(DEBUG_TYPE).function(layer.function))
          << remark::metric("Layer", layer.name)
          << remark::metric("Reason", "rounding costs nothing, or the share is less than one");
      continue;
    }
    remark::passed(layer.op->getLoc(),
                   remark::RemarkOpts::name("Kept").category(DEBUG_TYPE).function(layer.function))
        << remark::metric("Layer", layer.name) << remark::metric("Elements", count)
        << remark::metric("Percent", share);
    layers.push_back(
        llvm::json::Object{{"layer", layer.name}, {"kept_elements", static_cast<int64_t>(count)}});
  }
  workspace.report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"layers", std::move(layers)}});
}

namespace {

struct KeepOutliersPass : WithUpstreamModels<quench::impl::KeepOutliersPassBase<KeepOutliersPass>>,
                          WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override {
    if (failed(run())) {
      signalPassFailure();
    }
  }
  LogicalResult run();
};

} // namespace

LogicalResult KeepOutliersPass::run() {
  ModuleOp module = getOperation();
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!(fraction >= 0.0 && fraction <= 1.0)) {
    llvm::consumeError(workspace.takeError());
    return module.emitError() << "option 'fraction': expected a number from 0 to 1, found "
                              << fraction;
  }
  FailureOr<TuningInputs> inputs = TuningInputs::open(module, std::move(workspace), DEBUG_TYPE);
  if (failed(inputs)) {
    return failure();
  }
  Progress progress =
      inputs->workspace->progress("keep outliers", inputs->plan.weights.size(), "weights");
  OutlierDriver driver(*inputs, fraction, progress);
  if (Error error = driver.run()) {
    return mlir::emitError(driver.culprit.value_or(module.getLoc()))
           << llvm::toString(std::move(error));
  }
  if (Error error = writeKept(inputs->plan, *inputs->workspace)) {
    return module.emitError() << llvm::toString(std::move(error));
  }
  progress.finish();
  rewrite(inputs->plan);
  report(inputs->plan, *inputs->workspace);
  return success();
}

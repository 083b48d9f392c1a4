//===- Quantize.cpp - Quantize a model as a recipe says -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float model; for static activations with observers that have ranges.
// Output: the model in QDQ form (DESIGN 3.2), and codes and scales in the workspace. Rounding is to
// nearest, with the scales of quench/Numerics/ScaleMath.h. What is quantized already stays.
//
// Everything that can fail happens before the IR changes, but for writing a file on request.
//
//===----------------------------------------------------------------------===//

#include "FloatProducts.h"
#include "WeightQuantization.h"

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Transforms/Passes.h"
#include "quench/Transforms/QdqRewrite.h"
#include "quench/Workspace/ApproximatingPass.h"
#include "quench/Workspace/ReferencedTensors.h"
#include "quench/Workspace/RemarkParts.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"

#include <cmath>

#define DEBUG_TYPE "quench-quantize"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_QUANTIZEPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static void reportPassed(const PlannedLayer &layer, const QuantizationPlan &plan) {
  remark::detail::InFlightRemark report = remark::passed(
      layer.op->getLoc(),
      remark::RemarkOpts::name("Quantized").category(DEBUG_TYPE).function(layer.function));
  report << remark::metric("Layer", layer.name);
  if (layer.weight) {
    const PlannedWeight &weight = plan.weights[*layer.weight];
    report << remark::metric("Weights", weight.format.str())
           << remark::metric("BitsPerWeight",
                             decimals(weight.scheme.getBitsPerElement(weight.shape), "%.3f"))
           << remark::metric("SignalToNoiseDb", decimals(weight.signalToNoise, "%.2f"));
  } else {
    report << remark::metric("Weights", layer.weightNote);
  }
  report << remark::metric("Activations",
                           layer.activations ? layer.activations->str() : std::string("float"));
}

static void reportPassed(const PlannedCache &cache) {
  remark::passed(
      cache.op->getLoc(),
      remark::RemarkOpts::name("QuantizedCache").category(DEBUG_TYPE).function(cache.function))
      << remark::metric("Cache", cache.format.str());
}

/// What the reader of a report wants to know about a layer.
static llvm::json::Object describe(const PlannedLayer &layer, const QuantizationPlan &plan) {
  llvm::json::Object object{
      {"layer", layer.name},
      {"weights", layer.weightNote},
      {"activations", layer.activations ? layer.activations->str() : std::string("float")}};
  if (layer.weight) {
    const PlannedWeight &weight = plan.weights[*layer.weight];
    object["weights"] = weight.format.str();
    object["bits_per_weight"] = weight.scheme.getBitsPerElement(weight.shape);
    if (std::isfinite(weight.signalToNoise)) {
      object["signal_to_noise_db"] = weight.signalToNoise;
    }
  }
  return object;
}

/// Plans, quantizes, rewrites and reports.
static LogicalResult quantizeModule(ModuleOp module, const recipe::Recipe &recipe,
                                    Workspace &workspace) {
  FailureOr<QuantizationPlan> plan = planQuantization(module, recipe, workspace.weights());
  if (failed(plan) || failed(quantizeConstants(*plan, roundToNearest)) ||
      failed(quantizeStoredWeights(*plan, workspace, module, roundToNearest))) {
    return failure();
  }
  insertQdq(*plan);
  llvm::json::Array layers;
  for (const PlannedLayer &layer : plan->layers) {
    reportPassed(layer, *plan);
    layers.push_back(describe(layer, *plan));
  }
  for (const PlannedCache &cache : plan->caches) {
    reportPassed(cache);
  }
  remarkFloatProducts(module, DEBUG_TYPE);
  workspace.report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"layers", std::move(layers)}});
  return success();
}

namespace {

struct QuantizePass : WithUpstreamModels<quench::impl::QuantizePassBase<QuantizePass>>,
                      WorkspacePass,
                      ApproximatingPass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;
  Error run();
  /// Fails where options do not go together.
  Error checkOutput(const Workspace &workspace) const;

  /// A diagnostic was emitted.
  bool reported = false;
};

} // namespace

Error QuantizePass::checkOutput(const Workspace &workspace) const {
  if (output.empty() && workspace.weights() && !isAttached()) {
    return createStringError("expected an output for the weights, found no option 'output'");
  }
  if (!output.empty() && !workspace.weights()) {
    return createStringError("expected weights to write to the output, found no option 'weights'");
  }
  return Error::success();
}

Error QuantizePass::run() {
  ModuleOp module = getOperation();
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return workspace.takeError();
  }
  Expected<const recipe::Recipe *> opened = (*workspace)->recipe();
  if (!opened) {
    return opened.takeError();
  }
  if (Error error = checkOutput(**workspace)) {
    return error;
  }
  std::unique_ptr<SafetensorsWriter> writer;
  if (!output.empty()) {
    Expected<std::unique_ptr<SafetensorsWriter>> created = SafetensorsWriter::create(output);
    if (!created) {
      return created.takeError();
    }
    writer = std::move(*created);
  }
  if (failed(quantizeModule(module, **opened, **workspace))) {
    reported = true;
    return Error::success();
  }
  if (!writer) {
    return Error::success();
  }
  if (Error error = writeReferencedTensors(module, *(*workspace)->weights(), *writer)) {
    return error;
  }
  return writer->commit();
}

void QuantizePass::runOnOperation() {
  if (Error error = run()) {
    // Not `getOperation().emitError()`, which would print the whole module.
    mlir::emitError(getOperation().getLoc()) << llvm::toString(std::move(error));
    reported = true;
  }
  if (reported) {
    signalPassFailure();
  }
}

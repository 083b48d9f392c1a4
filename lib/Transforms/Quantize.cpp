//===- Quantize.cpp - Quantize a model as a recipe says -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float model; for static activations with observers that have ranges.
// Output: the model in QDQ form (DESIGN 3.2), and a weight store that goes with it. Rounding is to
// nearest, with the scales of quench/Numerics/ScaleMath.h.
//
// Everything that can fail happens before the IR changes.
//
//===----------------------------------------------------------------------===//

#include "QdqRewrite.h"
#include "QuantizationPlan.h"
#include "WeightQuantization.h"

#include "quench/Recipe/RecipeFile.h"
#include "quench/Transforms/Passes.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/Format.h"

#define DEBUG_TYPE "quench-quantize"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_QUANTIZEPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

static std::string decimals(const char *format, double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(format, value);
  return text;
}

static void reportPassed(const PlannedLayer &layer, const QuantizationPlan &plan) {
  remark::detail::InFlightRemark report = remark::passed(
      layer.op->getLoc(),
      remark::RemarkOpts::name("Quantized").category(DEBUG_TYPE).function(layer.function));
  report << remark::metric("Layer", layer.name);
  if (layer.weight) {
    const PlannedWeight &weight = plan.weights[*layer.weight];
    report << remark::metric("Weights", weight.format)
           << remark::metric("BitsPerWeight",
                             decimals("%.3f", weight.scheme.getBitsPerElement(weight.shape)))
           << remark::metric("SignalToNoiseDb", decimals("%.2f", weight.signalToNoise));
  } else {
    report << remark::metric("Weights", "float, " + layer.weightReason);
  }
  report << remark::metric("Activations",
                           layer.activations ? layer.activations->str() : std::string("float"));
}

/// Plans, writes, rewrites and reports. `weights` and `output` may be null together.
static LogicalResult quantizeModule(ModuleOp module, const recipe::Recipe &recipe,
                                    const WeightStore *weights, SafetensorsWriter *output,
                                    const std::function<void(size_t, size_t)> &progress) {
  if (weights && !output) {
    return module.emitError("expected an output for the weights, found no option 'output'");
  }
  FailureOr<QuantizationPlan> plan = planQuantization(module, recipe, weights);
  if (failed(plan) || failed(quantizeConstants(*plan))) {
    return failure();
  }
  if (weights && failed(writeWeights(*plan, *weights, *output, module, progress))) {
    return failure();
  }
  insertQdq(*plan);
  for (const PlannedLayer &layer : plan->layers) {
    reportPassed(layer, *plan);
  }
  return success();
}

namespace {

struct QuantizePass : quench::impl::QuantizePassBase<QuantizePass> {
  using QuantizePassBase::QuantizePassBase;
  explicit QuantizePass(QuantizeInputs inputs)
      : inputs(std::make_shared<const QuantizeInputs>(std::move(inputs))) {}

  void runOnOperation() override;
  LogicalResult runWithOptions();

  /// What an embedder gave; without it the options count.
  std::shared_ptr<const QuantizeInputs> inputs;
};

} // namespace

LogicalResult QuantizePass::runWithOptions() {
  ModuleOp module = getOperation();
  if (recipe.empty()) {
    return module.emitError("expected a recipe, found no option 'recipe'");
  }
  llvm::Expected<recipe::Recipe> loaded = recipe::loadRecipe(recipe);
  if (!loaded) {
    return module.emitError() << llvm::toString(loaded.takeError());
  }
  if (weights.empty()) {
    if (!output.empty()) {
      return module.emitError("expected weights to write to the output, found no option 'weights'");
    }
    return quantizeModule(module, *loaded, nullptr, nullptr, nullptr);
  }
  llvm::Expected<std::unique_ptr<WeightStore>> store = WeightStore::open(weights);
  if (!store) {
    return module.emitError() << llvm::toString(store.takeError());
  }
  if (output.empty()) {
    return quantizeModule(module, *loaded, store->get(), nullptr, nullptr);
  }
  llvm::Expected<std::unique_ptr<SafetensorsWriter>> writer = SafetensorsWriter::create(output);
  if (!writer) {
    return module.emitError() << llvm::toString(writer.takeError());
  }
  if (failed(quantizeModule(module, *loaded, store->get(), writer->get(), nullptr))) {
    return failure();
  }
  if (llvm::Error error = (*writer)->commit()) {
    return module.emitError() << llvm::toString(std::move(error));
  }
  return success();
}

void QuantizePass::runOnOperation() {
  LogicalResult result = inputs ? quantizeModule(getOperation(), inputs->recipe, inputs->weights,
                                                 inputs->output, inputs->progress)
                                : runWithOptions();
  if (failed(result)) {
    signalPassFailure();
  }
}

std::unique_ptr<Pass> quench::createQuantizePass(QuantizeInputs inputs) {
  return std::make_unique<QuantizePass>(std::move(inputs));
}

//===- Gptq.cpp - Rounding weights to fit their inputs --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a causal language model with float weights, and samples. Output: the model with the
// weights that the recipe names as codes, each rounded by quench/Numerics/Gptq.h under the Gram
// matrix of its input in the model whose earlier blocks are quantized already.
//
//===----------------------------------------------------------------------===//

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Tuning/Passes.h"

#include "quench/Numerics/CodeDescent.h"
#include "quench/Numerics/Gptq.h"
#include "quench/Numerics/OutlierStatistics.h"
#include "quench/Transforms/QdqRewrite.h"
#include "quench/Transforms/WeightOverlay.h"
#include "quench/Tuning/GramMatrix.h"
#include "quench/Tuning/TuningInputs.h"
#include "quench/Workspace/ApproximatingPass.h"
#include "quench/Workspace/RemarkParts.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "quench-gptq"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_GPTQPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

struct GptqSettings {
  numerics::GramFactorOptions factor;
  numerics::GptqOptions rounding;
  /// Whether inputs are measured again behind each group of layers.
  bool eachLayer = false;
  /// Whether codes are improved one by one afterwards.
  bool refine = false;
};

/// What the rounding of a weight has to tell.
struct GptqOutcome {
  double loss = 0.0;
  std::optional<double> damping;
  std::string note;
};

/// Quantizes the weights of a plan, segment by segment.
class GptqDriver {
public:
  GptqDriver(TuningInputs &inputs, const GptqSettings &settings, Progress &progress)
      : inputs(inputs), settings(settings), progress(progress),
        outcomes(inputs.plan.weights.size()) {}

  /// Codes of stored weights go to `output`, which has them declared and is null if there are none.
  Error run(SafetensorsWriter *output);

  ArrayRef<GptqOutcome> getOutcomes() const { return outcomes; }
  /// The layer that an error is about.
  std::optional<Location> culprit;

private:
  Error quantizeSegment(SliceCode &code, ArrayRef<InputGroup> groups, SafetensorsWriter *output);
  /// The Gram matrices of some of the groups, from one run.
  Expected<std::vector<GramMatrix>> measure(SliceCode &code, ArrayRef<InputGroup> groups,
                                            size_t first, size_t count);
  /// `code` takes the rounded weights for what is behind them; null when nothing runs.
  Error quantizeGroup(SliceCode *code, const InputGroup &group, GramMatrix gram,
                      SafetensorsWriter *output);
  /// Quantizes the weight that all of `layers` read.
  Error quantizeWeight(SliceCode *code, ArrayRef<PlannedLayer *> layers,
                       const numerics::GramFactor &factor, ArrayRef<double> gram,
                       SafetensorsWriter *output);

  TuningInputs &inputs;
  const GptqSettings &settings;
  Progress &progress;
  std::vector<GptqOutcome> outcomes;
  size_t numDone = 0;
};

} // namespace

Expected<std::vector<GramMatrix>> GptqDriver::measure(SliceCode &code, ArrayRef<InputGroup> groups,
                                                      size_t first, size_t count) {
  std::vector<GramMatrix> grams;
  for (const InputGroup &group : groups.slice(first, count)) {
    grams.emplace_back(group.width());
  }
  Error error = inputs.runner->observe(
      code, [&](size_t, size_t tap, ArrayRef<float> values, ArrayRef<int64_t>) {
        if (tap >= first && tap < first + count) {
          grams[tap - first].add(values, settings.factor.threads);
        }
      });
  if (error) {
    return std::move(error);
  }
  return std::move(grams);
}

Error GptqDriver::quantizeSegment(SliceCode &code, ArrayRef<InputGroup> groups,
                                  SafetensorsWriter *output) {
  size_t step = settings.eachLayer ? 1 : groups.size();
  for (size_t first = 0; first < groups.size(); first += step) {
    Expected<std::vector<GramMatrix>> grams = measure(code, groups, first, step);
    if (!grams) {
      return grams.takeError();
    }
    for (auto [index, gram] : llvm::enumerate(*grams)) {
      if (Error error = quantizeGroup(&code, groups[first + index], std::move(gram), output)) {
        return error;
      }
    }
  }
  return Error::success();
}

Error GptqDriver::quantizeGroup(SliceCode *code, const InputGroup &group, GramMatrix gram,
                                SafetensorsWriter *output) {
  culprit = group.layers.front()->op->getLoc();
  int64_t size = gram.getSize();
  std::vector<double> mean = gram.takeMean();
  Expected<numerics::GramFactor> factor =
      numerics::GramFactor::compute(mean, size, settings.factor);
  if (!factor) {
    return createStringError("cannot use the inputs of '" + group.layers.front()->name +
                             "': " + llvm::toString(factor.takeError()));
  }
  if (!settings.refine) {
    mean = std::vector<double>();
  }
  for (const auto &[weight, layers] : group.weights()) {
    culprit = layers.front()->op->getLoc();
    if (Error error = quantizeWeight(code, layers, *factor, mean, output)) {
      return error;
    }
  }
  culprit.reset();
  return Error::success();
}

/// Columns in the order of the inputs again.
static std::vector<float> restoreOrder(std::vector<float> values, ArrayRef<int64_t> permutation) {
  if (permutation.empty()) {
    return values;
  }
  std::vector<float> result(values.size());
  for (size_t row = 0; row < values.size(); row += permutation.size()) {
    for (auto [column, input] : llvm::enumerate(permutation)) {
      result[row + input] = values[row + column];
    }
  }
  return result;
}

/// Kept elements at their places among permuted columns.
static void permuteKept(KeptElements &kept, ArrayRef<int64_t> permutation) {
  if (permutation.empty()) {
    return;
  }
  int64_t columns = static_cast<int64_t>(permutation.size());
  std::vector<int64_t> columnOf(columns);
  for (auto [column, input] : llvm::enumerate(permutation)) {
    columnOf[input] = static_cast<int64_t>(column);
  }
  std::vector<std::pair<int64_t, float>> elements;
  for (auto [index, value] : llvm::zip_equal(kept.indices, kept.values)) {
    elements.push_back({index - index % columns + columnOf[index % columns], value});
  }
  llvm::sort(elements, llvm::less_first());
  for (auto [position, element] : llvm::enumerate(elements)) {
    std::tie(kept.indices[position], kept.values[position]) = element;
  }
}

Error GptqDriver::quantizeWeight(SliceCode *code, ArrayRef<PlannedLayer *> layers,
                                 const numerics::GramFactor &factor, ArrayRef<double> gram,
                                 SafetensorsWriter *output) {
  PlannedLayer &layer = *layers.front();
  PlannedWeight &weight = inputs.plan.weights[*layer.weight];
  GptqOutcome &outcome = outcomes[*layer.weight];
  Expected<std::vector<float>> values =
      readModelWeight(layer.operands.weight->get(), inputs.workspace->weights());
  if (!values) {
    return values.takeError();
  }
  const numerics::Scheme &scheme = weight.numericsScheme;
  numerics::GptqOptions rounding = settings.rounding;
  rounding.rule = weight.format.range;
  rounding.kept = weight.kept.indices;
  Expected<numerics::GptqResult> result =
      numerics::gptq(*values, weight.shape, scheme, factor, rounding);
  if (!result) {
    return createStringError("cannot quantize the weight of '" + layer.name +
                             "': " + llvm::toString(result.takeError()));
  }
  if (settings.refine) {
    numerics::CodeDescentOptions options;
    options.damping = result->damping.value_or(settings.factor.damping);
    options.permutation = result->permutation;
    options.kept = weight.kept.indices;
    options.threads = settings.rounding.threads;
    auto refined = numerics::descendCodes(*values, gram, scheme, result->tensor, options);
    if (!refined) {
      return createStringError("cannot refine the weight of '" + layer.name +
                               "': " + llvm::toString(refined.takeError()));
    }
    result->loss = refined->lossAfter;
  } else {
    // Kept elements have made up for errors before them; refined codes do not count on that.
    weight.kept.values = std::move(result->kept);
  }
  Expected<std::vector<float>> decoded = numerics::dequantizeTensor(result->tensor, scheme);
  if (!decoded) {
    return decoded.takeError();
  }
  std::vector<float> rounded = restoreOrder(std::move(*decoded), result->permutation);
  if (weight.keptType) {
    roundTo(elementKindOf(weight.keptType), weight.kept.values);
    weight.kept.applyTo(rounded);
    permuteKept(weight.kept, result->permutation);
  }
  numerics::SignalToNoise ratio;
  ratio.add(*values, rounded);
  weight.signalToNoise = ratio.decibels();
  weight.permutation = std::move(result->permutation);
  outcome = {result->loss, result->damping, std::move(result->note)};
  for (PlannedLayer *reader : code ? layers : ArrayRef<PlannedLayer *>()) {
    if (Error error = code->setWeight(reader->operands.weight->get(), rounded)) {
      return error;
    }
  }
  if (weight.constant) {
    weight.codes = std::move(result->tensor);
  } else if (Error error = writePlanned(*output, weight, result->tensor)) {
    return error;
  }
  return progress.advance();
}

Error GptqDriver::run(SafetensorsWriter *output) {
  if (!inputs.runner) {
    return inputs.forEachKnownGram([&](const InputGroup &group, GramMatrix gram) {
      return quantizeGroup(/*code=*/nullptr, group, std::move(gram), output);
    });
  }
  // What is behind the last layer to quantize need not run.
  SegmentRunner &runner = *inputs.runner;
  while (!runner.isDone() && numDone < inputs.plan.layers.size()) {
    SmallVector<InputGroup> groups = inputs.groupsOf(runner.segment());
    SmallVector<Value> taps;
    for (const InputGroup &group : groups) {
      taps.push_back(group.input);
      numDone += group.layers.size();
    }
    Expected<SliceCode> code = runner.compile(taps);
    if (!code) {
      return code.takeError();
    }
    if (Error error = quantizeSegment(*code, groups, output)) {
      return error;
    }
    if (Error error = runner.advance(*code)) {
      return error;
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static void reportPassed(const PlannedLayer &layer, const PlannedWeight &weight,
                         const GptqOutcome &outcome) {
  remark::detail::InFlightRemark report = remark::passed(
      layer.op->getLoc(),
      remark::RemarkOpts::name("Quantized").category(DEBUG_TYPE).function(layer.function));
  report << remark::metric("Layer", layer.name) << remark::metric("Weights", weight.format.str())
         << remark::metric("SignalToNoiseDb", decimals(weight.signalToNoise, "%.2f"))
         << remark::metric("Loss", decimals(outcome.loss, "%.4g"))
         << remark::metric("Damping", outcome.damping ? decimals(*outcome.damping, "%g") : "none");
  if (!outcome.note.empty()) {
    report << remark::metric("Note", outcome.note);
  }
}

static llvm::json::Object describe(const PlannedLayer &layer, const PlannedWeight &weight,
                                   const GptqOutcome &outcome) {
  llvm::json::Object object{{"layer", layer.name},
                            {"weights", weight.format.str()},
                            {"bits_per_weight", weight.scheme.getBitsPerElement(weight.shape)},
                            {"signal_to_noise_db", weight.signalToNoise},
                            {"loss", outcome.loss}};
  if (outcome.damping) {
    object["damping"] = *outcome.damping;
  }
  if (!outcome.note.empty()) {
    object["note"] = outcome.note;
  }
  return object;
}

namespace {

struct GptqPass : WithUpstreamModels<quench::impl::GptqPassBase<GptqPass>>,
                  WorkspacePass,
                  ApproximatingPass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;
  Expected<GptqSettings> readSettings(unsigned threads) const;
  LogicalResult run();
  Error quantize(GptqDriver &driver, const QuantizationPlan &plan, Workspace &workspace);
  void report(const GptqDriver &driver, const QuantizationPlan &plan, Workspace &workspace);
};

} // namespace

Expected<GptqSettings> GptqPass::readSettings(unsigned threads) const {
  GptqSettings settings;
  if (!(damping >= 0.0) || !std::isfinite(damping)) {
    return createStringError("option 'damping': expected a number that is not negative, found " +
                             decimals(damping, "%g"));
  }
  if (sequential != "block" && sequential != "layer") {
    return createStringError("option 'sequential': expected block or layer, found '" + sequential +
                             "'");
  }
  settings.factor.damping = damping;
  settings.factor.activationOrder = activationOrder;
  settings.factor.threads = threads;
  settings.rounding.staticGroups = staticGroups;
  settings.rounding.threads = threads;
  settings.eachLayer = sequential == "layer";
  settings.refine = refine;
  return settings;
}

/// Runs the driver with the output that it needs.
Error GptqPass::quantize(GptqDriver &driver, const QuantizationPlan &plan, Workspace &workspace) {
  auto isStored = [](const PlannedWeight &weight) { return !weight.key.empty(); };
  if (llvm::none_of(plan.weights, isStored)) {
    return driver.run(nullptr);
  }
  return workspace.edit([&](SafetensorsWriter &output) -> Error {
    for (const PlannedWeight &weight : plan.weights) {
      if (!isStored(weight)) {
        continue;
      }
      if (Error error = declarePlanned(output, weight)) {
        return error;
      }
    }
    return driver.run(&output);
  });
}

void GptqPass::report(const GptqDriver &driver, const QuantizationPlan &plan,
                      Workspace &workspace) {
  llvm::json::Array layers;
  for (const PlannedLayer &layer : plan.layers) {
    const PlannedWeight &weight = plan.weights[*layer.weight];
    const GptqOutcome &outcome = driver.getOutcomes()[*layer.weight];
    reportPassed(layer, weight, outcome);
    layers.push_back(describe(layer, weight, outcome));
  }
  workspace.report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"layers", std::move(layers)}});
}

LogicalResult GptqPass::run() {
  ModuleOp module = getOperation();
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  Expected<GptqSettings> settings = readSettings(workspace ? (*workspace)->threads() : 0);
  if (!settings) {
    llvm::consumeError(workspace.takeError());
    return module.emitError() << llvm::toString(settings.takeError());
  }
  FailureOr<TuningInputs> inputs = TuningInputs::open(
      module, std::move(workspace), DEBUG_TYPE, /*keptElements=*/true, InputSource::SamplesOrGrams);
  if (failed(inputs)) {
    return failure();
  }
  Progress progress = inputs->workspace->progress("gptq", inputs->plan.weights.size(), "weights");
  GptqDriver driver(*inputs, *settings, progress);
  if (Error error = quantize(driver, inputs->plan, *inputs->workspace)) {
    return mlir::emitError(driver.culprit.value_or(module.getLoc()))
           << llvm::toString(std::move(error));
  }
  progress.finish();
  insertQdq(inputs->plan);
  report(driver, inputs->plan, *inputs->workspace);
  return success();
}

void GptqPass::runOnOperation() {
  if (failed(run())) {
    signalPassFailure();
  }
}

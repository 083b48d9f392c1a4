//===- ScaleSalient.cpp - Protect the weights that large inputs meet ------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a causal language model with float weights, and samples. Output: the model with the inputs
// of layers in another basis, divided by the scales of SalientScales.h, as far as the ops that make
// them absorb that.
//
// Everything is measured on the model as it comes in; the IR changes at the end.
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/Passes.h"

#include "quench/Basis/Rebase.h"
#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Tuning/GramMatrix.h"
#include "quench/Tuning/SalientScales.h"
#include "quench/Tuning/TuningInputs.h"
#include "quench/Workspace/RemarkParts.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"

#include <cmath>

#define DEBUG_TYPE "quench-scale-salient"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_SCALESALIENTPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

enum class SalientLoss { Module, Linear };

/// An input that may be scaled, what was seen of it, and what was chosen.
struct SalientInput {
  explicit SalientInput(InputGroup layers) : group(std::move(layers)), gram(group.width()) {}

  InputGroup group;
  /// What the loss of the module is measured on; null where there is no such value.
  Value result;
  std::vector<double> magnitudes;
  int64_t rows = 0;
  /// For the loss of the module: the samples that are compared, and their values.
  std::vector<std::pair<size_t, SliceTensor>> inputs;
  /// For the loss of the layers.
  GramMatrix gram;

  std::vector<float> scales;
  unsigned exponent = 0;
  /// For exponent 0, and for the one that was chosen.
  double plainLoss = 0.0;
  double loss = 0.0;
};

/// A basis in which an input is divided by scales.
BasisUse divideBy(Value input, ArrayRef<float> scales) {
  auto type = cast<RankedTensorType>(input.getType());
  auto entries = DenseElementsAttr::get(RankedTensorType::get({static_cast<int64_t>(scales.size())},
                                                              Float32Type::get(input.getContext())),
                                        scales);
  MapUse map;
  map.map = DiagonalAttr::get(input.getContext(), entries);
  map.inverse = true;
  return {type.getRank() - 1, 1, map};
}

/// Chooses the scales of all inputs, segment by segment.
class SalientSearch {
public:
  SalientSearch(TuningInputs &inputs, SalientLoss loss, size_t every, Progress &progress)
      : inputs(inputs), loss(loss), every(every), progress(progress) {}

  Error run();

  std::vector<SalientInput> found;
  /// The layer that an error is about.
  std::optional<Location> culprit;

private:
  std::vector<SalientInput> findInputs(const ModelSegment &segment);
  Error measure(MutableArrayRef<SalientInput> candidates);
  Error search(SalientInput &input);
  /// Rounded weights of all layers, in the order of `InputGroup::weights`.
  Expected<std::vector<std::vector<float>>>
  round(const SalientInput &input, ArrayRef<std::vector<float>> weights, ArrayRef<float> scales);
  Expected<double> moduleLoss(SalientInput &input, SliceCode &code,
                              ArrayRef<std::vector<float>> rounded, ArrayRef<SliceTensor> expected);
  double linearLoss(const SalientInput &input, ArrayRef<double> gram,
                    ArrayRef<std::vector<float>> weights,
                    ArrayRef<std::vector<float>> rounded) const;

  TuningInputs &inputs;
  SalientLoss loss;
  size_t every;
  Progress &progress;
};

} // namespace

static void remarkMissed(const InputGroup &group, StringRef reason) {
  const PlannedLayer &layer = *group.layers.front();
  remark::missed(
      layer.op->getLoc(),
      remark::RemarkOpts::name("NotScaled").category(DEBUG_TYPE).function(layer.function))
      << remark::metric("Input", group.name()) << remark::metric("Reason", reason.str());
}

std::vector<SalientInput> SalientSearch::findInputs(const ModelSegment &segment) {
  std::vector<SalientInput> candidates;
  for (InputGroup &group : inputs.groupsOf(segment)) {
    std::vector<float> anything;
    for (int64_t i = 0; i < group.width(); ++i) {
      anything.push_back(1.0f + static_cast<float>(i));
    }
    // Whether scales are absorbed does not depend on what they are.
    RebaseResult plan = planRebase(group.input, divideBy(group.input, anything));
    if (!plan.plan) {
      remarkMissed(group, plan.refusal.message());
      continue;
    }
    SalientInput input(std::move(group));
    if (loss == SalientLoss::Module) {
      input.result = findModuleResult(inputs.model.function, input.group.input);
      if (!input.result) {
        remarkMissed(input.group, "its layers have no common result");
        continue;
      }
    }
    input.magnitudes.resize(input.group.width());
    candidates.push_back(std::move(input));
  }
  return candidates;
}

Error SalientSearch::measure(MutableArrayRef<SalientInput> candidates) {
  SegmentRunner &runner = *inputs.runner;
  SmallVector<Value> taps;
  for (const SalientInput &input : candidates) {
    taps.push_back(input.group.input);
  }
  Expected<SliceCode> code = runner.compile(taps);
  if (!code) {
    return code.takeError();
  }
  return runner.advance(*code, [&](size_t sample, size_t tap, ArrayRef<float> values,
                                   ArrayRef<int64_t> shape) {
    SalientInput &input = candidates[tap];
    size_t width = input.magnitudes.size();
    for (size_t i = 0; i < values.size(); ++i) {
      input.magnitudes[i % width] += std::abs(values[i]);
    }
    input.rows += static_cast<int64_t>(values.size() / width);
    if (loss == SalientLoss::Linear) {
      input.gram.add(values, inputs.threads());
    } else if (sample % every == 0) {
      input.inputs.emplace_back(sample,
                                SliceTensor{values.vec(), llvm::SmallVector<int64_t, 3>(shape)});
    }
  });
}

Expected<std::vector<std::vector<float>>> SalientSearch::round(const SalientInput &input,
                                                               ArrayRef<std::vector<float>> weights,
                                                               ArrayRef<float> scales) {
  std::vector<std::vector<float>> rounded;
  numerics::RangeOptions range;
  range.threads = inputs.threads();
  for (auto [values, readers] : llvm::zip_equal(weights, input.group.weights())) {
    const PlannedWeight &weight = inputs.plan.weights[readers.first];
    Expected<std::vector<float>> result =
        roundScaled(values, weight.shape, weight.scheme.getNumericsScheme(), range, scales);
    if (!result) {
      culprit = readers.second.front()->op->getLoc();
      return result.takeError();
    }
    rounded.push_back(std::move(*result));
  }
  return std::move(rounded);
}

Expected<double> SalientSearch::moduleLoss(SalientInput &input, SliceCode &code,
                                           ArrayRef<std::vector<float>> rounded,
                                           ArrayRef<SliceTensor> expected) {
  for (auto [values, readers] : llvm::zip_equal(rounded, input.group.weights())) {
    for (PlannedLayer *layer : readers.second) {
      if (Error error = code.setWeight(layer->operands.weight->get(), values)) {
        return std::move(error);
      }
    }
  }
  double sum = 0.0;
  size_t count = 0;
  SliceTensor output;
  for (auto [sample, wanted] : llvm::zip_equal(input.inputs, expected)) {
    if (Error error = code.run(inputs.runner->samples()[sample.first], {&sample.second}, output)) {
      return std::move(error);
    }
    for (auto [have, want] : llvm::zip_equal(output.values, wanted.values)) {
      double difference = static_cast<double>(have) - want;
      sum += difference * difference;
    }
    count += output.values.size();
  }
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

double SalientSearch::linearLoss(const SalientInput &input, ArrayRef<double> gram,
                                 ArrayRef<std::vector<float>> weights,
                                 ArrayRef<std::vector<float>> rounded) const {
  double sum = 0.0;
  for (auto [exact, values, readers] : llvm::zip_equal(weights, rounded, input.group.weights())) {
    sum += static_cast<double>(readers.second.size()) *
           outputError(exact, values, gram, input.group.width(), inputs.threads());
  }
  return sum;
}

Error SalientSearch::search(SalientInput &input) {
  std::vector<std::vector<float>> weights;
  for (const auto &[index, readers] : input.group.weights()) {
    Expected<std::vector<float>> values =
        readModelWeight(readers.front()->operands.weight->get(), inputs.workspace->weights());
    if (!values) {
      culprit = readers.front()->op->getLoc();
      return values.takeError();
    }
    weights.push_back(std::move(*values));
  }
  std::optional<SliceCode> code;
  std::vector<SliceTensor> expected(input.inputs.size());
  std::vector<double> gram;
  if (loss == SalientLoss::Linear) {
    gram = input.gram.takeMean();
  } else {
    Expected<SliceCode> compiled = inputs.runner->compileSlice(input.group.input, input.result);
    if (!compiled) {
      return compiled.takeError();
    }
    code = std::move(*compiled);
    for (auto [sample, output] : llvm::zip_equal(input.inputs, expected)) {
      if (Error error =
              code->run(inputs.runner->samples()[sample.first], {&sample.second}, output)) {
        return error;
      }
    }
  }
  for (double &magnitude : input.magnitudes) {
    magnitude /= static_cast<double>(std::max<int64_t>(input.rows, 1));
  }
  for (unsigned exponent = 0; exponent < numSalientExponents; ++exponent) {
    std::vector<float> scales = salientScales(input.magnitudes, salientExponent(exponent));
    Expected<std::vector<std::vector<float>>> rounded = round(input, weights, scales);
    if (!rounded) {
      return rounded.takeError();
    }
    Expected<double> value = code ? moduleLoss(input, *code, *rounded, expected)
                                  : Expected<double>(linearLoss(input, gram, weights, *rounded));
    if (!value) {
      return value.takeError();
    }
    if (exponent == 0) {
      input.plainLoss = *value;
    }
    if (exponent == 0 || *value < input.loss) {
      input.loss = *value;
      input.exponent = exponent;
      input.scales = std::move(scales);
    }
  }
  input.inputs.clear();
  return Error::success();
}

Error SalientSearch::run() {
  size_t numDone = 0;
  while (!inputs.runner->isDone() && numDone < inputs.plan.layers.size()) {
    const ModelSegment &segment = inputs.runner->segment();
    for (const InputGroup &group : inputs.groupsOf(segment)) {
      numDone += group.layers.size();
    }
    std::vector<SalientInput> candidates = findInputs(segment);
    if (Error error = measure(candidates)) {
      return error;
    }
    for (SalientInput &input : candidates) {
      if (Error error = search(input)) {
        return error;
      }
      found.push_back(std::move(input));
    }
    if (Error error = progress.advance()) {
      return error;
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ScaleSalientPass : WithUpstreamModels<quench::impl::ScaleSalientPassBase<ScaleSalientPass>>,
                          WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override {
    if (failed(run())) {
      signalPassFailure();
    }
  }
  LogicalResult run();
  LogicalResult apply(MutableArrayRef<SalientInput> chosen, Workspace &workspace);
};

} // namespace

LogicalResult ScaleSalientPass::apply(MutableArrayRef<SalientInput> chosen, Workspace &workspace) {
  llvm::json::Array reports;
  for (SalientInput &input : chosen) {
    const PlannedLayer &layer = *input.group.layers.front();
    if (input.exponent == 0) {
      remarkMissed(input.group, "no scale helps");
      continue;
    }
    std::string name = input.group.name();
    RebaseResult result = planRebase(input.group.input, divideBy(input.group.input, input.scales));
    if (!result.plan) {
      return mlir::emitError(result.refusal.location) << result.refusal.message();
    }
    if (failed(result.plan->apply())) {
      return layer.op->emitError("changes of basis did not settle");
    }
    auto [least, most] = std::minmax_element(input.scales.begin(), input.scales.end());
    remark::passed(layer.op->getLoc(),
                   remark::RemarkOpts::name("Scaled").category(DEBUG_TYPE).function(layer.function))
        << remark::metric("Input", name)
        << remark::metric("Exponent", decimals(salientExponent(input.exponent)))
        << remark::metric("LossBefore", decimals(input.plainLoss))
        << remark::metric("LossAfter", decimals(input.loss))
        << remark::metric("LargestScale", decimals(*most));
    reports.push_back(llvm::json::Object{{"input", name},
                                         {"exponent", salientExponent(input.exponent)},
                                         {"loss_before", input.plainLoss},
                                         {"loss_after", input.loss},
                                         {"smallest_scale", *least},
                                         {"largest_scale", *most}});
  }
  workspace.report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"inputs", std::move(reports)}});
  return success();
}

LogicalResult ScaleSalientPass::run() {
  ModuleOp module = getOperation();
  if (loss != "module" && loss != "linear") {
    return module.emitError() << "option 'loss': expected module or linear, found '" << loss << "'";
  }
  if (every == 0) {
    return module.emitError("option 'every': expected at least 1, found 0");
  }
  FailureOr<TuningInputs> inputs =
      TuningInputs::open(module, openWorkspace({weights, archive, recipe}), DEBUG_TYPE);
  if (failed(inputs)) {
    return failure();
  }
  Progress progress =
      inputs->workspace->progress("scale", inputs->runner->segments().size(), "segments");
  SalientSearch search(*inputs, loss == "module" ? SalientLoss::Module : SalientLoss::Linear, every,
                       progress);
  if (Error error = search.run()) {
    return mlir::emitError(search.culprit.value_or(module.getLoc()))
           << llvm::toString(std::move(error));
  }
  progress.finish();
  return apply(search.found, *inputs->workspace);
}

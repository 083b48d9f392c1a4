//===- TuningInputs.cpp - What passes that run the model start from -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/TuningInputs.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace quench;

using llvm::Error;
using llvm::Expected;

int64_t InputGroup::width() const {
  return cast<RankedTensorType>(input.getType()).getShape().back();
}

SmallVector<std::pair<size_t, SmallVector<PlannedLayer *>>> InputGroup::weights() const {
  llvm::MapVector<size_t, SmallVector<PlannedLayer *>> readers;
  for (PlannedLayer *layer : layers) {
    readers[*layer->weight].push_back(layer);
  }
  return readers.takeVector();
}

std::string InputGroup::name() const {
  SmallVector<StringRef> names;
  for (PlannedLayer *layer : layers) {
    names.push_back(layer->name);
  }
  return edgeName(names);
}

/// Takes layers out of the plan that cannot be fitted to inputs, with a remark for each.
static void removeUnsuitable(QuantizationPlan &plan, const SegmentRunner &runner, StringRef pass) {
  llvm::DenseSet<Operation *> reached;
  for (const ModelSegment &segment : runner.segments()) {
    reached.insert(segment.layers.begin(), segment.layers.end());
  }
  std::vector<SmallVector<Value>> inputs(plan.weights.size());
  for (PlannedLayer &layer : plan.layers) {
    Value input = layer.operands.activation->get();
    if (!llvm::is_contained(inputs[*layer.weight], input)) {
      inputs[*layer.weight].push_back(input);
    }
  }
  eraseLayers(plan, [&](PlannedLayer &layer) {
    bool isReached = reached.contains(layer.op);
    if (isReached && inputs[*layer.weight].size() == 1) {
      return false;
    }
    remark::missed(layer.op->getLoc(),
                   remark::RemarkOpts::name("LeftInFloat").category(pass).function(layer.function))
        << remark::metric("Layer", layer.name)
        << remark::metric("Reason", isReached ? "layers with other inputs share its weight"
                                              : "the logits do not depend on it");
    return true;
  });
}

Expected<const calibration::Samples *> quench::samplesFor(const CausalLM &model,
                                                          Workspace &workspace) {
  Expected<const calibration::Samples *> samples = workspace.samples();
  if (!samples) {
    return samples;
  }
  if (Error error = (*samples)->requireVocabulary(model.vocabSize, workspace.archivePath())) {
    return std::move(error);
  }
  if (Error error = (*samples)->requirePositions(model.maxPositions, workspace.archivePath())) {
    return std::move(error);
  }
  return samples;
}

FailureOr<TuningInputs> TuningInputs::open(ModuleOp module, Expected<Workspace *> workspace,
                                           StringRef pass, bool keptElements) {
  auto fail = [&](Error error) { return module.emitError() << llvm::toString(std::move(error)); };
  if (!workspace) {
    return fail(workspace.takeError());
  }
  TuningInputs inputs;
  inputs.workspace = *workspace;
  Expected<const recipe::Recipe *> recipe = inputs.workspace->recipe();
  if (!recipe) {
    return fail(recipe.takeError());
  }
  Expected<CausalLM> model = findCausalLM(module, "module");
  if (!model) {
    return fail(model.takeError());
  }
  inputs.model = *model;
  Expected<const calibration::Samples *> samples = samplesFor(*model, *inputs.workspace);
  if (!samples) {
    return fail(samples.takeError());
  }
  PlanOptions options;
  options.activations = false;
  options.tables = false;
  options.keptElements = keptElements;
  options.pass = pass;
  FailureOr<QuantizationPlan> plan =
      planQuantization(module, **recipe, inputs.workspace->weights(), options);
  if (failed(plan)) {
    return failure();
  }
  inputs.plan = std::move(*plan);
  SliceCompilerOptions compilerOptions;
  compilerOptions.threads = inputs.threads();
  inputs.runner = std::make_unique<SegmentRunner>(
      model->function, **samples, inputs.workspace->weights(), std::move(compilerOptions));
  removeUnsuitable(inputs.plan, *inputs.runner, pass);
  return std::move(inputs);
}

SmallVector<InputGroup> TuningInputs::groupsOf(const ModelSegment &segment) {
  llvm::MapVector<Value, InputGroup> groups;
  for (QuantizableOpInterface op : segment.layers) {
    auto layer = llvm::find_if(plan.layers, [&](PlannedLayer &layer) { return layer.op == op; });
    if (layer != plan.layers.end()) {
      Value input = op.getActivationOperand().get();
      groups[input].input = input;
      groups[input].layers.push_back(&*layer);
    }
  }
  return llvm::to_vector(llvm::make_second_range(groups));
}

Error TuningInputs::forEachGram(llvm::function_ref<Error(const InputGroup &, GramMatrix)> take) {
  size_t numDone = 0;
  while (!runner->isDone() && numDone < plan.layers.size()) {
    SmallVector<InputGroup> groups = groupsOf(runner->segment());
    SmallVector<Value> taps;
    std::vector<GramMatrix> grams;
    for (const InputGroup &group : groups) {
      taps.push_back(group.input);
      grams.emplace_back(group.width());
      numDone += group.layers.size();
    }
    Expected<SliceCode> code = runner->compile(taps);
    if (!code) {
      return code.takeError();
    }
    Error failed =
        runner->advance(*code, [&](size_t, size_t tap, ArrayRef<float> values, ArrayRef<int64_t>) {
          grams[tap].add(values, threads());
        });
    if (failed) {
      return failed;
    }
    for (auto [group, gram] : llvm::zip_equal(groups, grams)) {
      if (Error error = take(group, std::move(gram))) {
        return error;
      }
    }
  }
  return Error::success();
}

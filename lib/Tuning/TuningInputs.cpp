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

std::string InputGroup::edge() const {
  for (Operation *user : input.getUsers()) {
    if (auto observer = dyn_cast<ObserveOp>(user)) {
      return observer.getName().str();
    }
  }
  return name();
}

/// Whether the inputs of a layer are along the last axes of its weight and of its activation, whose
/// Gram matrix calibration keeps.
static bool sumsOverLastAxes(const PlannedLayer &layer) {
  auto rankOf = [](OpOperand *operand) {
    return cast<RankedTensorType>(operand->get().getType()).getRank();
  };
  return rankOf(layer.operands.weight) == 2 && layer.operands.weightReductionAxis == 1 &&
         layer.operands.activationReductionAxis == rankOf(layer.operands.activation) - 1;
}

/// Takes layers out of the plan that cannot be fitted to inputs, with a remark for each. `runner`
/// may be null.
static void removeUnsuitable(QuantizationPlan &plan, const SegmentRunner *runner, StringRef pass) {
  llvm::DenseSet<Operation *> reached;
  for (const ModelSegment &segment : runner ? runner->segments() : ArrayRef<ModelSegment>()) {
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
    bool isReached = runner ? reached.contains(layer.op) : sumsOverLastAxes(layer);
    if (isReached && inputs[*layer.weight].size() == 1) {
      return false;
    }
    remark::missed(layer.op->getLoc(),
                   remark::RemarkOpts::name("LeftInFloat").category(pass).function(layer.function))
        << remark::metric("Layer", layer.name)
        << remark::metric("Reason", isReached ? "layers with other inputs share its weight"
                                    : runner  ? "the logits do not depend on it"
                                              : "its inputs are not along the last axis of weight "
                                                "and activation");
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
                                           StringRef pass, bool keptElements, InputSource source) {
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
  bool isModel = llvm::any_of(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    return function->hasAttr(causalLMAttrName);
  });
  const calibration::Samples *samples = nullptr;
  if (isModel || source == InputSource::Samples) {
    Expected<CausalLM> model = findCausalLM(module, "module");
    if (!model) {
      return fail(model.takeError());
    }
    inputs.model = *model;
    Expected<const calibration::Samples *> opened = samplesFor(*model, *inputs.workspace);
    if (!opened) {
      return fail(opened.takeError());
    }
    samples = *opened;
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
  if (samples) {
    SliceCompilerOptions compilerOptions;
    compilerOptions.threads = inputs.threads();
    inputs.runner = std::make_unique<SegmentRunner>(
        inputs.model.function, *samples, inputs.workspace->weights(), std::move(compilerOptions));
  }
  removeUnsuitable(inputs.plan, inputs.runner.get(), pass);
  if (!isModel && inputs.plan.layers.empty()) {
    return fail(findCausalLM(module, "module").takeError());
  }
  return std::move(inputs);
}

Error TuningInputs::forEachKnownGram(
    llvm::function_ref<Error(const InputGroup &, GramMatrix)> take) {
  Expected<const calibration::Statistics *> statistics = workspace->statistics();
  if (!statistics) {
    return statistics.takeError();
  }
  llvm::MapVector<Value, InputGroup> groups;
  for (PlannedLayer &layer : plan.layers) {
    Value input = layer.operands.activation->get();
    groups[input].input = input;
    groups[input].layers.push_back(&layer);
  }
  for (const auto &[input, group] : groups) {
    const calibration::EdgeStatistics *edge = (*statistics)->lookup(group.edge());
    int64_t width = group.width();
    if (!edge || edge->gram.size() != static_cast<size_t>(width * width)) {
      return llvm::createStringError(
          "expected the Gram matrix of %lld channels of edge '%s' among the statistics; run "
          "quench-calibrate with 'collect=gram'",
          static_cast<long long>(width), group.edge().c_str());
    }
    if (Error error =
            take(group, GramMatrix(width, static_cast<int64_t>(edge->rows()), edge->gram))) {
      return error;
    }
  }
  return Error::success();
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

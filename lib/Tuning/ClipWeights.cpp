//===- ClipWeights.cpp - Clamping weights before they are rounded ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a causal language model with float weights, and samples. Output: the same model in which
// blocks of the weights that the recipe names are clamped by quench/Numerics/ClipSearch.h.
//
//===----------------------------------------------------------------------===//

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Tuning/Passes.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Numerics/ClipSearch.h"
#include "quench/Tuning/GramMatrix.h"
#include "quench/Tuning/TuningInputs.h"
#include "quench/Workspace/ApproximatingPass.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Format.h"

#define DEBUG_TYPE "quench-clip-weights"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_CLIPWEIGHTSPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// Whether queries or keys of an attention are computed from what a layer gives, with no other
/// layer between them.
static bool makesQueriesOrKeys(Operation *layer) {
  llvm::SetVector<Operation *> pending;
  pending.insert(layer->user_begin(), layer->user_end());
  for (size_t i = 0; i < pending.size(); ++i) {
    Operation *op = pending[i];
    if (isa<QuantizableOpInterface>(op)) {
      continue;
    }
    if (auto attention = dyn_cast<nn::AttentionOp>(op)) {
      auto isMade = [&](Value value) {
        return value.getDefiningOp() == layer || pending.contains(value.getDefiningOp());
      };
      if (isMade(attention.getQuery()) || isMade(attention.getKeys())) {
        return true;
      }
      continue;
    }
    pending.insert(op->user_begin(), op->user_end());
  }
  return false;
}

namespace {

struct ClipOutcome {
  size_t blocks = 0;
  size_t clamped = 0;
  /// New values of a constant.
  std::vector<float> constant;
};

/// Clamps the weights of a plan, segment by segment.
class ClipDriver {
public:
  ClipDriver(TuningInputs &inputs, Progress &progress)
      : inputs(inputs), progress(progress), outcomes(inputs.plan.weights.size()) {}

  /// Values of stored weights go to `output`, which has them declared and is null if there are
  /// none.
  Error run(SafetensorsWriter *output);

  ArrayRef<ClipOutcome> getOutcomes() const { return outcomes; }
  /// The layer that an error is about.
  std::optional<Location> culprit;

private:
  Error clipGroup(const InputGroup &group, GramMatrix gram, SafetensorsWriter *output);
  Error clipWeight(PlannedLayer &layer, ArrayRef<double> gram, SafetensorsWriter *output);

  TuningInputs &inputs;
  Progress &progress;
  std::vector<ClipOutcome> outcomes;
};

} // namespace

Error ClipDriver::run(SafetensorsWriter *output) {
  return inputs.forEachGram([&](const InputGroup &group, GramMatrix gram) {
    return clipGroup(group, std::move(gram), output);
  });
}

Error ClipDriver::clipGroup(const InputGroup &group, GramMatrix gram, SafetensorsWriter *output) {
  std::vector<double> mean = gram.takeMean();
  for (const auto &[weight, layers] : group.weights()) {
    culprit = layers.front()->op->getLoc();
    if (Error error = clipWeight(*layers.front(), mean, output)) {
      return error;
    }
    if (Error error = progress.advance()) {
      return error;
    }
  }
  culprit.reset();
  return Error::success();
}

Error ClipDriver::clipWeight(PlannedLayer &layer, ArrayRef<double> gram,
                             SafetensorsWriter *output) {
  const PlannedWeight &weight = inputs.plan.weights[*layer.weight];
  ClipOutcome &outcome = outcomes[*layer.weight];
  Expected<std::vector<float>> values =
      readModelWeight(layer.operands.weight->get(), inputs.workspace->weights());
  if (!values) {
    return values.takeError();
  }
  const numerics::Scheme &scheme = weight.numericsScheme;
  Expected<std::vector<float>> limits =
      numerics::searchClipLimits(*values, weight.shape, scheme, gram, inputs.threads());
  if (!limits) {
    return createStringError("cannot clamp the weight of '" + layer.name +
                             "': " + llvm::toString(limits.takeError()));
  }
  std::vector<float> clamped = numerics::clampBlocks(*values, weight.shape, scheme, *limits);
  outcome.blocks = limits->size();
  std::vector<bool> changed(outcome.blocks);
  for (size_t i = 0; i < clamped.size(); ++i) {
    if (clamped[i] != (*values)[i]) {
      int64_t columns = weight.shape[1], index = static_cast<int64_t>(i);
      changed[scheme.blockIndex(weight.shape, {index / columns, index % columns})] = true;
    }
  }
  outcome.clamped = llvm::count(changed, true);
  if (weight.constant) {
    outcome.constant = std::move(clamped);
    return Error::success();
  }
  return output->writeElements<float>(weight.key, clamped);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether something else than these layers reads the floats of their weight.
static bool isReadElsewhere(ModuleOp module, const PlannedWeight &weight,
                            const llvm::DenseSet<Operation *> &layers) {
  auto isLayer = [&](Operation *user) {
    return layers.contains(user) && isa<QuantizableOpInterface>(user);
  };
  auto isForLayers = [&](Operation *user) {
    return isLayer(user) || (isa<arith::ExtFOp>(user) && llvm::all_of(user->getUsers(), isLayer));
  };
  if (weight.constant) {
    return !llvm::all_of(weight.constant->getUsers(), isForLayers);
  }
  WalkResult result = module.walk([&](WeightOp op) {
    bool isFloat = isa<RankedTensorType>(op.getType());
    bool elsewhere =
        isFloat && op.getKey() == weight.key && !llvm::all_of(op->getUsers(), isForLayers);
    return elsewhere ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// Takes layers out of the plan whose weights stay as they are, with a remark for each.
static void removeUnclipped(QuantizationPlan &plan, ModuleOp module) {
  llvm::DenseSet<Operation *> layers;
  for (PlannedLayer &layer : plan.layers) {
    layers.insert(layer.op);
  }
  std::vector<std::string> reasons(plan.weights.size());
  for (PlannedLayer &layer : plan.layers) {
    std::string &reason = reasons[*layer.weight];
    if (makesQueriesOrKeys(layer.op)) {
      reason = "it makes queries or keys";
    } else if (isReadElsewhere(module, plan.weights[*layer.weight], layers)) {
      reason = "something else reads its weight";
    }
  }
  eraseLayers(plan, [&](PlannedLayer &layer) {
    const std::string &reason = reasons[*layer.weight];
    if (reason.empty()) {
      return false;
    }
    remark::missed(
        layer.op->getLoc(),
        remark::RemarkOpts::name("LeftUnclipped").category(DEBUG_TYPE).function(layer.function))
        << remark::metric("Layer", layer.name) << remark::metric("Reason", reason);
    return true;
  });
}

/// Lets the layers read the new values.
static void rewrite(QuantizationPlan &plan, ArrayRef<ClipOutcome> outcomes) {
  llvm::SetVector<Operation *> old;
  std::vector<Value> made(plan.weights.size());
  for (PlannedLayer &layer : plan.layers) {
    OpOperand &operand = *layer.operands.weight;
    Operation *source = findFloatWeight(operand.get());
    Value &value = made[*layer.weight];
    if (!value) {
      const PlannedWeight &weight = plan.weights[*layer.weight];
      OpBuilder builder(source);
      auto type = RankedTensorType::get(weight.shape, builder.getF32Type());
      ArrayRef<float> constant = outcomes[*layer.weight].constant;
      value = weight.constant
                  ? arith::ConstantOp::create(builder, source->getLoc(),
                                              DenseElementsAttr::get(type, constant))
                        .getResult()
                  : WeightOp::create(builder, source->getLoc(), type, weight.key).getResult();
    }
    old.insert(operand.get().getDefiningOp());
    old.insert(source);
    operand.set(value);
  }
  // Extensions stand before what they extend.
  for (Operation *op : old) {
    if (op->use_empty()) {
      op->erase();
    }
  }
}

static void report(const TuningInputs &inputs, const ClipDriver &driver) {
  llvm::json::Array layers;
  for (const PlannedLayer &layer : inputs.plan.layers) {
    const ClipOutcome &outcome = driver.getOutcomes()[*layer.weight];
    std::string share;
    llvm::raw_string_ostream(share)
        << llvm::format("%.1f", 100.0 * outcome.clamped / std::max<size_t>(outcome.blocks, 1));
    remark::passed(
        layer.op->getLoc(),
        remark::RemarkOpts::name("Clipped").category(DEBUG_TYPE).function(layer.function))
        << remark::metric("Layer", layer.name) << remark::metric("Blocks", outcome.blocks)
        << remark::metric("ClampedPercent", share);
    layers.push_back(llvm::json::Object{
        {"layer", layer.name}, {"blocks", outcome.blocks}, {"clamped", outcome.clamped}});
  }
  inputs.workspace->report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"layers", std::move(layers)}});
}

namespace {

struct ClipWeightsPass : WithUpstreamModels<quench::impl::ClipWeightsPassBase<ClipWeightsPass>>,
                         WorkspacePass,
                         ApproximatingPass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override {
    if (failed(run())) {
      signalPassFailure();
    }
  }
  LogicalResult run();
};

} // namespace

/// Runs the driver with the output that it needs.
static Error clip(ClipDriver &driver, const TuningInputs &inputs) {
  auto isStored = [](const PlannedWeight &weight) { return !weight.key.empty(); };
  if (llvm::none_of(inputs.plan.weights, isStored)) {
    return driver.run(nullptr);
  }
  return inputs.workspace->edit([&](SafetensorsWriter &output) -> Error {
    for (const PlannedWeight &weight : inputs.plan.weights) {
      if (!isStored(weight)) {
        continue;
      }
      if (Error error = output.declare(weight.key, ElementKind::F32, weight.shape)) {
        return error;
      }
    }
    return driver.run(&output);
  });
}

LogicalResult ClipWeightsPass::run() {
  ModuleOp module = getOperation();
  FailureOr<TuningInputs> inputs =
      TuningInputs::open(module, openWorkspace({weights, archive, recipe}), DEBUG_TYPE);
  if (failed(inputs)) {
    return failure();
  }
  removeUnclipped(inputs->plan, module);
  Progress progress = inputs->workspace->progress("clip", inputs->plan.weights.size(), "weights");
  ClipDriver driver(*inputs, progress);
  if (Error error = clip(driver, *inputs)) {
    return mlir::emitError(driver.culprit.value_or(module.getLoc()))
           << llvm::toString(std::move(error));
  }
  progress.finish();
  rewrite(inputs->plan, driver.getOutcomes());
  report(*inputs, driver);
  return success();
}

//===- CorrectBias.cpp - Biases that take back shifted means --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a causal language model in QDQ form, and samples. Output: the same with new biases, by
// quench/Numerics/BiasCorrection.h, so that the mean output of each quantized layer is that of the
// float layer on the same inputs.
//
// The model that runs is a copy in which every such layer has a bias of its own to be set.
//
//===----------------------------------------------------------------------===//

#include "ShiftedLayers.h"

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Tuning/Passes.h"

#include "quench/Model/LinearNames.h"
#include "quench/Numerics/BiasCorrection.h"
#include "quench/Tuning/TuningInputs.h"
#include "quench/Workspace/ApproximatingPass.h"
#include "quench/Workspace/RemarkParts.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>

#define DEBUG_TYPE "quench-correct-bias"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_CORRECTBIASPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

/// The mean of each channel of a value.
class ChannelMeans {
public:
  void add(ArrayRef<float> values, int64_t channels) {
    sums.resize(channels);
    for (auto [index, value] : llvm::enumerate(values)) {
      sums[index % channels] += value;
    }
    rows += values.size() / channels;
  }

  std::vector<double> take() {
    for (double &sum : sums) {
      sum /= static_cast<double>(rows);
    }
    return std::move(sums);
  }

private:
  std::vector<double> sums;
  size_t rows = 0;
};

/// Finds the biases, segment by segment.
class CorrectionDriver {
public:
  CorrectionDriver(SegmentRunner &runner, const WeightStore *weights,
                   std::vector<ShiftedLayer> &layers, Progress &progress)
      : runner(runner), weights(weights), layers(layers), progress(progress) {}

  Error run();

  /// The layer that an error is about.
  std::optional<Location> culprit;

private:
  Error runSegment(ArrayRef<Value> taps, ArrayRef<ShiftedLayer *> corrected);
  Error correct(ShiftedLayer &layer, SliceCode &code);

  SegmentRunner &runner;
  const WeightStore *weights;
  std::vector<ShiftedLayer> &layers;
  Progress &progress;
  /// Of inputs, as they were when they were last measured.
  DenseMap<Value, std::vector<double>> means;
};

} // namespace

//===----------------------------------------------------------------------===//
// How much
//===----------------------------------------------------------------------===//

Error CorrectionDriver::correct(ShiftedLayer &layer, SliceCode &code) {
  culprit = layer.op.getLoc();
  Expected<std::vector<float>> rounded = readModelWeight(layer.op.getWeight(), weights);
  if (!rounded) {
    return rounded.takeError();
  }
  std::vector<float> floats;
  if (layer.hasCodes) {
    auto type = cast<RankedTensorType>(layer.op.getWeight().getType());
    Expected<std::vector<float>> read = weights->readFiniteFloats(layer.weightKey, type.getShape());
    if (!read) {
      return read.takeError();
    }
    weights->release(layer.weightKey);
    floats = std::move(*read);
  }
  Expected<std::vector<float>> bias =
      numerics::correctBias(layer.bias, layer.hasCodes ? floats : *rounded, *rounded,
                            means.lookup(layer.input), means.lookup(layer.rounded));
  if (!bias) {
    return createStringError("cannot correct the bias of '" + layer.name +
                             "': " + llvm::toString(bias.takeError()));
  }
  for (auto [index, value] : llvm::enumerate(*bias)) {
    double change = std::abs(value - (layer.bias.empty() ? 0.0 : layer.bias[index]));
    layer.largest = std::max(layer.largest, change);
    layer.typical += change * change / bias->size();
  }
  layer.typical = std::sqrt(layer.typical);
  layer.bias = std::move(*bias);
  culprit.reset();
  if (Error error = progress.advance()) {
    return error;
  }
  return code.setWeight(layer.copy.getBias(), layer.bias);
}

Error CorrectionDriver::runSegment(ArrayRef<Value> taps, ArrayRef<ShiftedLayer *> corrected) {
  Expected<SliceCode> code = runner.compile(taps);
  if (!code) {
    return code.takeError();
  }
  std::vector<ChannelMeans> sums(taps.size());
  auto add = [&](size_t, size_t tap, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    sums[tap].add(values, shape.back());
  };
  auto keepMeans = [&]() {
    for (auto [tap, sum] : llvm::zip_equal(taps, sums)) {
      means[tap] = sum.take();
      sum = ChannelMeans();
    }
  };
  if (!corrected.empty()) {
    if (Error error = runner.observe(*code, add)) {
      return error;
    }
    keepMeans();
    for (ShiftedLayer *layer : corrected) {
      if (Error error = correct(*layer, *code)) {
        return error;
      }
    }
  }
  // Layers behind the cut may read what is rounded before it, and that with the new biases.
  if (Error error = runner.advance(*code, add)) {
    return error;
  }
  keepMeans();
  return Error::success();
}

Error CorrectionDriver::run() {
  std::vector<llvm::SetVector<Value>> taps(runner.segments().size());
  std::vector<SmallVector<ShiftedLayer *>> corrected(taps.size());
  for (ShiftedLayer &layer : layers) {
    // A value that is rounded behind a cut is the input of that segment.
    size_t measured = segmentOf(layer.rounded, runner.segments());
    taps[measured].insert(layer.input);
    taps[measured].insert(layer.rounded);
    corrected[segmentOf(layer.copy.getResult(), runner.segments())].push_back(&layer);
  }
  while (!corrected.empty() && corrected.back().empty()) {
    corrected.pop_back();
  }
  for (auto [index, some] : llvm::enumerate(corrected)) {
    if (Error error = runSegment(taps[index].getArrayRef(), some)) {
      return error;
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Whether a weight is read as the bias of layers that get another one, and by nothing else.
static bool isOldBias(Operation *op, const llvm::DenseSet<Operation *> &layers) {
  return llvm::all_of(op->getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<arith::ExtFOp>(user)) {
      return isOldBias(user, layers);
    }
    auto linear = dyn_cast<nn::LinearOp>(user);
    return linear && layers.contains(linear) && linear.getBias() == use.get();
  });
}

/// Keys for the biases of layers whose weights are stored: "up_proj.bias", with a number where
/// something else has that name. Empty keys for the other layers.
static std::vector<std::string> chooseKeys(ModuleOp module, ArrayRef<ShiftedLayer> layers) {
  llvm::DenseSet<Operation *> corrected;
  for (const ShiftedLayer &layer : layers) {
    corrected.insert(layer.op);
  }
  llvm::StringSet<> taken;
  module.walk([&](WeightOp weight) {
    if (!isOldBias(weight, corrected)) {
      taken.insert(weight.getKey());
    }
  });
  std::vector<std::string> keys;
  for (const ShiftedLayer &layer : layers) {
    std::string key;
    if (!layer.weightKey.empty()) {
      std::string base = (linearNameOfKey(layer.weightKey) + ".bias").str();
      key = base;
      for (size_t number = 1; !taken.insert(key).second; ++number) {
        key = base + "." + std::to_string(number);
      }
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

static Error writeBiases(ArrayRef<ShiftedLayer> layers, ArrayRef<std::string> keys,
                         SafetensorsWriter &output) {
  for (auto [layer, key] : llvm::zip_equal(layers, keys)) {
    if (!key.empty()) {
      if (Error error = output.declare(key, ElementKind::F32, {layer.outputs()})) {
        return error;
      }
    }
  }
  for (auto [layer, key] : llvm::zip_equal(layers, keys)) {
    if (!key.empty()) {
      if (Error error = output.writeElements<float>(key, layer.bias)) {
        return error;
      }
    }
  }
  return Error::success();
}

/// Lets the layers read the new biases.
static void rewrite(ArrayRef<ShiftedLayer> layers, ArrayRef<std::string> keys) {
  for (auto [planned, key] : llvm::zip_equal(layers, keys)) {
    nn::LinearOp op = planned.op;
    OpBuilder builder(op);
    auto type = RankedTensorType::get({planned.outputs()}, builder.getF32Type());
    Value bias;
    if (key.empty()) {
      bias = arith::ConstantOp::create(builder, op.getLoc(),
                                       DenseElementsAttr::get(type, ArrayRef(planned.bias)));
    } else {
      bias = WeightOp::create(builder, op.getLoc(), type, key);
    }
    Value old = op.getBias();
    op.getBiasMutable().assign(bias);
    while (old && old.getDefiningOp() && old.use_empty()) {
      Operation *unused = old.getDefiningOp();
      old = unused->getNumOperands() == 1 ? unused->getOperand(0) : Value();
      unused->erase();
    }
  }
}

static void report(ArrayRef<ShiftedLayer> layers, Workspace &workspace) {
  llvm::json::Array records;
  for (const ShiftedLayer &layer : layers) {
    nn::LinearOp op = layer.op;
    auto function = op->getParentOfType<func::FuncOp>();
    remark::passed(
        op.getLoc(),
        remark::RemarkOpts::name("Corrected").category(DEBUG_TYPE).function(function.getName()))
        << remark::metric("Layer", layer.name)
        << remark::metric("LargestShift", decimals(layer.largest))
        << remark::metric("TypicalShift", decimals(layer.typical));
    records.push_back(llvm::json::Object{
        {"layer", layer.name}, {"largest_shift", layer.largest}, {"typical_shift", layer.typical}});
  }
  workspace.report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"layers", std::move(records)}});
}

namespace {

struct CorrectBiasPass : WithUpstreamModels<quench::impl::CorrectBiasPassBase<CorrectBiasPass>>,
                         WorkspacePass,
                         ApproximatingPass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override {
    std::optional<Location> culprit;
    if (Error error = run(culprit)) {
      mlir::emitError(culprit.value_or(getOperation().getLoc()))
          << llvm::toString(std::move(error));
      signalPassFailure();
    }
  }
  Error run(std::optional<Location> &culprit);
};

} // namespace

Error CorrectBiasPass::run(std::optional<Location> &culprit) {
  ModuleOp module = getOperation();
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return workspace.takeError();
  }
  Expected<CausalLM> model = findCausalLM(module, "module");
  if (!model) {
    return model.takeError();
  }
  Expected<const calibration::Samples *> samples = samplesFor(*model, **workspace);
  if (!samples) {
    return samples.takeError();
  }
  const WeightStore *store = (*workspace)->weights();
  std::vector<ShiftedLayer> layers = findShiftedLayers(module, model->function, store, DEBUG_TYPE);
  OwningOpRef<ModuleOp> copy = module.clone();
  Expected<CausalLM> copied = findCausalLM(*copy, "module");
  if (!copied) {
    return copied.takeError();
  }
  giveBiases(layers, model->function, copied->function);
  SliceCompilerOptions options;
  options.threads = (*workspace)->threads();
  SegmentRunner runner(copied->function, **samples, store, options);
  Progress progress = (*workspace)->progress("correct", layers.size(), "biases");
  CorrectionDriver driver(runner, store, layers, progress);
  if (Error error = driver.run()) {
    culprit = driver.culprit;
    return error;
  }
  progress.finish();
  std::vector<std::string> keys = chooseKeys(module, layers);
  if (llvm::any_of(keys, [](const std::string &key) { return !key.empty(); })) {
    Error error = (*workspace)->edit([&](SafetensorsWriter &output) {
      return writeBiases(layers, keys, output);
    });
    if (error) {
      return error;
    }
  }
  rewrite(layers, keys);
  report(layers, **workspace);
  return Error::success();
}

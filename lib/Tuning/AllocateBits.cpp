//===- AllocateBits.cpp - Mixed precision under a budget ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a model with float weights, and samples or Gram matrices. Output: the same; the recipe of
// the workspace has a rule for each layer that takes another number of bits than it said.
//
//===----------------------------------------------------------------------===//

#include "Predictions.h"

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Tuning/Passes.h"

#include "quench/Numerics/BitAllocation.h"
#include "quench/Tuning/GramMatrix.h"
#include "quench/Tuning/TuningInputs.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/Support/Format.h"

#include <cmath>

#define DEBUG_TYPE "quench-allocate-bits"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_ALLOCATEBITSPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// Integers like `element`, but for their number of bits: with their whole range, or with one that
/// is the same on both sides of 0.
static numerics::Encoding withBits(const numerics::Encoding &element, unsigned bits) {
  if (element.isSigned() && element.minCode() == -element.maxCode()) {
    int32_t largest = (1 << (bits - 1)) - 1;
    return numerics::Encoding::integer(bits, /*isSigned=*/true, -largest, largest);
  }
  return numerics::Encoding::integer(bits, element.isSigned());
}

/// Bits of a weight as it is planned; those of its scales are the same for all widths.
static double bitsOf(const PlannedWeight &weight) {
  auto elements = static_cast<double>(ShapedType::getNumElements(weight.shape));
  return std::round(weight.scheme.getBitsPerElement(weight.shape) * elements);
}

namespace {

/// Measures what each number of bits costs each weight of a plan.
class AllocationDriver {
public:
  AllocationDriver(TuningInputs &inputs, ArrayRef<unsigned> widths, Progress &progress)
      : inputs(inputs), widths(widths), progress(progress), costs(inputs.plan.weights.size()) {}

  Error run();

  /// For each weight of the plan one for each width.
  ArrayRef<std::vector<numerics::FormatCost>> getCosts() const { return costs; }
  /// The layer that an error is about.
  std::optional<Location> culprit;

private:
  /// A weight, and the same rounded as the recipe says.
  struct Rounded {
    std::vector<float> values, decoded;
    /// The share of the output's power that rounding loses.
    double loss = 0.0;
  };

  /// Fills in the costs of a weight, its losses as shares of the power of the layer's output.
  Expected<Rounded> measure(const PlannedLayer &layer, ArrayRef<double> gram);
  Expected<std::vector<float>> round(const PlannedLayer &layer, ArrayRef<float> values,
                                     unsigned bits) const;
  /// Gives the model that predicts other values of the weight of these layers.
  Error setWeight(ArrayRef<PlannedLayer *> layers, ArrayRef<float> values);

  TuningInputs &inputs;
  ArrayRef<unsigned> widths;
  Progress &progress;
  std::vector<std::vector<numerics::FormatCost>> costs;
  /// Of the float model; nothing where there is none.
  std::optional<Predictions> predictions;
};

} // namespace

Error AllocationDriver::run() {
  auto take = [&](const InputGroup &group, GramMatrix gram) -> Error {
    std::vector<double> mean = gram.takeMean();
    for (const auto &[weight, layers] : group.weights()) {
      Expected<Rounded> rounded = measure(*layers.front(), mean);
      if (!rounded) {
        return rounded.takeError();
      }
      if (!predictions) {
        continue;
      }
      if (Error error = setWeight(layers, rounded->decoded)) {
        return error;
      }
      Expected<double> divergence = predictions->divergence();
      if (!divergence) {
        return divergence.takeError();
      }
      for (numerics::FormatCost &cost : costs[weight]) {
        cost.loss *= rounded->loss > 0.0 ? *divergence / rounded->loss : 1.0;
      }
      if (Error error = setWeight(layers, rounded->values)) {
        return error;
      }
    }
    return Error::success();
  };
  if (!inputs.runner) {
    return inputs.forEachKnownGram(take);
  }
  Value logits = inputs.runner->segments().back().output;
  Expected<SliceCode> code = inputs.runner->compileSlice({}, logits);
  if (!code) {
    return code.takeError();
  }
  predictions.emplace(inputs.runner->samples(), std::move(*code),
                      cast<RankedTensorType>(logits.getType()).getDimSize(1));
  if (Error error = predictions->keep()) {
    return error;
  }
  return inputs.forEachGram(take);
}

Error AllocationDriver::setWeight(ArrayRef<PlannedLayer *> layers, ArrayRef<float> values) {
  for (PlannedLayer *reader : layers) {
    if (Error error = predictions->getCode().setWeight(reader->operands.weight->get(), values)) {
      return error;
    }
  }
  return Error::success();
}

Expected<std::vector<float>> AllocationDriver::round(const PlannedLayer &layer,
                                                     ArrayRef<float> values, unsigned bits) const {
  const PlannedWeight &weight = inputs.plan.weights[*layer.weight];
  numerics::Scheme scheme = weight.numericsScheme;
  scheme.element = withBits(scheme.element, bits);
  numerics::RangeOptions ranges;
  ranges.rule = weight.format.range;
  auto tensor = numerics::quantizeTensor(values, weight.shape, scheme, ranges);
  if (!tensor) {
    return createStringError("cannot quantize the weight of '" + layer.name + "' in " +
                             std::to_string(bits) + " bits: " + llvm::toString(tensor.takeError()));
  }
  return numerics::dequantizeTensor(*tensor, scheme);
}

Expected<AllocationDriver::Rounded> AllocationDriver::measure(const PlannedLayer &layer,
                                                              ArrayRef<double> gram) {
  culprit = layer.op->getLoc();
  const PlannedWeight &weight = inputs.plan.weights[*layer.weight];
  Expected<std::vector<float>> values =
      readModelWeight(layer.operands.weight->get(), inputs.workspace->weights());
  if (!values) {
    return values.takeError();
  }
  double power = numerics::outputPower(*values, gram, inputs.threads());
  auto lossOf = [&](ArrayRef<float> decoded) {
    std::vector<float> errors(decoded);
    for (auto [error, value] : llvm::zip_equal(errors, *values)) {
      error -= value;
    }
    return power > 0.0 ? numerics::outputPower(errors, gram, inputs.threads()) / power : 0.0;
  };
  unsigned planned = weight.format.element.bitWidth();
  for (unsigned bits : widths) {
    Expected<std::vector<float>> decoded = round(layer, *values, bits);
    if (!decoded) {
      return decoded.takeError();
    }
    double difference = static_cast<double>(bits) - planned;
    costs[*layer.weight].push_back(
        {lossOf(*decoded), bitsOf(weight) + difference * static_cast<double>(values->size())});
  }
  Rounded rounded;
  Expected<std::vector<float>> decoded = round(layer, *values, planned);
  if (!decoded) {
    return decoded.takeError();
  }
  rounded.decoded = std::move(*decoded);
  rounded.loss = lossOf(rounded.decoded);
  rounded.values = std::move(*values);
  culprit.reset();
  if (Error error = progress.advance()) {
    return std::move(error);
  }
  return std::move(rounded);
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// A pattern that matches this name alone.
static std::string escaped(StringRef name) {
  std::string pattern;
  for (char c : name) {
    if (StringRef("*?[]{}\\").contains(c)) {
      pattern += '\\';
    }
    pattern += c;
  }
  return pattern;
}

namespace {

struct AllocateBitsPass : WithUpstreamModels<quench::impl::AllocateBitsPassBase<AllocateBitsPass>>,
                          WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override {
    if (failed(run())) {
      signalPassFailure();
    }
  }
  LogicalResult run();
  /// The numbers of bits to choose from.
  FailureOr<SmallVector<unsigned>> readWidths();
  void apply(TuningInputs &inputs, ArrayRef<unsigned> chosen,
             ArrayRef<numerics::FormatCost> costs) const;
};

} // namespace

FailureOr<SmallVector<unsigned>> AllocateBitsPass::readWidths() {
  llvm::SmallSet<unsigned, 8> seen;
  SmallVector<unsigned> result;
  for (unsigned width : widths) {
    if (width < 2 || width > 8 || !seen.insert(width).second) {
      getOperation().emitError() << "expected different numbers of bits from 2 to 8 as option "
                                    "'widths', found "
                                 << width;
      return failure();
    }
    result.push_back(width);
  }
  if (result.empty()) {
    result.append({2, 3, 4, 5, 6, 8});
  }
  return result;
}

void AllocateBitsPass::apply(TuningInputs &inputs, ArrayRef<unsigned> chosen,
                             ArrayRef<numerics::FormatCost> costs) const {
  llvm::json::Array layers;
  for (const PlannedLayer &layer : inputs.plan.layers) {
    const PlannedWeight &weight = inputs.plan.weights[*layer.weight];
    recipe::LayerRule rule;
    rule.match = escaped(layer.name);
    rule.hasWeights = true;
    rule.weights = weight.format;
    rule.weights->element = withBits(weight.format.element, chosen[*layer.weight]);
    std::string loss;
    llvm::raw_string_ostream(loss) << llvm::format("%.3g", costs[*layer.weight].loss);
    remark::passed(
        layer.op->getLoc(),
        remark::RemarkOpts::name("Allocated").category(DEBUG_TYPE).function(layer.function))
        << remark::metric("Layer", layer.name) << remark::metric("Weights", rule.weights->str())
        << remark::metric("Loss", loss);
    layers.push_back(llvm::json::Object{{"layer", layer.name},
                                        {"weights", rule.weights->str()},
                                        {"loss", costs[*layer.weight].loss}});
    if (rule.weights->element.bitWidth() != weight.format.element.bitWidth()) {
      inputs.workspace->addRule(std::move(rule));
    }
  }
  inputs.workspace->report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"layers", std::move(layers)}});
}

LogicalResult AllocateBitsPass::run() {
  ModuleOp module = getOperation();
  FailureOr<SmallVector<unsigned>> choices = readWidths();
  if (failed(choices)) {
    return failure();
  }
  FailureOr<TuningInputs> inputs =
      TuningInputs::open(module, openWorkspace({weights, archive, recipe}), DEBUG_TYPE,
                         /*keptElements=*/false, InputSource::SamplesOrGrams);
  if (failed(inputs)) {
    return failure();
  }
  double budget = 0.0;
  for (const PlannedWeight &weight : inputs->plan.weights) {
    if (!weight.format.element.isInteger()) {
      return mlir::emitError(weight.loc)
             << "expected a recipe that stores integers, found " << weight.format.str();
    }
    auto elements = static_cast<double>(ShapedType::getNumElements(weight.shape));
    budget += bits > 0.0 ? bits * elements : bitsOf(weight);
  }
  Progress progress =
      inputs->workspace->progress("allocate bits", inputs->plan.weights.size(), "weights");
  AllocationDriver driver(*inputs, *choices, progress);
  if (Error error = driver.run()) {
    return mlir::emitError(driver.culprit.value_or(module.getLoc()))
           << llvm::toString(std::move(error));
  }
  progress.finish();
  std::optional<std::vector<size_t>> formats = numerics::allocateBits(driver.getCosts(), budget);
  if (!formats) {
    return module.emitError() << "expected a budget that the smallest formats fit into, found "
                              << bits << " bits for each weight";
  }
  SmallVector<unsigned> chosen;
  SmallVector<numerics::FormatCost> costs;
  for (auto [weight, format] : llvm::enumerate(*formats)) {
    chosen.push_back((*choices)[format]);
    costs.push_back(driver.getCosts()[weight][format]);
  }
  apply(*inputs, chosen, costs);
  return success();
}

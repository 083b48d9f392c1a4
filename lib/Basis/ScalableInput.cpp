//===- ScalableInput.cpp - Inputs of layers whose channels scale ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Basis/ScalableInput.h"

#include "WeightedAxis.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Transforms/LayerNames.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"

#include <cmath>

using namespace mlir;
using namespace quench;

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// Channel (head h, element i) of an attention is of the class of its key head and i.
static std::vector<int64_t> classesOf(Value input, int64_t channels) {
  std::vector<int64_t> classes(channels);
  auto collapse = input.getDefiningOp<tensor::CollapseShapeOp>();
  auto attention =
      collapse ? collapse.getSrc().getDefiningOp<nn::AttentionOp>() : nn::AttentionOp();
  int64_t heads = 0, group = 1, headSize = 1;
  if (attention) {
    heads = attention.getQuery().getType().getDimSize(1);
    headSize = attention.getQuery().getType().getDimSize(2);
    group = heads / attention.getKeys().getType().getDimSize(1);
  }
  if (heads * headSize != channels) {
    group = headSize = 1;
  }
  for (int64_t channel = 0; channel < channels; ++channel) {
    classes[channel] = channel / headSize / group * headSize + channel % headSize;
  }
  return classes;
}

namespace {

/// An op that reads channels of a value as a layer.
struct Reader {
  Operation *op;
  std::string name;
};

/// Readers by the value and the axis of the channels, in program order.
using Readers = llvm::MapVector<std::pair<Value, int64_t>, SmallVector<Reader, 1>>;

} // namespace

static Readers findReaders(ModuleOp module) {
  LayerNames layerNames(module);
  Readers readers;
  unsigned count = 0;
  module.walk([&](Operation *op) {
    auto layer = dyn_cast<QuantizableOpInterface>(op);
    if (isa<nn::LinearOp>(op)) {
      Value value = layer.getActivationOperand().get();
      auto type = dyn_cast<RankedTensorType>(value.getType());
      int64_t axis = layer.getActivationReductionAxis();
      if (type && axis == type.getRank() - 1 && type.getDimSize(axis) > 0) {
        readers[{value, axis}].push_back({op, layerNames.nameOf(layer).str()});
      }
      return;
    }
    for (OpOperand &operand : op->getOpOperands()) {
      if (std::optional<int64_t> axis = weightedAxis(operand)) {
        auto named = op->getLoc()->findInstanceOf<NameLoc>();
        std::string name = layer   ? layerNames.nameOf(layer).str()
                           : named ? llvm::json::fixUTF8(named.getName())
                                   : (op->getName().getStringRef() + "#" + Twine(count++)).str();
        readers[{operand.get(), *axis}].push_back({op, std::move(name)});
      }
    }
  });
  return readers;
}

std::vector<ScalableInput> ScalableInput::findAll(ModuleOp module) {
  std::vector<ScalableInput> inputs;
  for (auto &[place, layers] : findReaders(module)) {
    ScalableInput &input = inputs.emplace_back();
    input.input = place.first;
    input.channelAxis = place.second;
    SmallVector<StringRef> names;
    for (const Reader &reader : layers) {
      input.readers.push_back(reader.op);
      input.names.push_back(reader.name);
      names.push_back(reader.name);
    }
    input.edgeName = quench::edgeName(names);
    for (Operation *user : input.input.getUsers()) {
      if (auto observe = dyn_cast<ObserveOp>(user)) {
        input.edgeName = observe.getName().str();
      }
    }
    auto type = cast<RankedTensorType>(input.input.getType());
    input.classOf = classesOf(input.input, type.getDimSize(input.channelAxis));
    input.count = *llvm::max_element(input.classOf) + 1;
  }
  return inputs;
}

bool ScalableInput::isQuantizedBy(const Workspace &workspace) const {
  llvm::Expected<const recipe::Recipe *> recipe = workspace.recipe();
  if (!recipe) {
    llvm::consumeError(recipe.takeError());
    return true;
  }
  return llvm::any_of(names, [&](const std::string &name) {
    const std::optional<recipe::ActivationFormat> format = (*recipe)->formatsFor(name).activations;
    return format && !format->unscaled;
  });
}

std::vector<double> ScalableInput::largestOfClasses(ArrayRef<float> ofChannels) const {
  std::vector<double> largest(count, 0.0);
  for (auto [channel, value] : llvm::enumerate(ofChannels)) {
    double &own = largest[classOf[channel]];
    own = std::max(own, static_cast<double>(value));
  }
  return largest;
}

RebaseResult ScalableInput::plan(ArrayRef<double> scales) const {
  std::vector<double> entries;
  for (int64_t own : classOf) {
    entries.push_back(scales[own]);
  }
  return planRebase(input,
                    invert(BasisUse{channelAxis, 1, diagonalOf(input.getContext(), entries)}));
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

std::optional<ScalePlan> ScalePlan::create(const ScalableInput &input, RebaseRefusal &refusal) {
  // Class c has scale c + 2: exact, and never 1, so that diagonals show which class is where.
  std::vector<double> probes;
  for (int64_t own = 0; own < input.numClasses(); ++own) {
    probes.push_back(static_cast<double>(own + 2));
  }
  RebaseResult result = input.plan(probes);
  if (!result.plan) {
    refusal = result.refusal;
    return std::nullopt;
  }
  ScalePlan plan;
  for (const auto &[operand, uses] : result.plan->constants) {
    for (const BasisUse &use : uses) {
      auto diagonal = dyn_cast<DiagonalAttr>(use.map.map);
      if (!diagonal || use.numAxes != 1 || !holdsWeights(*operand, use.firstAxis)) {
        continue;
      }
      Constant constant{operand->get(), use.firstAxis, {}};
      std::optional<std::vector<double>> entries = diagonal.getValues();
      for (double entry : *entries) {
        constant.classes.push_back(static_cast<int64_t>(entry) - 2);
      }
      (use.map.inverse ? plan.divided : plan.multiplied).push_back(std::move(constant));
    }
  }
  return plan;
}

llvm::Expected<std::vector<double>>
ScalePlan::largest(ArrayRef<Constant> constants, int64_t numClasses, ConstantEvaluator &evaluator) {
  std::vector<double> result(numClasses, 0.0);
  for (const Constant &constant : constants) {
    ConstantChain chain = ConstantChain::of(constant.value);
    int64_t inner = 1, size = chain.shape[constant.axis], position = 0;
    for (int64_t dim : ArrayRef(chain.shape).drop_front(constant.axis + 1)) {
      inner *= dim;
    }
    llvm::Error error = evaluator.stream(chain, [&](ArrayRef<double> values) {
      for (double value : values) {
        double &own = result[constant.classes[position++ / inner % size]];
        own = std::max(own, std::abs(value));
      }
      return llvm::Error::success();
    });
    if (error) {
      return error;
    }
  }
  return result;
}

std::vector<double> quench::smoothingScales(ArrayRef<double> activations, ArrayRef<double> weights,
                                            double alpha) {
  constexpr double least = 1e-5;
  std::vector<double> scales;
  for (auto [activation, weight] : llvm::zip_equal(activations, weights)) {
    double scale = std::pow(std::max(activation, least), alpha) /
                   std::pow(std::max(weight, least), 1.0 - alpha);
    scales.push_back(std::max(scale, least));
  }
  return scales;
}

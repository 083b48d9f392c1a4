//===- ShiftedLayers.cpp - Layers whose outputs rounding shifts -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShiftedLayers.h"

#include "quench/Model/LinearNames.h"
#include "quench/Transforms/LayerNames.h"
#include "quench/Tuning/ModelSegments.h"
#include "quench/Tuning/SliceCompiler.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace quench;

using llvm::Expected;

/// What a value was before it was rounded to codes and back, all of it or without its outliers.
static Value beforeRounding(Value value) {
  if (auto fake = value.getDefiningOp<FakeQuantizeOp>()) {
    return fake.getInput();
  }
  if (auto sum = value.getDefiningOp<arith::AddFOp>()) {
    auto split = sum.getRhs().getDefiningOp<SplitOutliersOp>();
    return split && beforeRounding(sum.getLhs()) == split.getDense() ? split.getInput() : value;
  }
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto quantize = dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>() : QuantizeOp();
  return quantize ? quantize.getInput() : value;
}

/// Whether a weight is codes, but for single elements.
static bool isQuantized(Value weight) {
  auto overlay = weight.getDefiningOp<OverlayOp>();
  return (overlay ? overlay.getInput() : weight).getDefiningOp<DequantizeOp>() != nullptr;
}

static bool isDenseConstant(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return constant && isa<DenseFPElementsAttr>(constant.getValue());
}

/// Why a quantized layer stays as it is; empty when it can be corrected. Fills in the weight and
/// the bias.
static std::string prepare(ShiftedLayer &layer, const WeightStore *weights) {
  Value weight = layer.op.getWeight();
  WeightOp stored = findWeight(weight);
  if (stored) {
    layer.weightKey = stored.getKey().str();
  } else if (layer.hasCodes) {
    return "its float weights are not in a store";
  } else if (!isDenseConstant(weight)) {
    return "its weight is neither a stored weight nor a dense constant";
  }
  if (layer.hasCodes) {
    if (!weights || !weights->lookup(layer.weightKey)) {
      return "its float weights are not in the workspace any more";
    }
    auto change = beforeRounding(layer.op.getInput()).getDefiningOp<ChangeBasisOp>();
    if (change && isa<PermutationAttr>(change.getUse().map.map)) {
      return "its input is permuted, maybe to the order of its codes";
    }
  }
  if (layer.op.getBias()) {
    Expected<std::vector<float>> bias = readModelWeight(layer.op.getBias(), weights);
    if (!bias) {
      return "cannot read its bias: " + llvm::toString(bias.takeError());
    }
    layer.bias = std::move(*bias);
  }
  return "";
}

std::vector<ShiftedLayer> quench::findShiftedLayers(ModuleOp module, func::FuncOp function,
                                                    const WeightStore *weights, StringRef pass) {
  llvm::DenseSet<Operation *> reached;
  for (const ModelSegment &segment : findSegments(function)) {
    reached.insert(segment.layers.begin(), segment.layers.end());
  }
  LayerNames names(module);
  std::vector<ShiftedLayer> layers;
  function.walk([&](nn::LinearOp op) {
    auto quantizable = cast<QuantizableOpInterface>(op.getOperation());
    bool hasCodes = isQuantized(op.getWeight());
    if (!hasCodes && beforeRounding(op.getInput()) == op.getInput()) {
      return;
    }
    ShiftedLayer layer;
    layer.op = op;
    layer.name = names.nameOf(quantizable).str();
    layer.hasCodes = hasCodes;
    std::string reason =
        reached.contains(op) ? prepare(layer, weights) : "the logits do not depend on it";
    if (reason.empty()) {
      layers.push_back(std::move(layer));
      return;
    }
    remark::missed(
        op.getLoc(),
        remark::RemarkOpts::name("Uncorrected").category(pass).function(function.getName()))
        << remark::metric("Layer", layer.name) << remark::metric("Reason", reason);
  });
  return layers;
}

void quench::giveBiases(MutableArrayRef<ShiftedLayer> layers, func::FuncOp function,
                        func::FuncOp copy) {
  SmallVector<nn::LinearOp> original, cloned;
  function.walk([&](nn::LinearOp op) { original.push_back(op); });
  copy.walk([&](nn::LinearOp op) { cloned.push_back(op); });
  size_t next = 0;
  for (ShiftedLayer &layer : layers) {
    while (original[next] != layer.op) {
      ++next;
    }
    layer.copy = cloned[next];
    layer.rounded = layer.copy.getInput();
    layer.input = beforeRounding(layer.rounded);
    OpBuilder builder(layer.copy);
    auto type = RankedTensorType::get({layer.outputs()}, builder.getF32Type());
    auto values = layer.bias.empty() ? DenseElementsAttr::get(type, 0.0f)
                                     : DenseElementsAttr::get(type, ArrayRef(layer.bias));
    layer.copy.getBiasMutable().assign(
        arith::ConstantOp::create(builder, layer.op.getLoc(), values).getResult());
  }
}

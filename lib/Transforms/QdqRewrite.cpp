//===- QdqRewrite.cpp - Putting a plan into the IR ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/QdqRewrite.h"

#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Transforms/WeightOverlay.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quench;

namespace {

class QdqRewriter {
public:
  explicit QdqRewriter(QuantizationPlan &plan) : plan(plan) {}

  void run();

private:
  Value activation(const PlannedLayer &layer, Value input);
  /// The input with its channels in the order of the columns of the weight.
  Value permuted(PlannedLayer &layer, Value input);
  Value weight(const PlannedWeight &planned, Operation *source, Type expressed);
  Value constantParts(OpBuilder &builder, const PlannedWeight &planned, QTensorType type);

  QuantizationPlan &plan;
  /// What a value was wrapped in, with the format it was wrapped for. Only looked up.
  struct Wrapped {
    recipe::ActivationFormat format;
    SchemeAttr scheme;
    Value result;
  };
  DenseMap<Value, SmallVector<Wrapped>> wrapped;
  /// Only looked up.
  DenseMap<std::pair<Value, Attribute>, Value> reordered;
  /// A weight that is used in two element types is there twice.
  DenseMap<std::pair<Operation *, Type>, Value> newWeights;
};

} // namespace

/// To codes and back.
static Value roundTrip(OpBuilder &builder, Location loc, Value input, SchemeAttr scheme,
                       double clip, numerics::MxScaleRule rule, Value scale = {},
                       Value zeroPoint = {}) {
  auto expressed = cast<RankedTensorType>(input.getType());
  bool isDynamic = !scale;
  Value quantized = QuantizeOp::create(
      builder, loc, QTensorType::get(expressed, scheme), input, scale, zeroPoint, APFloat(clip),
      isDynamic ? *symbolizeScaleRule(numerics::name(rule)) : ScaleRule::Floor);
  return DequantizeOp::create(builder, loc, expressed, quantized);
}

Value QdqRewriter::activation(const PlannedLayer &layer, Value input) {
  SmallVector<Wrapped> &known = wrapped[input];
  for (const Wrapped &other : known) {
    if (other.format == *layer.activations && other.scheme == layer.activationScheme) {
      return other.result;
    }
  }
  OpBuilder builder(layer.op->getContext());
  builder.setInsertionPointAfterValue(input);
  Location loc = layer.op->getLoc();
  if (layer.activations->unscaled) {
    auto type = cast<RankedTensorType>(input.getType());
    bool isBrain = layer.activations->element.floatFormat() == numerics::FloatFormat::BF16;
    Type element = isBrain ? Type(builder.getBF16Type()) : Type(builder.getF16Type());
    Value narrow = arith::TruncFOp::create(builder, loc, type.clone(element), input);
    Value wide = arith::ExtFOp::create(builder, loc, type, narrow);
    known.push_back({*layer.activations, layer.activationScheme, wide});
    return wide;
  }
  Value outliers;
  if (layer.activations->outliers > 0.0) {
    auto split = SplitOutliersOp::create(builder, loc, input.getType(), input.getType(), input,
                                         APFloat(layer.activations->outliers));
    input = split.getDense();
    outliers = split.getOutliers();
  }
  QTensorType type =
      QTensorType::get(cast<RankedTensorType>(input.getType()), layer.activationScheme);
  Value scale, zeroPoint;
  if (!layer.activations->dynamic) {
    SmallVector<float> scales;
    SmallVector<int32_t> offsets;
    for (const numerics::ScaleAndZeroPoint &own : layer.staticScales) {
      scales.push_back(own.scale);
      offsets.push_back(own.zeroPoint);
    }
    scale = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type.getScalesTensor(), ArrayRef(scales)));
    if (RankedTensorType zeroPoints = type.getZeroPointsTensor()) {
      zeroPoint = arith::ConstantOp::create(builder, loc,
                                            DenseElementsAttr::get(zeroPoints, ArrayRef(offsets)));
    }
  }
  Value result = roundTrip(builder, loc, input, layer.activationScheme, layer.activations->clip,
                           layer.activations->scale.rule, scale, zeroPoint);
  if (outliers) {
    result = arith::AddFOp::create(builder, loc, result, outliers);
  }
  known.push_back({*layer.activations, layer.activationScheme, result});
  return result;
}

Value QdqRewriter::permuted(PlannedLayer &layer, Value input) {
  if (!layer.weight || plan.weights[*layer.weight].permutation.empty()) {
    return input;
  }
  OpBuilder builder(layer.op->getContext());
  auto map = PermutationAttr::get(
      builder.getContext(), builder.getDenseI64ArrayAttr(plan.weights[*layer.weight].permutation));
  Value &result = reordered[{input, map}];
  if (!result) {
    builder.setInsertionPointAfterValue(input);
    BasisUse use{layer.operands.activationReductionAxis, 1, {map}};
    result = ChangeBasisOp::create(builder, layer.op->getLoc(), input, use);
  }
  return result;
}

/// Codes as elements of their own type: integers, or floats by their bits.
static DenseElementsAttr codesAttribute(RankedTensorType type, const numerics::CodeArray &codes) {
  unsigned bits = type.getElementTypeBitWidth();
  auto code = [&](size_t i) {
    return APInt(bits, static_cast<uint64_t>(static_cast<int64_t>(codes[i])), /*isSigned=*/true,
                 /*implicitTrunc=*/true);
  };
  if (auto element = dyn_cast<FloatType>(type.getElementType())) {
    SmallVector<APFloat> values;
    for (size_t i = 0; i < codes.size(); ++i) {
      values.emplace_back(element.getFloatSemantics(), code(i));
    }
    return DenseElementsAttr::get(type, values);
  }
  SmallVector<APInt> values;
  for (size_t i = 0; i < codes.size(); ++i) {
    values.push_back(code(i));
  }
  return DenseElementsAttr::get(type, values);
}

Value QdqRewriter::constantParts(OpBuilder &builder, const PlannedWeight &planned,
                                 QTensorType type) {
  Location loc = planned.constant->getLoc();
  const numerics::QuantizedTensor &tensor = planned.codes;
  Value codes =
      arith::ConstantOp::create(builder, loc, codesAttribute(type.getCodesTensor(), tensor.codes));
  Value scales = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type.getScalesTensor(), ArrayRef(tensor.scales)));
  Value zeroPoints;
  if (RankedTensorType zeroPointsType = type.getZeroPointsTensor()) {
    auto values = planned.scheme.hasRealZeroPoints()
                      ? DenseElementsAttr::get(zeroPointsType, ArrayRef(tensor.realZeroPoints))
                      : DenseElementsAttr::get(zeroPointsType, ArrayRef(tensor.zeroPoints));
    zeroPoints = arith::ConstantOp::create(builder, loc, values);
  }
  return AssembleOp::create(builder, loc, type, codes, scales, zeroPoints);
}

Value QdqRewriter::weight(const PlannedWeight &planned, Operation *source, Type element) {
  Value &result = newWeights[{source, element}];
  if (result) {
    return result;
  }
  OpBuilder builder(source);
  auto expressed = RankedTensorType::get(planned.shape, element);
  QTensorType type = QTensorType::get(expressed, planned.scheme);
  Value quantized;
  if (planned.constant) {
    quantized = constantParts(builder, planned, type);
  } else {
    quantized = WeightOp::create(builder, source->getLoc(), type, planned.key);
  }
  result = DequantizeOp::create(builder, source->getLoc(), expressed, quantized);
  if (planned.keptType) {
    result = createOverlay(builder, source->getLoc(), result, planned.kept, planned.keptType,
                           planned.key);
  }
  return result;
}

void QdqRewriter::run() {
  // Readers of weights come before the weights, so that both can go.
  llvm::SetVector<Operation *> overlays, extensions, sources;
  for (PlannedLayer &layer : plan.layers) {
    if (layer.operands.activation) {
      OpOperand &input = *layer.operands.activation;
      input.set(permuted(layer, input.get()));
    }
    if (layer.activations) {
      OpOperand &operand = *layer.operands.activation;
      operand.set(activation(layer, operand.get()));
    }
    if (layer.weight) {
      OpOperand &operand = *layer.operands.weight;
      Operation *source = findFloatWeight(operand.get());
      // Products of `nn` take any type and have most of f32. Rows of tables have that of the table,
      // and other dialects have rules of their own.
      bool isProduct =
          layer.operands.activation && isa_and_present<nn::NNDialect>(layer.op->getDialect());
      Type element = isProduct ? Type(Float32Type::get(operand.get().getContext()))
                               : getElementTypeOrSelf(operand.get());
      Operation *form = operand.get().getDefiningOp();
      if (auto overlay = dyn_cast<OverlayOp>(form)) {
        overlays.insert(form);
        sources.insert(overlay.getIndices().getDefiningOp());
        sources.insert(overlay.getValues().getDefiningOp());
        form = overlay.getInput().getDefiningOp();
      }
      extensions.insert(form);
      sources.insert(source);
      operand.set(weight(plan.weights[*layer.weight], source, element));
    }
  }
  for (PlannedCache &cache : plan.caches) {
    OpBuilder builder(cache.op);
    OpOperand &operand = cache.op.getKeptOperand();
    operand.set(roundTrip(builder, cache.op->getLoc(), operand.get(), cache.scheme,
                          cache.format.clip, cache.format.scale.rule));
  }
  extensions.set_subtract(sources);
  for (llvm::SetVector<Operation *> *unused : {&overlays, &extensions, &sources}) {
    for (Operation *op : *unused) {
      if (op->use_empty()) {
        op->erase();
      }
    }
  }
}

void quench::insertQdq(QuantizationPlan &plan) { QdqRewriter(plan).run(); }

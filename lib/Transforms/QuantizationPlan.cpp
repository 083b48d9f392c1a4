//===- QuantizationPlan.cpp - What is going to be quantized ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/QuantizationPlan.h"

#include "quench/Recipe/SchemeBuilder.h"
#include "quench/Transforms/WeightOverlay.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quench;
using recipe::ActivationFormat;
using recipe::LayerFormats;
using recipe::WeightFormat;

Operation *quench::findFloatWeight(Value operand) {
  Operation *op = operand.getDefiningOp();
  if (auto overlay = dyn_cast_or_null<OverlayOp>(op)) {
    op = isReadable(overlay) ? overlay.getInput().getDefiningOp() : nullptr;
  }
  if (auto extension = dyn_cast_or_null<arith::ExtFOp>(op)) {
    op = extension.getIn().getDefiningOp();
  }
  if (auto weight = dyn_cast_or_null<WeightOp>(op)) {
    return isa<RankedTensorType>(weight.getType()) ? op : nullptr;
  }
  DenseFPElementsAttr elements;
  return op && matchPattern(op, m_Constant(&elements)) ? op : nullptr;
}

namespace {

class Planner {
public:
  Planner(ModuleOp module, const recipe::Recipe &recipe, const WeightStore *store,
          const PlanOptions &options)
      : recipe(recipe), store(store), options(options) {
    module.walk([&](WeightOp weight) { keys.insert(weight.getKey()); });
  }

  LogicalResult planLayer(Operation *op, const QuantizableOperands &operands, StringRef name);
  LogicalResult planCache(QuantizableCacheOpInterface op, const recipe::CacheFormat &format);
  QuantizationPlan take() { return std::move(plan); }

private:
  /// Why the weight of a layer cannot be quantized; empty when it can be.
  std::string weightObstacle(Value operand);
  std::string activationObstacle(Value operand);
  LogicalResult planWeight(PlannedLayer &layer, const WeightFormat &format);
  LogicalResult checkStoredWeight(PlannedLayer &layer, WeightOp weight, SchemeAttr scheme);
  LogicalResult planActivations(PlannedLayer &layer, const ActivationFormat &format);
  LogicalResult planStaticScales(PlannedLayer &layer);
  void reportMissed(const PlannedLayer &layer, const std::string &reason);

  const recipe::Recipe &recipe;
  const WeightStore *store;
  const PlanOptions &options;
  QuantizationPlan plan;
  /// The keys of all weights.
  llvm::StringSet<> keys;
  /// Indices into plan.weights; only looked up, never iterated.
  llvm::StringMap<size_t> weightOfKey;
  llvm::DenseMap<Operation *, size_t> weightOfConstant;
};

} // namespace

void Planner::reportMissed(const PlannedLayer &layer, const std::string &reason) {
  remark::missed(
      layer.op->getLoc(),
      remark::RemarkOpts::name("LeftInFloat").category(options.pass).function(layer.function))
      << remark::metric("Layer", layer.name) << remark::metric("Reason", reason);
}

std::string Planner::weightObstacle(Value operand) {
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  if (!type || !findFloatWeight(operand)) {
    return "its weight is neither a stored weight nor a dense constant";
  }
  if (operand.getDefiningOp<OverlayOp>() && !options.keptElements) {
    return "some elements of its weight are kept as floats";
  }
  if (type.getNumElements() == 0) {
    return "its weight is empty";
  }
  Type element = type.getElementType();
  if (!element.isF32() && !element.isF16() && !element.isBF16()) {
    return "its weight is not of f32, f16 or bf16";
  }
  return {};
}

std::string Planner::activationObstacle(Value operand) {
  Value narrow = findNarrow(operand);
  if (findDequantized(operand) || (narrow && narrow.getDefiningOp<arith::TruncFOp>())) {
    return "its activation is quantized already";
  }
  auto type = dyn_cast<RankedTensorType>(operand.getType());
  if (!type || !type.getElementType().isF32()) {
    return "its activation is not a ranked tensor of f32";
  }
  return {};
}

/// What the recipe says about a weight that stays float.
static std::string floatReason(const LayerFormats &formats) {
  if (formats.weightRule) {
    return "pattern '" + formats.weightRule->match + "' of the recipe leaves it in float";
  }
  return "the recipe leaves weights in float";
}

LogicalResult Planner::planLayer(Operation *op, const QuantizableOperands &operands,
                                 StringRef name) {
  LayerFormats formats = recipe.formatsFor(name);
  if (!operands.activation || !options.activations) {
    formats.activations.reset();
  }
  PlannedLayer layer{op, operands, name.str(), {}, {}, {}, {}, {}, {}};
  if (auto function = op->getParentOfType<FunctionOpInterface>()) {
    layer.function = function.getName();
  }
  Value codes = operands.weight->get();
  if (auto overlay = codes.getDefiningOp<OverlayOp>()) {
    codes = overlay.getInput();
  }
  bool hasCodes = isa_and_nonnull<DequantizeOp>(codes.getDefiningOp());
  bool wantsWeight = formats.weights && !hasCodes;
  // A layer whose weight was to be quantized and cannot be stays float as a whole.
  std::string obstacle = wantsWeight ? weightObstacle(operands.weight->get()) : "";
  if (obstacle.empty() && formats.activations) {
    obstacle = activationObstacle(operands.activation->get());
  }
  if (obstacle.empty() && !hasCodes && !formats.weights && !formats.activations) {
    obstacle = floatReason(formats);
  }
  if (!obstacle.empty()) {
    reportMissed(layer, obstacle);
    return success();
  }
  if (hasCodes && !options.activations) {
    return success();
  }
  layer.weightNote = hasCodes ? "quantized before" : "float, " + floatReason(formats);
  if (wantsWeight && failed(planWeight(layer, *formats.weights))) {
    return failure();
  }
  if (formats.activations && failed(planActivations(layer, *formats.activations))) {
    return failure();
  }
  plan.layers.push_back(std::move(layer));
  return success();
}

LogicalResult Planner::checkStoredWeight(PlannedLayer &layer, WeightOp weight, SchemeAttr scheme) {
  if (!store) {
    return layer.op->emitError() << "expected a weight store to quantize '" << weight.getKey()
                                 << "' from, found no option 'weights'";
  }
  auto type = cast<RankedTensorType>(weight.getType());
  llvm::Expected<const TensorView *> view = store->requireShape(weight.getKey(), type.getShape());
  if (!view) {
    return layer.op->emitError() << llvm::toString(view.takeError());
  }
  llvm::Expected<std::vector<QuantizedWeightPart>> parts =
      quantizedWeightParts(weight.getKey(), scheme.getNumericsScheme(), type.getShape());
  if (!parts) {
    return layer.op->emitError() << llvm::toString(parts.takeError());
  }
  for (const QuantizedWeightPart &part : *parts) {
    if (keys.contains(part.name)) {
      return layer.op->emitError() << "cannot quantize '" << weight.getKey() << "': its part '"
                                   << part.name << "' has the name of another weight";
    }
  }
  return success();
}

LogicalResult Planner::planWeight(PlannedLayer &layer, const WeightFormat &format) {
  Operation *source = findFloatWeight(layer.operands.weight->get());
  auto type = cast<RankedTensorType>(source->getResult(0).getType());
  numerics::Scheme numericsScheme = format.scheme(type.getRank(), layer.operands.weightOutputAxis,
                                                  layer.operands.weightReductionAxis);
  llvm::Expected<SchemeAttr> scheme = recipe::buildScheme(source->getContext(), numericsScheme);
  if (!scheme) {
    return layer.op->emitError() << "cannot quantize the weight of '" << layer.name
                                 << "': " << llvm::toString(scheme.takeError());
  }
  auto stored = dyn_cast<WeightOp>(source);
  if (stored && failed(checkStoredWeight(layer, stored, *scheme))) {
    return failure();
  }
  size_t next = plan.weights.size();
  size_t index = stored ? weightOfKey.try_emplace(stored.getKey(), next).first->second
                        : weightOfConstant.try_emplace(source, next).first->second;
  KeptElements kept;
  FloatType keptType;
  if (auto overlay = layer.operands.weight->get().getDefiningOp<OverlayOp>()) {
    llvm::Expected<KeptElements> read = readOverlay(overlay, store);
    if (!read) {
      return layer.op->emitError() << llvm::toString(read.takeError());
    }
    kept = std::move(*read);
    keptType = cast<FloatType>(overlay.getValues().getType().getElementType());
  }
  if (index == next) {
    plan.weights.push_back({stored ? stored.getKey().str() : std::string(),
                            stored ? nullptr : source,
                            llvm::SmallVector<int64_t>(type.getShape()),
                            *scheme,
                            std::move(numericsScheme),
                            format,
                            layer.op->getLoc(),
                            keptType,
                            std::move(kept),
                            {},
                            {},
                            0.0});
  } else if (plan.weights[index].kept.indices != kept.indices ||
             plan.weights[index].kept.values != kept.values) {
    InFlightDiagnostic diagnostic = layer.op->emitError()
                                    << "expected the weight of '" << layer.name
                                    << "' with the same elements kept by all of its layers";
    diagnostic.attachNote(plan.weights[index].loc) << "the same weight is used here";
    return diagnostic;
  } else if (!(plan.weights[index].format == format)) {
    InFlightDiagnostic diagnostic =
        layer.op->emitError() << "expected the weight of '" << layer.name << "' as "
                              << plan.weights[index].format.str() << ", found " << format.str();
    diagnostic.attachNote(plan.weights[index].loc) << "the same weight is used here";
    return diagnostic;
  }
  layer.weight = index;
  return success();
}

/// The ranges of all observers of a value together: one, or one for each channel; nothing when no
/// observer has one.
static SmallVector<numerics::ValueRange> observedRanges(Value value, bool ofChannels) {
  SmallVector<numerics::ValueRange> result;
  for (Operation *user : value.getUsers()) {
    auto observer = dyn_cast<ObserveOp>(user);
    ArrayRef<float> bounds =
        observer ? observer.getRange().value_or(ArrayRef<float>()) : ArrayRef<float>();
    for (size_t i = 0; i < bounds.size(); i += 2) {
      size_t place = ofChannels ? i / 2 : 0;
      numerics::ValueRange range{bounds[i], bounds[i + 1]};
      if (place == result.size()) {
        result.push_back(range);
        continue;
      }
      result[place].min = std::min(result[place].min, range.min);
      result[place].max = std::max(result[place].max, range.max);
    }
  }
  return result;
}

LogicalResult Planner::planStaticScales(PlannedLayer &layer) {
  Value input = layer.operands.activation->get();
  bool ofChannels = layer.activations->block == recipe::ActivationBlock::Channel;
  SmallVector<numerics::ValueRange> ranges = observedRanges(input, ofChannels);
  if (ranges.empty()) {
    return layer.op->emitError()
           << "expected a calibrated range for the input of '" << layer.name
           << "', found none; run quench-insert-observers and quench-annotate-calibration first";
  }
  auto type = cast<RankedTensorType>(input.getType());
  int64_t axis = layer.operands.activationReductionAxis;
  if (ofChannels && (axis != type.getRank() - 1 ||
                     static_cast<int64_t>(ranges.size()) != type.getDimSize(axis))) {
    return layer.op->emitError()
           << "expected a calibrated range for each channel of the input of '" << layer.name
           << "', on its last axis; run quench-annotate-calibration with this recipe";
  }
  for (const numerics::ValueRange &range : ranges) {
    llvm::Expected<numerics::ScaleAndZeroPoint> scale =
        numerics::chooseScale(range, layer.activations->element, layer.activations->scale.type,
                              layer.activations->zeroPoint, layer.activations->scale.rule);
    if (!scale) {
      return layer.op->emitError() << "cannot scale the input of '" << layer.name
                                   << "': " << llvm::toString(scale.takeError());
    }
    layer.staticScales.push_back(*scale);
  }
  return success();
}

LogicalResult Planner::planActivations(PlannedLayer &layer, const ActivationFormat &format) {
  if (format.unscaled) {
    layer.activations = format;
    return success();
  }
  auto type = cast<RankedTensorType>(layer.operands.activation->get().getType());
  llvm::Expected<SchemeAttr> scheme =
      recipe::buildScheme(layer.op->getContext(),
                          format.scheme(type.getRank(), layer.operands.activationReductionAxis));
  if (!scheme) {
    return layer.op->emitError() << "cannot quantize the input of '" << layer.name
                                 << "': " << llvm::toString(scheme.takeError());
  }
  if (format.outliers > 0.0 && layer.operands.activationReductionAxis != type.getRank() - 1) {
    return layer.op->emitError() << "cannot split outliers off the input of '" << layer.name
                                 << "': expected channels on the last axis, found them on axis "
                                 << layer.operands.activationReductionAxis;
  }
  layer.activations = format;
  layer.activationScheme = *scheme;
  return format.dynamic ? success() : planStaticScales(layer);
}

LogicalResult Planner::planCache(QuantizableCacheOpInterface op,
                                 const recipe::CacheFormat &format) {
  PlannedCache cache{op, {}, format, {}};
  if (auto function = op->getParentOfType<FunctionOpInterface>()) {
    cache.function = function.getName();
  }
  if (isa_and_nonnull<DequantizeOp>(op.getKeptOperand().get().getDefiningOp())) {
    remark::missed(
        op->getLoc(),
        remark::RemarkOpts::name("CacheLeftAsItIs").category(options.pass).function(cache.function))
        << remark::metric("Reason", "what it keeps is quantized already");
    return success();
  }
  llvm::Expected<SchemeAttr> scheme = recipe::buildScheme(op->getContext(), format.scheme());
  if (!scheme) {
    return op->emitError() << "cannot quantize what is kept: "
                           << llvm::toString(scheme.takeError());
  }
  cache.scheme = *scheme;
  plan.caches.push_back(std::move(cache));
  return success();
}

FailureOr<QuantizationPlan> quench::planQuantization(ModuleOp module, const recipe::Recipe &recipe,
                                                     const WeightStore *weights,
                                                     const PlanOptions &options) {
  Planner planner(module, recipe, weights, options);
  LayerNames names(module);
  WalkResult walk = module.walk([&](Operation *op) -> WalkResult {
    if (auto layer = dyn_cast<QuantizableOpInterface>(op)) {
      return planner.planLayer(op, layer, names.nameOf(layer));
    }
    if (auto table = dyn_cast<QuantizableTableOpInterface>(op); table && options.tables) {
      return planner.planLayer(op, table, tableName(table));
    }
    if (auto cache = dyn_cast<QuantizableCacheOpInterface>(op);
        cache && recipe.cache && options.activations) {
      return planner.planCache(cache, *recipe.cache);
    }
    return success();
  });
  if (walk.wasInterrupted()) {
    return failure();
  }
  return planner.take();
}

llvm::Error quench::declarePlanned(SafetensorsWriter &output, const PlannedWeight &weight) {
  if (llvm::Error error =
          declareQuantized(output, weight.key, weight.numericsScheme, weight.shape)) {
    return error;
  }
  if (!weight.keptType) {
    return llvm::Error::success();
  }
  return declareKeptElements(output, weight.key, elementKindOf(weight.keptType),
                             weight.kept.indices.size());
}

llvm::Error quench::writePlanned(SafetensorsWriter &output, const PlannedWeight &weight,
                                 const numerics::QuantizedTensor &codes) {
  if (llvm::Error error = writeQuantized(output, weight.key, weight.numericsScheme, codes)) {
    return error;
  }
  if (!weight.keptType) {
    return llvm::Error::success();
  }
  return writeKeptElements(output, weight.key, elementKindOf(weight.keptType), weight.kept);
}

void quench::eraseLayers(QuantizationPlan &plan,
                         llvm::function_ref<bool(PlannedLayer &)> predicate) {
  llvm::erase_if(plan.layers, predicate);
  std::vector<PlannedWeight> weights;
  std::vector<std::optional<size_t>> places(plan.weights.size());
  for (PlannedLayer &layer : plan.layers) {
    if (!layer.weight) {
      continue;
    }
    std::optional<size_t> &place = places[*layer.weight];
    if (!place) {
      place = weights.size();
      weights.push_back(std::move(plan.weights[*layer.weight]));
    }
    layer.weight = place;
  }
  plan.weights = std::move(weights);
}

//===- LayerMeasurement.cpp - Formats and weights of every layer ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/LayerMeasurement.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Model/LinearNames.h"
#include "quench/Numerics/OutlierStatistics.h"
#include "quench/Support/ParallelFor.h"
#include "quench/Transforms/LayerNames.h"
#include "quench/Transforms/WeightOverlay.h"
#include "quench/Tuning/SliceCompiler.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"

#include <thread>

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace quench::insight {

/// The codes that an operand of a layer stands for; null when it is float.
static TypedValue<QTensorType> codesOf(Value operand) {
  while (Operation *op = operand.getDefiningOp()) {
    for (Value input : op->getOperands()) {
      if (auto codes = dyn_cast<TypedValue<QTensorType>>(input)) {
        return codes;
      }
    }
    // Only what gives the same values another form; anything else computes something new.
    if (!isa<DequantizeOp, OverlayOp, arith::ExtFOp>(op)) {
      break;
    }
    operand = op->getOperand(0);
  }
  return {};
}

static std::string describeScheme(SchemeAttr scheme) {
  return StringRef(scheme.getNumericsScheme().str()).trim("<>").str();
}

static void describeOperands(QuantizableOpInterface layer, LayerReport &report) {
  Value weight = layer.getWeightOperand().get();
  auto type = cast<ShapedType>(weight.getType());
  report.shape.assign(type.getShape().begin(), type.getShape().end());
  if (TypedValue<QTensorType> codes = codesOf(weight)) {
    SchemeAttr scheme = codes.getType().getScheme();
    report.weights = describeScheme(scheme);
    report.bitsPerWeight = scheme.getBitsPerElement(codes.getType().getShape());
    if (auto overlay = weight.getDefiningOp<OverlayOp>()) {
      llvm::raw_string_ostream(report.weights)
          << ", " << overlay.getNumKept() << " elements kept as "
          << overlay.getValues().getType().getElementType();
      report.bitsPerWeight += overlay.getBitsPerElement();
    }
  } else {
    if (WeightOp stored = findWeight(weight)) {
      type = cast<ShapedType>(stored.getType());
    }
    report.bitsPerWeight = type.getElementTypeBitWidth();
  }
  Value activation = layer.getActivationOperand().get();
  DequantizeOp dequantize = findDequantized(activation);
  if (TypedValue<QTensorType> codes = codesOf(dequantize ? dequantize.getResult() : activation)) {
    report.activations = describeScheme(codes.getType().getScheme());
    auto quantize = codes.getDefiningOp<QuantizeOp>();
    if (quantize && quantize.getScale()) {
      report.activations += ", static";
    }
    if (dequantize && dequantize.getResult() != activation) {
      report.activations += ", outliers in float";
    }
  } else if (Value narrow = findNarrow(activation)) {
    llvm::raw_string_ostream(report.activations) << getElementTypeOrSelf(narrow.getType());
  }
}

/// What passes said about layers, by name of the layer.
static void addRecords(const PassReport &pass, llvm::StringMap<LayerReport *> &layers) {
  for (const llvm::json::Object &record : pass.records) {
    const llvm::json::Array *members = record.getArray("layers");
    if (!members) {
      continue;
    }
    for (const llvm::json::Value &member : *members) {
      const llvm::json::Object *object = member.getAsObject();
      std::optional<StringRef> name = object ? object->getString("layer") : std::nullopt;
      LayerReport *layer = name ? layers.lookup(*name) : nullptr;
      if (!layer) {
        continue;
      }
      for (const auto &[key, value] : *object) {
        if (key != "layer") {
          layer->metrics[key] = value;
        }
      }
    }
  }
  for (const RemarkReport &remark : pass.remarks) {
    std::optional<StringRef> name = remark.arguments.getString("Layer");
    std::optional<StringRef> reason = remark.arguments.getString("Reason");
    LayerReport *layer = name ? layers.lookup(*name) : nullptr;
    bool isNews = layer && reason && !StringRef(layer->reason).contains(*reason);
    if (isNews && (remark.kind == "missed" || remark.kind == "failed")) {
      layer->reason += (layer->reason.empty() ? "" : "; ") + reason->str();
    }
  }
}

void describeLayers(func::FuncOp function, Report &report) {
  LayerNames names(function->getParentOfType<ModuleOp>());
  llvm::StringSet<> seen;
  for (QuantizableOpInterface layer : names.layers()) {
    StringRef name = names.nameOf(layer);
    if (layer->getParentOfType<func::FuncOp>() == function && seen.insert(name).second) {
      report.layers.emplace_back();
      report.layers.back().name = name.str();
      describeOperands(layer, report.layers.back());
    }
  }
  llvm::StringMap<LayerReport *> byName;
  for (LayerReport &layer : report.layers) {
    byName[layer.name] = &layer;
  }
  for (const PassReport &pass : report.passes) {
    addRecords(pass, byName);
  }
}

/// Whether `readModelWeight` knows the form of a weight.
static bool isReadable(Value weight) {
  Operation *op = weight.getDefiningOp();
  if (auto extension = dyn_cast_or_null<arith::ExtFOp>(op)) {
    return isReadable(extension.getIn());
  }
  if (auto overlay = dyn_cast_or_null<OverlayOp>(op)) {
    return quench::isReadable(overlay) && isReadable(overlay.getInput());
  }
  if (auto dequantize = dyn_cast_or_null<DequantizeOp>(op)) {
    return dequantize.getInput().getDefiningOp<WeightOp>() != nullptr;
  }
  auto constant = dyn_cast_or_null<arith::ConstantOp>(op);
  return isa_and_present<WeightOp>(op) ||
         (constant && isa<DenseFPElementsAttr>(constant.getValue()));
}

static void addMetric(remark::detail::InFlightRemark &remark, StringRef name,
                      const std::optional<double> &value) {
  if (value) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.2f", *value);
    remark << remark::metric(name, text);
  }
}

void emitRemarks(func::FuncOp function, const Report &report) {
  llvm::StringMap<const LayerReport *> byName;
  for (const LayerReport &layer : report.layers) {
    byName[layer.name] = &layer;
  }
  LayerNames names(function->getParentOfType<ModuleOp>());
  for (QuantizableOpInterface op : names.layers()) {
    const LayerReport *layer = byName.lookup(names.nameOf(op));
    if (!layer) {
      continue;
    }
    auto remark = remark::analysis(op->getLoc(), remark::RemarkOpts::name("Measured")
                                                     .category("quench-report")
                                                     .function(function.getName()));
    remark << remark::metric("Layer", layer->name);
    addMetric(remark, "WeightSignalToNoiseDb", layer->weightSqnr);
    addMetric(remark, "OutputSignalToNoiseDb", layer->outputSqnr);
    if (layer->weight) {
      addMetric(remark, "WeightMaxOverMedian", layer->weight->ratio);
      addMetric(remark, "WeightKurtosis", layer->weight->kurtosis);
    }
  }
}

namespace {

/// The weight operands of a stage, by name of the layer.
class StageWeights {
public:
  explicit StageWeights(const ModelStage &stage) : store(stage.weights) {
    LayerNames names(stage.function->getParentOfType<ModuleOp>());
    for (QuantizableOpInterface layer : names.layers()) {
      operands.try_emplace(names.nameOf(layer), layer.getWeightOperand().get());
    }
  }

  /// The values of a weight; nothing when the stage has none that can be read.
  Expected<std::optional<std::vector<float>>> read(StringRef layer) const {
    Value operand = operands.lookup(layer);
    if (!operand || !isReadable(operand)) {
      return std::nullopt;
    }
    Expected<std::vector<float>> values = readModelWeight(operand, store);
    if (!values) {
      return values.takeError();
    }
    return std::move(*values);
  }

private:
  const WeightStore *store;
  llvm::StringMap<Value> operands;
};

} // namespace

static OutlierFigures figuresOf(ArrayRef<float> values) {
  numerics::OutlierStatistics statistics;
  statistics.add(values);
  return OutlierFigures::of(statistics);
}

static Error measureWeight(const StageWeights &imported, const StageWeights &prepared,
                           const StageWeights &quantized, LayerReport &layer) {
  auto before = imported.read(layer.name);
  if (!before) {
    return before.takeError();
  }
  if (*before) {
    layer.importedWeight = figuresOf(**before);
    before->reset();
  }
  auto exact = prepared.read(layer.name);
  if (!exact || !*exact) {
    return exact.takeError();
  }
  layer.weight = figuresOf(**exact);
  if (layer.weights.empty()) {
    return Error::success();
  }
  auto stored = quantized.read(layer.name);
  if (!stored) {
    return stored.takeError();
  }
  if (*stored && (*stored)->size() == (*exact)->size()) {
    numerics::SignalToNoise ratio;
    ratio.add(**exact, **stored);
    layer.weightSqnr = ratio.decibels();
  }
  return Error::success();
}

Error measureWeights(const ModelStage &imported, const ModelStage &prepared,
                     const ModelStage &quantized, unsigned threads, Report &report) {
  // Each layer in work takes the memory of two float weights.
  constexpr unsigned maxThreads = 4;
  StageWeights importedWeights(imported), preparedWeights(prepared), quantizedWeights(quantized);
  threads = std::min(threads ? threads : std::thread::hardware_concurrency(), maxThreads);
  std::vector<std::string> failures(report.layers.size());
  parallelFor(std::max(threads, 1u), report.layers.size(), [&](size_t i) {
    if (Error failure =
            measureWeight(importedWeights, preparedWeights, quantizedWeights, report.layers[i])) {
      failures[i] = llvm::toString(std::move(failure));
    }
  });
  for (const std::string &failure : failures) {
    if (!failure.empty()) {
      return llvm::createStringError(failure);
    }
  }
  return Error::success();
}

} // namespace quench::insight

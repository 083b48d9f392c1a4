//===- StorageOps.cpp - Weights, observers, parts of quantized tensors ----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/WeightStore/QuantizedWeight.h"

using namespace mlir;
using namespace llvm;

namespace quench::reference {

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static Expected<Value> readQuantizedWeight(const WeightStore &store, StringRef key,
                                           QTensorType type) {
  Expected<numerics::QuantizedTensor> stored =
      readQuantized(store, key, type.getScheme().getNumericsScheme(), type.getShape());
  if (!stored) {
    return stored.takeError();
  }
  Value result = Value::quantized(type, {}, stored->scales, stored->zeroPoints);
  result.realZeroPoints = stored->realZeroPoints;
  for (size_t i = 0; i < stored->codes.size(); ++i) {
    result.codes.push_back(stored->codes[i]);
  }
  return result;
}

template <typename T> static std::vector<int64_t> integersOf(const TensorView &view) {
  std::vector<T> values = view.copy<T>();
  return std::vector<int64_t>(values.begin(), values.end());
}

/// Empty for kinds that are not integers of the width and sign of `type`.
static std::optional<std::vector<int64_t>> readIntegers(const TensorView &view, IntegerType type) {
  const unsigned width = type.getWidth();
  if (view.kind == ElementKind::I8 && width == 8 && !type.isUnsigned()) {
    return integersOf<int8_t>(view);
  }
  if (view.kind == ElementKind::U8 && width == 8 && type.isUnsigned()) {
    return integersOf<uint8_t>(view);
  }
  if (view.kind == ElementKind::I16 && width == 16 && !type.isUnsigned()) {
    return integersOf<int16_t>(view);
  }
  if (view.kind == ElementKind::I32 && width == 32 && !type.isUnsigned()) {
    return integersOf<int32_t>(view);
  }
  if (view.kind == ElementKind::I64 && width == 64 && !type.isUnsigned()) {
    return integersOf<int64_t>(view);
  }
  return std::nullopt;
}

/// Floats may be stored in a narrower format than the type says, never in a wider one.
static Expected<Value> readPlainWeight(const WeightStore &store, StringRef key,
                                       RankedTensorType type) {
  mlir::Type element = type.getElementType();
  if (auto floating = dyn_cast<FloatType>(element)) {
    Expected<std::vector<float>> values = store.readFiniteFloats(key, type.getShape());
    if (!values) {
      return values.takeError();
    }
    return Value::tensor(floating, type.getShape(), std::move(*values));
  }
  Expected<const TensorView *> view = store.requireShape(key, type.getShape());
  if (!view) {
    return view.takeError();
  }
  auto integer = dyn_cast<IntegerType>(element);
  std::optional<std::vector<int64_t>> values =
      integer ? readIntegers(**view, integer) : std::nullopt;
  if (!values) {
    return failure("expected a weight of the element type of the result, tensor '%s' of %s is %s",
                   key.str().c_str(), store.fileOf(key).str().c_str(),
                   safetensorsName((*view)->kind).str().c_str());
  }
  return Value::tensor(integer, type.getShape(), std::move(*values));
}

static Expected<Value> evaluateWeight(WeightOp op, const Frame &frame) {
  const WeightStore *store = frame.evaluator().weights();
  if (!store) {
    return failure("expected a weight store to read '%s' from, found none",
                   op.getKey().str().c_str());
  }
  auto quantized = dyn_cast<QTensorType>(op.getType());
  Expected<Value> result =
      quantized ? readQuantizedWeight(*store, op.getKey(), quantized)
                : readPlainWeight(*store, op.getKey(), cast<RankedTensorType>(op.getType()));
  if (!result) {
    return result;
  }
  if (Error error = result->verify()) {
    return failure("weight '%s': %s", op.getKey().str().c_str(),
                   toString(std::move(error)).c_str());
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Observers
//===----------------------------------------------------------------------===//

static Expected<Results> evaluateObserve(ObserveOp op, const Frame &frame) {
  if (const ObserveCallback &observe = frame.evaluator().observe()) {
    if (Error error = observe(op.getName(), frame[op.getInput()])) {
      return std::move(error);
    }
  }
  return Results{};
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

static Expected<Value> evaluateAssemble(AssembleOp op, const Frame &frame) {
  const Value &codes = frame[op.getCodes()];
  const Value &scales = frame[op.getScales()];
  const Value *zeroPoints = frame.optional(op.getZeroPoints());
  const QTensorType declared = op.getResult().getType();
  const SchemeAttr scheme = declared.getScheme();
  const SmallVector<int64_t> blocks = scheme.getScaleShape(codes.shape());
  if (scales.shape() != ArrayRef<int64_t>(blocks) ||
      (zeroPoints && zeroPoints->shape() != ArrayRef<int64_t>(blocks))) {
    return failure("expected scales and zero points of shape [%s], found scales of shape [%s]",
                   shapeString(blocks).c_str(), shapeString(scales.shape()).c_str());
  }
  const auto expressed =
      RankedTensorType::get(codes.shape(), declared.getExpressed().getElementType());
  Value result = Value::quantized(QTensorType::get(expressed, scheme), {}, scales.floats);
  result.codes.assign(codes.integers.begin(), codes.integers.end());
  const numerics::Encoding element = scheme.getNumericsScheme().element;
  for (float code : codes.floats) {
    result.codes.push_back(element.encodeValue(code));
  }
  if (zeroPoints) {
    result.zeroPoints.assign(zeroPoints->integers.begin(), zeroPoints->integers.end());
    result.realZeroPoints = zeroPoints->floats;
  }
  if (Error error = result.verify()) {
    return std::move(error);
  }
  return result;
}

static Expected<Results> evaluateDisassemble(DisassembleOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  const SchemeAttr scheme = cast<QTensorType>(input.type).getScheme();
  const SmallVector<int64_t> blocks = scheme.getScaleShape(input.shape());
  Results results;
  if (auto floating = dyn_cast<FloatType>(scheme.getCodeType())) {
    const numerics::Encoding element = scheme.getNumericsScheme().element;
    std::vector<float> codes;
    for (int32_t code : input.codes) {
      codes.push_back(element.decodeCode(code));
    }
    results.push_back(Value::tensor(floating, input.shape(), std::move(codes)));
  } else {
    results.push_back(Value::tensor(scheme.getCodeType(), input.shape(),
                                    std::vector<int64_t>(input.codes.begin(), input.codes.end())));
  }
  results.push_back(Value::tensor(Float32Type::get(op.getContext()), blocks, input.scales));
  if (scheme.hasRealZeroPoints()) {
    results.push_back(
        Value::tensor(Float32Type::get(op.getContext()), blocks, input.realZeroPoints));
  } else if (scheme.hasZeroPoints()) {
    results.push_back(
        Value::tensor(IntegerType::get(op.getContext(), 32), blocks,
                      std::vector<int64_t>(input.zeroPoints.begin(), input.zeroPoints.end())));
  }
  return results;
}

static Expected<Value> evaluateOverlay(OverlayOp op, const Frame &frame) {
  Value result = frame[op.getInput()];
  const Value &indices = frame[op.getIndices()];
  const Value &values = frame[op.getValues()];
  int64_t last = -1;
  for (auto [index, value] : llvm::zip_equal(indices.integers, values.floats)) {
    if (index <= last || index >= static_cast<int64_t>(result.floats.size())) {
      return failure("expected ascending indices below %lld, found %lld behind %lld",
                     static_cast<long long>(result.floats.size()), static_cast<long long>(index),
                     static_cast<long long>(last));
    }
    result.floats[index] = value;
    last = index;
  }
  return result;
}

void addStorageOps(OpTable &table) {
  table.add<WeightOp>(evaluateWeight);
  table.add<ObserveOp>(evaluateObserve);
  table.add<AssembleOp>(evaluateAssemble);
  table.add<DisassembleOp>(evaluateDisassemble);
  table.add<OverlayOp>(evaluateOverlay);
}

} // namespace quench::reference

//===- KeptElements.cpp - Elements of a weight beside its codes -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/KeptElements.h"

#include "quench/Numerics/FloatFormat.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace quench {

std::string keptIndicesKey(StringRef key) { return (key + ".kept.indices").str(); }
std::string keptValuesKey(StringRef key) { return (key + ".kept.values").str(); }

void KeptElements::applyTo(MutableArrayRef<float> tensor) const {
  for (auto [index, value] : zip_equal(indices, values)) {
    tensor[index] = value;
  }
}

Error KeptElements::verify(int64_t size) const {
  if (indices.size() != values.size()) {
    return createStringError("expected one value for each index, found %zu for %zu", values.size(),
                             indices.size());
  }
  int64_t last = -1;
  for (auto [position, index] : enumerate(indices)) {
    if (index <= last || index >= size) {
      return createStringError("expected ascending indices below %lld, found %lld at %zu",
                               static_cast<long long>(size), static_cast<long long>(index),
                               position);
    }
    last = index;
  }
  return Error::success();
}

Expected<KeptElements> readKeptElements(const WeightStore &store, StringRef indicesKey,
                                        StringRef valuesKey, ArrayRef<int64_t> shape) {
  auto fail = [&](StringRef key, const Twine &message) {
    return createStringError(store.fileOf(key) + ": tensor '" + key + "': " + message);
  };
  Expected<const TensorView *> indices = store.require(indicesKey);
  if (!indices) {
    return indices.takeError();
  }
  const TensorView &view = **indices;
  if (view.kind != ElementKind::I32 || view.shape.size() != 1) {
    return fail(indicesKey, "expected a list of I32, found " + safetensorsName(view.kind) +
                                " of shape " + shapeToString(view.shape));
  }
  Expected<std::vector<float>> values = store.readFiniteFloats(valuesKey, view.shape);
  if (!values) {
    return values.takeError();
  }
  KeptElements kept;
  for (int32_t index : view.copy<int32_t>()) {
    kept.indices.push_back(index);
  }
  kept.values = std::move(*values);
  if (Error error = kept.verify(*numElements(shape))) {
    return fail(indicesKey, toString(std::move(error)));
  }
  return std::move(kept);
}

Error declareKeptElements(SafetensorsWriter &writer, StringRef key, ElementKind kind,
                          int64_t count) {
  if (Error error = writer.declare(keptIndicesKey(key), ElementKind::I32, {count})) {
    return error;
  }
  return writer.declare(keptValuesKey(key), kind, {count});
}

static numerics::FloatFormat formatOf(ElementKind kind) {
  return kind == ElementKind::F16    ? numerics::FloatFormat::F16
         : kind == ElementKind::BF16 ? numerics::FloatFormat::BF16
                                     : numerics::FloatFormat::F32;
}

Error writeKeptElements(SafetensorsWriter &writer, StringRef key, ElementKind kind,
                        const KeptElements &kept) {
  std::vector<int32_t> indices(kept.indices.begin(), kept.indices.end());
  if (Error error = writer.writeElements<int32_t>(keptIndicesKey(key), indices)) {
    return error;
  }
  if (kind == ElementKind::F32) {
    return writer.writeElements<float>(keptValuesKey(key), kept.values);
  }
  std::vector<uint16_t> narrow;
  for (float value : kept.values) {
    narrow.push_back(static_cast<uint16_t>(numerics::encode(formatOf(kind), value)));
  }
  return writer.writeElements<uint16_t>(keptValuesKey(key), narrow);
}

void roundTo(ElementKind kind, MutableArrayRef<float> values) {
  numerics::FloatFormat format = formatOf(kind);
  for (float &value : values) {
    value = numerics::decode(format, numerics::encode(format, value));
  }
}

} // namespace quench

//===- PackedWeights.cpp - The bytes of packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/PackedWeights.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cstring>

using namespace llvm;
using namespace quench;

uint64_t PackedWeights::FloatLayout::totalBytes() const {
  return panels ? panels->codeBytes() : elements * numerics::bitWidth(format) / 8;
}

uint8_t *PackedWeights::allocate(StringRef symbol, StringRef key, uint64_t size,
                                 std::optional<FloatLayout> layout) {
  auto *bytes = static_cast<uint8_t *>(memory.Allocate(size, Align(kAlignment)));
  storage.push_back(bytes);
  entries.push_back({symbol.str(), ArrayRef<uint8_t>(bytes, size), key.str(), std::move(layout)});
  isSet.push_back(true);
  return bytes;
}

void PackedWeights::add(StringRef symbol, StringRef key, ArrayRef<uint8_t> bytes,
                        std::optional<FloatLayout> layout) {
  std::memcpy(allocate(symbol, key, bytes.size(), std::move(layout)), bytes.data(), bytes.size());
}

void PackedWeights::addUnset(StringRef symbol, StringRef key, const FloatLayout &layout) {
  uint64_t size = layout.totalBytes();
  std::memset(allocate(symbol, key, size, layout), 0, size);
  isSet.back() = false;
}

static void pack(const PackedWeights::FloatLayout &layout, ArrayRef<float> values,
                 uint8_t *memory) {
  if (layout.panels) {
    packFloats(*layout.panels, values, memory);
    return;
  }
  if (layout.format == numerics::FloatFormat::F32) {
    std::memcpy(memory, values.data(), values.size() * sizeof(float));
    return;
  }
  auto *narrow = reinterpret_cast<uint16_t *>(memory);
  for (auto [index, value] : enumerate(values)) {
    narrow[index] = static_cast<uint16_t>(numerics::encode(layout.format, value));
  }
}

Error PackedWeights::set(StringRef key, ArrayRef<float> values) {
  bool found = false;
  for (const Blob &blob : entries) {
    if (blob.key != key) {
      continue;
    }
    found = true;
    if (!blob.layout) {
      return createStringError("weight '" + key +
                               "' is compiled as codes, which float values "
                               "cannot replace");
    }
    if (blob.layout->elements != static_cast<int64_t>(values.size())) {
      return createStringError(formatv("weight '{0}': expected {1} values, found {2}", key,
                                       blob.layout->elements, values.size()));
    }
  }
  if (!found) {
    return createStringError("expected a weight of the compiled code, found '" + key + "'");
  }
  for (auto [index, blob] : enumerate(entries)) {
    if (blob.key == key) {
      pack(*blob.layout, values, storage[index]);
      isSet[index] = true;
    }
  }
  return Error::success();
}

StringRef PackedWeights::firstUnset() const {
  for (auto [index, blob] : enumerate(entries)) {
    if (!isSet[index]) {
      return blob.key;
    }
  }
  return {};
}

uint64_t PackedWeights::totalBytes() const {
  uint64_t total = 0;
  for (const Blob &blob : entries) {
    total += blob.bytes.size();
  }
  return total;
}

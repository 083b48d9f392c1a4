//===- ElementKind.cpp - Element types that a tensor file can hold --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/ElementKind.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <array>
#include <string>

using namespace llvm;

namespace quench {

namespace {
struct KindInfo {
  ElementKind kind;
  StringRef name;
  unsigned bits;
};
} // namespace

/// In the order of the enumerators, so that a kind is an index.
static constexpr KindInfo kinds[] = {
    {ElementKind::F64, "F64", 64},          {ElementKind::F32, "F32", 32},
    {ElementKind::F16, "F16", 16},          {ElementKind::BF16, "BF16", 16},
    {ElementKind::F8E4M3FN, "F8_E4M3", 8},  {ElementKind::F8E5M2, "F8_E5M2", 8},
    {ElementKind::F8E8M0FNU, "F8_E8M0", 8}, {ElementKind::F4E2M1FN, "F4", 4},
    {ElementKind::I64, "I64", 64},          {ElementKind::I32, "I32", 32},
    {ElementKind::I16, "I16", 16},          {ElementKind::I8, "I8", 8},
    {ElementKind::U64, "U64", 64},          {ElementKind::U32, "U32", 32},
    {ElementKind::U16, "U16", 16},          {ElementKind::U8, "U8", 8},
    {ElementKind::Bool, "BOOL", 8},
};

static const KindInfo &infoOf(ElementKind kind) { return kinds[static_cast<size_t>(kind)]; }

ArrayRef<ElementKind> allElementKinds() {
  static constexpr auto all = [] {
    std::array<ElementKind, std::size(kinds)> result{};
    for (size_t i = 0; i < result.size(); ++i) {
      result[i] = static_cast<ElementKind>(i);
    }
    return result;
  }();
  return all;
}

unsigned bitWidth(ElementKind kind) { return infoOf(kind).bits; }

unsigned naturalAlignment(ElementKind kind) { return std::max(1u, infoOf(kind).bits / 8); }

StringRef safetensorsName(ElementKind kind) { return infoOf(kind).name; }

std::optional<ElementKind> elementKindFromSafetensorsName(StringRef name) {
  const KindInfo *info = find_if(kinds, [&](const KindInfo &info) { return info.name == name; });
  if (info == std::end(kinds)) {
    return std::nullopt;
  }
  return info->kind;
}

std::optional<int64_t> numElements(ArrayRef<int64_t> shape) {
  // An empty dimension does not excuse the others: strides must not overflow either.
  int64_t product = 1;
  for (int64_t dimension : shape) {
    if (dimension < 0 || MulOverflow(product, std::max<int64_t>(dimension, 1), product)) {
      return std::nullopt;
    }
  }
  return is_contained(shape, 0) ? 0 : product;
}

std::optional<int64_t> numBytes(ElementKind kind, ArrayRef<int64_t> shape) {
  std::optional<int64_t> elements = numElements(shape);
  unsigned bits = bitWidth(kind);
  if (!elements) {
    return std::nullopt;
  }
  if (bits < 8) {
    int64_t perByte = 8 / bits;
    return *elements % perByte == 0 ? std::optional<int64_t>(*elements / perByte) : std::nullopt;
  }
  int64_t bytes;
  if (MulOverflow(*elements, static_cast<int64_t>(bits / 8), bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::string shapeToString(ArrayRef<int64_t> shape) {
  std::string text = "[";
  for (auto [index, dimension] : enumerate(shape)) {
    text += (index == 0 ? "" : ", ") + std::to_string(dimension);
  }
  return text + "]";
}

} // namespace quench

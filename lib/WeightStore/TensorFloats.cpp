//===- TensorFloats.cpp - Elements of a tensor as f32 ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/TensorFloats.h"

#include "quench/Numerics/FloatFormat.h"

using namespace llvm;
using quench::numerics::FloatFormat;

namespace quench {

static std::optional<FloatFormat> formatOf(ElementKind kind) {
  switch (kind) {
  case ElementKind::F16:
    return FloatFormat::F16;
  case ElementKind::BF16:
    return FloatFormat::BF16;
  case ElementKind::F8E4M3FN:
    return FloatFormat::F8E4M3FN;
  case ElementKind::F8E5M2:
    return FloatFormat::F8E5M2;
  case ElementKind::F8E8M0FNU:
    return FloatFormat::F8E8M0FNU;
  case ElementKind::F4E2M1FN:
    return FloatFormat::F4E2M1FN;
  default:
    return std::nullopt;
  }
}

std::optional<std::vector<float>> toFloats(const TensorView &tensor) {
  if (tensor.kind == ElementKind::F32) {
    return tensor.copy<float>();
  }
  std::vector<float> values(tensor.size());
  if (tensor.kind == ElementKind::F64) {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<float>(tensor.load<double>(i));
    }
    return values;
  }
  std::optional<FloatFormat> format = formatOf(tensor.kind);
  if (!format) {
    return std::nullopt;
  }
  auto codeAt = [&, bits = bitWidth(tensor.kind)](size_t i) -> uint32_t {
    if (bits == 16) {
      return tensor.load<uint16_t>(i);
    }
    return bits == 8 ? tensor.bytes[i] : tensor.bytes[i / 2] >> (4 * (i % 2)) & 15;
  };
  // Large tensors look codes up; decoding a weight matrix one by one is several times slower.
  std::vector<float> table(size_t(1) << bitWidth(tensor.kind));
  if (values.size() >= table.size()) {
    for (size_t code = 0; code < table.size(); ++code) {
      table[code] = numerics::decode(*format, code);
    }
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = table[codeAt(i)];
    }
  } else {
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = numerics::decode(*format, codeAt(i));
    }
  }
  return values;
}

} // namespace quench

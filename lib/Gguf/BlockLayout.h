//===- BlockLayout.h - Where a block keeps its fields -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One description of all quantized formats: a block has a scale, perhaps a minimum, perhaps codes
// below these for parts of it, and a code for each element.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GGUF_BLOCKLAYOUT_H
#define QUENCH_LIB_GGUF_BLOCKLAYOUT_H

#include "quench/Gguf/GgufFormat.h"

#include <array>

namespace quench {

/// The fields of a block. `codes` are those of the encoding: offsets that the format adds when it
/// stores them are taken off.
struct BlockFields {
  static constexpr size_t mostElements = 256, mostParts = 16;

  /// Bits of f16.
  uint16_t scale = 0;
  /// Of formats with a minimum: bits of f16.
  uint16_t minimum = 0;
  std::array<int32_t, mostParts> scaleCodes = {};
  std::array<int32_t, mostParts> minimumCodes = {};
  std::array<int32_t, mostElements> codes = {};
};

struct BlockLayout {
  /// What becomes of the minimum of a part once codes are multiplied with their scale.
  enum class Minimum : uint8_t { None, Added, Subtracted };

  GgufType type;
  llvm::StringLiteral name;
  int64_t elements, bytes;
  /// Elements that share a scale: all, or a part that has codes of its own for scale and minimum.
  int64_t part;
  numerics::Encoding element;
  /// Of scales and minima of parts; not valid when there is one part.
  numerics::Encoding partCode;
  Minimum minimum;
  void (*unpack)(const uint8_t *bytes, BlockFields &fields);
  void (*pack)(const BlockFields &fields, uint8_t *bytes);

  int64_t parts() const { return elements / part; }
  /// Whether scales have a scheme themselves.
  bool isNested() const { return parts() > 1; }
};

/// The layout of a quantized type; null for floats.
const BlockLayout *findBlockLayout(GgufType type);

} // namespace quench

#endif // QUENCH_LIB_GGUF_BLOCKLAYOUT_H

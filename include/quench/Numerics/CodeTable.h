//===- CodeTable.h - Small codes that stand for multiples of one unit -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values of f4E2M1FN are halves, from -6 to 6: as multiples of 1/2 they are bytes, and products
// with them are products of integers.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_CODETABLE_H
#define QUENCH_NUMERICS_CODETABLE_H

#include "quench/Numerics/Encoding.h"

#include <array>
#include <optional>
#include <vector>

namespace quench::numerics {

/// Code `c` stands for `values[c] * unit`, rounded to f32 at most; values are from -127 to 127.
struct CodeTable {
  std::array<int8_t, 16> values;
  float unit;

  /// Of an encoding of four bits or fewer that is not an integer; nothing if there is no such unit.
  static std::optional<CodeTable> get(const Encoding &encoding);
};

/// The values of a codebook of four bits or fewer, each at the nearest 127th of the largest
/// magnitude, so that they have a `CodeTable`. Only where that adds at most one percent to the
/// variance of quantization: no value moves by more than a tenth of half its distance to a
/// neighbour. NF4 is such a codebook. Empty for all others.
std::vector<float> roundCodebook(const Encoding &encoding);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_CODETABLE_H

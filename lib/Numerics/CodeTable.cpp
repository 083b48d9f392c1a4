//===- CodeTable.cpp - Small codes that stand for multiples of one unit -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/CodeTable.h"

#include <cmath>

using namespace quench::numerics;

std::optional<CodeTable> CodeTable::get(const Encoding &encoding) {
  if (encoding.isInteger() || encoding.bitWidth() > 4) {
    return std::nullopt;
  }
  float largest = encoding.maxMagnitude();
  // The coarsest unit that fits.
  for (int32_t steps = 1; steps <= 127; ++steps) {
    CodeTable table = {{}, largest / static_cast<float>(steps)};
    bool fits = true;
    for (int32_t code = encoding.minCode(); fits && code <= encoding.maxCode(); ++code) {
      float value = encoding.decodeCode(code);
      float multiple = std::nearbyint(value / table.unit);
      fits = std::isfinite(value) && multiple * table.unit == value;
      table.values[code] = fits ? static_cast<int8_t>(multiple) : 0;
    }
    if (fits) {
      return table;
    }
  }
  return std::nullopt;
}

//===- CodeTable.cpp - Small codes that stand for multiples of one unit -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/CodeTable.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

std::vector<float> quench::numerics::roundCodebook(const Encoding &encoding) {
  if (!encoding.isCodebook() || encoding.bitWidth() > 4) {
    return {};
  }
  constexpr float tolerance = 0.1f;
  llvm::ArrayRef<float> values = encoding.codebookValues();
  float unit = encoding.maxMagnitude() / 127.0f;
  std::vector<float> rounded;
  for (size_t i = 0; i < values.size(); ++i) {
    float below = i > 0 ? values[i] - values[i - 1] : std::numeric_limits<float>::infinity();
    float above =
        i + 1 < values.size() ? values[i + 1] - values[i] : std::numeric_limits<float>::infinity();
    float value = std::nearbyint(values[i] / unit) * unit;
    if (!(std::abs(value - values[i]) <= tolerance * std::min(below, above) / 2)) {
      return {};
    }
    rounded.push_back(value);
  }
  return CodeTable::get(Encoding::codebook(encoding.codebookName(), rounded))
             ? rounded
             : std::vector<float>();
}

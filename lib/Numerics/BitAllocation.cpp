//===- BitAllocation.cpp - Formats under a budget -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BitAllocation.h"

#include "quench/Numerics/MatrixProduct.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace quench::numerics {

namespace {
/// A change of the format of one tensor.
struct Step {
  size_t tensor = 0, format = 0;
  /// By how much the loss falls for a bit.
  double gain = 0.0;
};
} // namespace

/// The best change that takes no more than `room` bits; without gain if there is none.
static Step findStep(ArrayRef<std::vector<FormatCost>> tensors, ArrayRef<size_t> chosen,
                     double room) {
  Step best;
  for (size_t tensor = 0; tensor < tensors.size(); ++tensor) {
    const FormatCost &now = tensors[tensor][chosen[tensor]];
    for (size_t format = 0; format < tensors[tensor].size(); ++format) {
      const FormatCost &other = tensors[tensor][format];
      double bits = other.bits - now.bits;
      if (bits <= 0.0 || bits > room) {
        continue;
      }
      double gain = (now.loss - other.loss) / bits;
      if (gain > best.gain) {
        best = {tensor, format, gain};
      }
    }
  }
  return best;
}

std::optional<std::vector<size_t>> allocateBits(ArrayRef<std::vector<FormatCost>> tensors,
                                                double budget) {
  std::vector<size_t> chosen;
  double room = budget;
  for (const std::vector<FormatCost> &formats : tensors) {
    auto smallest = std::min_element(formats.begin(), formats.end(),
                                     [](const FormatCost &a, const FormatCost &b) {
                                       return std::pair(a.bits, a.loss) < std::pair(b.bits, b.loss);
                                     });
    chosen.push_back(smallest - formats.begin());
    room -= smallest->bits;
  }
  if (room < 0.0) {
    return std::nullopt;
  }
  for (Step step = findStep(tensors, chosen, room); step.gain > 0.0;
       step = findStep(tensors, chosen, room)) {
    room -= tensors[step.tensor][step.format].bits - tensors[step.tensor][chosen[step.tensor]].bits;
    chosen[step.tensor] = step.format;
  }
  return chosen;
}

double outputPower(ArrayRef<float> weights, ArrayRef<double> gram, unsigned threads) {
  int64_t inputs = std::llround(std::sqrt(static_cast<double>(gram.size())));
  int64_t outputs = inputs == 0 ? 0 : static_cast<int64_t>(weights.size()) / inputs;
  constexpr int64_t rowsAtOnce = 512;
  double power = 0.0;
  for (int64_t first = 0; first < outputs; first += rowsAtOnce) {
    int64_t rows = std::min(rowsAtOnce, outputs - first);
    ArrayRef<float> part = weights.slice(first * inputs, rows * inputs);
    std::vector<double> values(part.begin(), part.end()), products(part.size(), 0.0);
    addProduct({products.data(), rows, inputs, inputs}, {values.data(), rows, inputs, inputs},
               {gram.data(), inputs, inputs, inputs}, 1.0, MatrixPart::All, threads);
    for (size_t i = 0; i < values.size(); ++i) {
      power += values[i] * products[i];
    }
  }
  return power;
}

} // namespace quench::numerics

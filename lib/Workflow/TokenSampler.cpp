//===- TokenSampler.cpp - Choosing the next token --------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/TokenSampler.h"

#include "quench/Insight/TokenScores.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using quench::insight::checkFiniteLogits;

namespace quench::workflow {

Expected<int32_t> TokenSampler::sample(ArrayRef<float> logits) {
  if (Error failure = checkFiniteLogits(logits, logits.size())) {
    return failure;
  }
  size_t best = std::max_element(logits.begin(), logits.end()) - logits.begin();
  if (temperature == 0) {
    return static_cast<int32_t>(best);
  }
  std::vector<double> weights(logits.size());
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((double(logits[i]) - logits[best]) / temperature);
    total += weights[i];
  }
  // 53 random bits make a number in [0, 1).
  double left = (generator() >> 11) * 0x1p-53 * total;
  for (size_t i = 0; i < logits.size(); ++i) {
    left -= weights[i];
    if (left < 0) {
      return static_cast<int32_t>(i);
    }
  }
  // Rounding ate the end of the range; the likeliest token is as good as any.
  return static_cast<int32_t>(best);
}

} // namespace quench::workflow

//===- Predictions.cpp - How far a changed model is from itself -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Predictions.h"

#include <algorithm>
#include <cmath>

using namespace llvm;
using namespace quench;

/// log(sum exp(logits))
static double logSum(ArrayRef<float> logits) {
  double largest = *std::max_element(logits.begin(), logits.end()), sum = 0.0;
  for (float logit : logits) {
    sum += std::exp(logit - largest);
  }
  return largest + std::log(sum);
}

static double divergenceOf(ArrayRef<float> expected, ArrayRef<float> found) {
  double ofExpected = logSum(expected), ofFound = logSum(found), sum = 0.0;
  for (auto [p, q] : zip_equal(expected, found)) {
    sum += std::exp(p - ofExpected) * ((p - ofExpected) - (q - ofFound));
  }
  return std::max(sum, 0.0);
}

Predictions::Predictions(const calibration::Samples &samples, SliceCode code, int64_t vocabulary)
    : samples(samples), code(std::move(code)), vocabulary(vocabulary),
      count(std::min<size_t>(samples.size(), kSamples)) {}

Expected<std::vector<float>> Predictions::run(size_t sample) {
  std::vector<SliceTensor> outputs(1);
  if (Error error = code.run(samples[sample], {}, outputs)) {
    return std::move(error);
  }
  return std::move(outputs[0].values);
}

Error Predictions::keep() {
  kept.clear();
  for (size_t sample = 0; sample < count; ++sample) {
    Expected<std::vector<float>> logits = run(sample);
    if (!logits) {
      return logits.takeError();
    }
    kept.push_back(std::move(*logits));
  }
  return Error::success();
}

Expected<double> Predictions::divergence() {
  double sum = 0.0;
  size_t tokens = 0;
  for (size_t sample = 0; sample < count; ++sample) {
    Expected<std::vector<float>> logits = run(sample);
    if (!logits) {
      return logits.takeError();
    }
    for (size_t at = 0; at < logits->size(); at += vocabulary) {
      sum += divergenceOf(ArrayRef(kept[sample]).slice(at, vocabulary),
                          ArrayRef(*logits).slice(at, vocabulary));
      ++tokens;
    }
  }
  return tokens == 0 ? 0.0 : sum / static_cast<double>(tokens);
}

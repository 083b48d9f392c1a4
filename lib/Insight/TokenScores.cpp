//===- TokenScores.cpp - How well logits predict tokens -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/TokenScores.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace quench::insight {

void CompensatedSum::add(double term) {
  double next = sum + term;
  // What the addition dropped comes out exactly from the side with the larger magnitude.
  correction += std::fabs(sum) >= std::fabs(term) ? (sum - next) + term : (term - next) + sum;
  sum = next;
}

double logSumExp(ArrayRef<float> logits) {
  double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (float logit : logits) {
    sum += std::exp(logit - largest);
  }
  return largest + std::log(sum);
}

double negativeLogLikelihood(ArrayRef<float> logits, int32_t token) {
  return logSumExp(logits) - logits[token];
}

double divergence(ArrayRef<float> reference, ArrayRef<float> logits) {
  double referenceSum = logSumExp(reference), sum = logSumExp(logits);
  CompensatedSum total;
  for (size_t i = 0; i < logits.size(); ++i) {
    double logP = reference[i] - referenceSum, logQ = logits[i] - sum;
    total.add(std::exp(logP) * (logP - logQ));
  }
  return total.value();
}

Error checkFiniteLogits(ArrayRef<float> logits, size_t vocab) {
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isfinite(logits[i])) {
      return createStringError("token " + Twine(i / vocab) + ": expected finite logits, found " +
                               (std::isnan(logits[i]) ? "nan" : "infinity") + " for id " +
                               Twine(i % vocab));
    }
  }
  return Error::success();
}

Error ScoreSums::addWindow(ArrayRef<int32_t> tokens, ArrayRef<float> logits,
                           ArrayRef<float> baseline) {
  if (tokens.size() < 2) {
    return Error::success();
  }
  size_t vocab = logits.size() / tokens.size();
  if (Error failure = checkFiniteLogits(logits, vocab)) {
    return failure;
  }
  if (Error failure = checkFiniteLogits(baseline, vocab)) {
    return failure;
  }
  for (size_t t = 0; t + 1 < tokens.size(); ++t) {
    ArrayRef<float> row = logits.slice(t * vocab, vocab);
    nllSum.add(negativeLogLikelihood(row, tokens[t + 1]));
    if (!baseline.empty()) {
      ArrayRef<float> reference = baseline.slice(t * vocab, vocab);
      baselineNllSum.add(negativeLogLikelihood(reference, tokens[t + 1]));
      divergenceSum.add(insight::divergence(reference, row));
    }
    ++count;
  }
  return Error::success();
}

double ScoreSums::perplexity() const { return std::exp(nll()); }

} // namespace quench::insight

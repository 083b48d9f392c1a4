//===- TokenScores.h - How well logits predict tokens -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Logits are f32; everything computed from them is in double, with the largest
// logit subtracted first, and sums over many tokens are compensated, so that the
// mean over a million tokens is as good as that over one.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_TOKENSCORES_H
#define QUENCH_INSIGHT_TOKENSCORES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace quench::insight {

/// A sum of doubles whose rounding error does not grow with the number of terms (Neumaier 1974).
class CompensatedSum {
public:
  void add(double term);
  double value() const { return sum + correction; }

private:
  double sum = 0;
  double correction = 0;
};

/// Fails on the first NaN or infinity of logits [tokens, vocab]: "token 3: expected finite logits,
/// found nan for id 17".
llvm::Error checkFiniteLogits(llvm::ArrayRef<float> logits, size_t vocab);

/// ln(sum_v exp(logits[v])). The logits are finite and at least one.
double logSumExp(llvm::ArrayRef<float> logits);

/// -ln(softmax(logits)[token]) in nats.
double negativeLogLikelihood(llvm::ArrayRef<float> logits, int32_t token);

/// sum_v p_v (ln p_v - ln q_v) in nats, for p = softmax(reference), q = softmax(logits), two
/// vectors of the same size. Not negative, up to rounding.
double divergence(llvm::ArrayRef<float> reference, llvm::ArrayRef<float> logits);

/// Means over the scored tokens of any number of windows.
class ScoreSums {
public:
  /// Adds a window of n tokens: row t of `logits`, [n, vocab], predicts token t + 1, so that n - 1
  /// tokens are scored. `baseline` is empty or has the shape of `logits`. Fails on a logit that is
  /// not finite, with its token in the window.
  llvm::Error addWindow(llvm::ArrayRef<int32_t> tokens, llvm::ArrayRef<float> logits,
                        llvm::ArrayRef<float> baseline = {});

  /// Scored tokens.
  uint64_t tokens() const { return count; }
  /// Mean negative log-likelihood in nats per token; 0 without tokens.
  double nll() const { return mean(nllSum); }
  double perplexity() const;
  /// Mean divergence from the baseline.
  double divergence() const { return mean(divergenceSum); }
  /// Mean negative log-likelihood of the baseline.
  double baselineNll() const { return mean(baselineNllSum); }

private:
  double mean(const CompensatedSum &sum) const { return count ? sum.value() / count : 0; }

  uint64_t count = 0;
  CompensatedSum nllSum;
  CompensatedSum divergenceSum;
  CompensatedSum baselineNllSum;
};

} // namespace quench::insight

#endif // QUENCH_INSIGHT_TOKENSCORES_H

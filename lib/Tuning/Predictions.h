//===- Predictions.h - How far a changed model is from itself -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TUNING_PREDICTIONS_H
#define QUENCH_LIB_TUNING_PREDICTIONS_H

#include "quench/Calibration/Samples.h"
#include "quench/Tuning/SliceCompiler.h"

namespace quench {

/// Distributions of the next token that a model gives for the first few samples.
class Predictions {
public:
  /// `code` computes logits, `vocabulary` for each token. `samples` outlive this.
  Predictions(const calibration::Samples &samples, SliceCode code, int64_t vocabulary);

  /// The model, to change weights of it.
  SliceCode &getCode() { return code; }
  /// Keeps what the model gives now.
  llvm::Error keep();
  /// The mean divergence KL(kept || now) of a token in nats, at least 0.
  llvm::Expected<double> divergence();

private:
  static constexpr size_t kSamples = 8;

  llvm::Expected<std::vector<float>> run(size_t sample);

  const calibration::Samples &samples;
  SliceCode code;
  size_t vocabulary, count;
  std::vector<std::vector<float>> kept;
};

} // namespace quench

#endif // QUENCH_LIB_TUNING_PREDICTIONS_H

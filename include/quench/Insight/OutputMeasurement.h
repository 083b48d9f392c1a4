//===- OutputMeasurement.h - What quantization costs every layer *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the float model and the quantized one in lockstep on the same samples, one segment of each
// in memory at a time, and compares what every layer computes. The float model is that of the last
// stage before quantization, so that both compute in the same basis; logits are compared with those
// of the imported model, which no basis changes.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_OUTPUTMEASUREMENT_H
#define QUENCH_INSIGHT_OUTPUTMEASUREMENT_H

#include "quench/Calibration/Samples.h"
#include "quench/Insight/LayerMeasurement.h"

#include <functional>

namespace quench::insight {

struct OutputMeasurement {
  /// Float models in the order in which passes made them: as imported first, right before
  /// quantization last; may be one and the same. Layers are matched by name.
  llvm::ArrayRef<ModelStage> stages;
  ModelStage quantized;
  const calibration::Samples &samples;
  /// Threads of the compiled code; 0 takes one for each core.
  unsigned threads = 0;
  /// Called after each of the `numSteps` segments that were run, if set.
  std::function<void()> step;

  size_t numSteps() const;

  /// Fills `report.stages`, `edges`, `residual` and `measurement`, and the output errors of
  /// `report.layers`. Errors: a stage that cannot be compiled, a float stage that computes NaN or
  /// infinity, with stage, edge and sample.
  llvm::Error run(Report &report) const;
};

/// `count` samples, or all when there are fewer, spread evenly.
calibration::Samples pickSamples(const calibration::Samples &samples, size_t count);

} // namespace quench::insight

#endif // QUENCH_INSIGHT_OUTPUTMEASUREMENT_H

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
//   OutputMeasurement measurement(samples, threads);
//   measurement.runStage(imported);  …;  measurement.runLockstep(prepared, quantized);
//   measurement.write(report);
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_OUTPUTMEASUREMENT_H
#define QUENCH_INSIGHT_OUTPUTMEASUREMENT_H

#include "quench/Calibration/Samples.h"
#include "quench/Insight/LayerMeasurement.h"

#include <functional>
#include <memory>

namespace quench::insight {

class OutputMeasurement {
public:
  /// `samples` fit the models and outlive the measurement. `threads` are those of the compiled
  /// code, 0 for one on each core. `step`, if set, is called after each segment that was run.
  OutputMeasurement(const calibration::Samples &samples, unsigned threads,
                    std::function<llvm::Error()> step = {});
  ~OutputMeasurement();

  /// Runs a float model for the figures of its edges; the imported one first. Errors: it cannot be
  /// compiled, or it computes NaN or infinity, with stage, place and sample.
  llvm::Error runStage(const ModelStage &stage);

  /// Runs the last float model, which may be the only one, and the quantized one. Layers are
  /// matched by name. Errors as above.
  llvm::Error runLockstep(const ModelStage &prepared, const ModelStage &quantized);

  /// Fills `report.stages`, `edges`, `residual` and `measurement`, and the output errors of
  /// `report.layers`.
  void write(Report &report) const;

private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
};

/// `count` samples, or all when there are fewer, spread evenly.
calibration::Samples pickSamples(const calibration::Samples &samples, size_t count);

} // namespace quench::insight

#endif // QUENCH_INSIGHT_OUTPUTMEASUREMENT_H

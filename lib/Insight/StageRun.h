//===- StageRun.h - A model, run segment by segment, watched ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_INSIGHT_STAGERUN_H
#define QUENCH_LIB_INSIGHT_STAGERUN_H

#include "quench/Insight/LayerMeasurement.h"
#include "quench/Transforms/LayerNames.h"
#include "quench/Tuning/SegmentRunner.h"

#include "llvm/ADT/StringMap.h"

namespace quench::insight {

/// A value that is watched.
struct Tap {
  enum class Kind {
    /// What layers read, under the name of the edge.
    Edge,
    /// What a layer computes, under its name.
    Layer,
    /// The residual stream behind a block, under the name of the block.
    Residual,
    Logits,
  };
  Kind kind;
  std::string name;
  /// Of taps with this kind and name; layers that share a weight share a name.
  size_t occurrence = 0;
  mlir::Value value;

  /// The same in every model of the same layers.
  std::string key() const;
};

/// Called with the tap, the number of the sample, and the values in row-major order.
using TapSink = llvm::function_ref<void(const Tap &tap, size_t sample, llvm::ArrayRef<float>)>;

class StageRun {
public:
  /// `watchEdges` adds taps for what layers read. In a quantized model that would keep activations
  /// from being what they are without being watched: codes.
  StageRun(const ModelStage &stage, const calibration::Samples &samples, unsigned threads,
           bool watchEdges);

  bool isDone() const { return runner.isDone(); }
  /// Runs all samples through the next segment.
  llvm::Error advance(TapSink sink);

private:
  std::vector<Tap> tapsOfSegment();
  void addTap(std::vector<Tap> &taps, Tap::Kind kind, llvm::StringRef name, mlir::Value value);
  void addEdges(std::vector<Tap> &taps);

  ModelStage stage;
  bool watchEdges;
  LayerNames names;
  SegmentRunner runner;
  /// How often a kind and name came so far.
  llvm::StringMap<size_t> occurrences;
};

} // namespace quench::insight

#endif // QUENCH_LIB_INSIGHT_STAGERUN_H

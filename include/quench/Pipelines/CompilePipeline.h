//===- CompilePipeline.h - From a quantized model to the LLVM dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_PIPELINES_COMPILEPIPELINE_H
#define QUENCH_PIPELINES_COMPILEPIPELINE_H

#include "quench/Target/Target.h"

namespace mlir {
class DialectRegistry;
class MLIRContext;
class OpPassManager;
} // namespace mlir

namespace quench {

class PackedWeights;
class WeightStore;

struct CompilePipelineOptions {
  Target target = Target::host();
  /// Divide kernels among OpenMP threads; otherwise everything runs on the calling one.
  bool threads = true;
  /// Call `quench_observe` of the host for observers; otherwise they are removed.
  bool observe = false;
};

/// Appends the passes that turn a model in QDQ form into the LLVM dialect, with the function
/// `quench_run` (see quench-prepare-entry). Weights are read from `store` into `packed`, which hold
/// the contents of the external symbols; both must outlive the run.
void buildCompilePipeline(mlir::OpPassManager &pm, const CompilePipelineOptions &options,
                          const WeightStore &store, PackedWeights &packed);

/// Loads the dialects and attaches the external models that the pipeline needs.
void registerCompilePipelineDialects(mlir::DialectRegistry &registry);

} // namespace quench

#endif // QUENCH_PIPELINES_COMPILEPIPELINE_H

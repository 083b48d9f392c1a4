//===- CompilePipeline.h - From a quantized model to the LLVM dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_PIPELINES_COMPILEPIPELINE_H
#define QUENCH_PIPELINES_COMPILEPIPELINE_H

#include "quench/Target/Target.h"

#include <string>

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
  /// The function to compile, as `quench_call` (see quench-prepare-function). Empty for the causal
  /// language model of the module, as `quench_run` (see quench-prepare-entry).
  std::string function;
};

/// Appends the passes that turn a model in QDQ form into the LLVM dialect. Weights are read from
/// `store` into `packed`, which hold the contents of the external symbols; both must outlive the
/// run. Without a store all weights have to be floats; they are set in `packed` afterwards.
void buildCompilePipeline(mlir::OpPassManager &pm, const CompilePipelineOptions &options,
                          const WeightStore *store, PackedWeights &packed);

/// Loads the dialects and attaches the external models that the pipeline needs.
void registerCompilePipelineDialects(mlir::DialectRegistry &registry);

} // namespace quench

#endif // QUENCH_PIPELINES_COMPILEPIPELINE_H

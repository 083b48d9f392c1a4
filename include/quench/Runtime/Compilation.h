//===- Compilation.h - A model compiled to machine code -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_RUNTIME_COMPILATION_H
#define QUENCH_RUNTIME_COMPILATION_H

#include "quench/Codegen/PackedWeights.h"
#include "quench/Gpu/DeviceCode.h"
#include "quench/Pipelines/CompilePipeline.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace quench {

/// Optimized LLVM IR of one entry function and all that it calls, and the contents of the external
/// symbols.
struct CompiledCode {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
  /// Kernels for the device of the target, if it is one; the module launches them.
  DeviceCode device;
  /// How the device is opened; empty for a CPU.
  std::string deviceApi;
  /// What the device must have (`DeviceOptions::requiredFeatures`).
  std::vector<std::string> deviceFeatures;
  PackedWeights weights;
  /// LLVM's names of the features without which the code does not run.
  std::vector<std::string> requiredFeatures;
  /// The names of observers, by index.
  std::vector<std::string> observed;

  CompiledCode();
  CompiledCode(CompiledCode &&);
  CompiledCode &operator=(CompiledCode &&);
  ~CompiledCode();
};

/// What `compileModel` makes of a model: code whose entry is `quench_run`, and the sizes that a
/// caller must know.
struct CompiledModel : CompiledCode {
  int64_t vocabulary = 0;
  /// Tokens that the caches hold.
  int64_t capacity = 0;
  int64_t stateBytes = 0;
};

/// Compiles a copy of `module`, which stays as it is. The function `quench_run` of the result has
/// the C signature
///
///   int32_t quench_run(const int32_t *tokens, int64_t count, int64_t position, int64_t first,
///                      void *state, float *logits)
///
/// and the meaning that quench-prepare-entry documents. Diagnostics are part of the error.
llvm::Expected<CompiledModel> compileModel(mlir::ModuleOp module, const WeightStore &store,
                                           const CompilePipelineOptions &options);

/// Compiles the function `options.function` of a copy of `module`. The function `quench_call` of
/// the result has the C signature
///
///   int32_t quench_call(const int64_t *words)
///
/// and returns what quench-prepare-function documents. The words are the arguments in order and
/// then the results: a tensor is its address and its sizes, an index and an i32 their value, an f32
/// its bits. Without a store all weights have to be floats; they are set in `weights` afterwards.
llvm::Expected<CompiledCode> compileFunction(mlir::ModuleOp module, const WeightStore *store,
                                             const CompilePipelineOptions &options);

} // namespace quench

#endif // QUENCH_RUNTIME_COMPILATION_H

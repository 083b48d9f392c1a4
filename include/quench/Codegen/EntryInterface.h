//===- EntryInterface.h - What a compiled language model looks like from outside -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_ENTRYINTERFACE_H
#define QUENCH_CODEGEN_ENTRYINTERFACE_H

#include "quench/Model/ModelFolder.h"

#include <cstdint>

namespace quench {

/// How the caller of a compiled model reaches it: the function `quench_run` and where it finds each
/// cache in the state that it is given.
struct EntryInterface {
  static constexpr llvm::StringLiteral kRunFunction = "quench_run";
  /// The attribute of that function that says how large the state is.
  static constexpr llvm::StringLiteral kStateBytes = "quench.state_bytes";
  /// The index of the first cache among the arguments of the model.
  static constexpr unsigned kFirstCache = 3;

  /// What `quench_run` returns.
  static constexpr int32_t kBadToken = 1;
  static constexpr int32_t kCacheFull = 2;
  static constexpr int32_t kBadFirst = 3;
  /// Of compiled files alone: sessions do not take code that the machine cannot run.
  static constexpr int32_t kMissingFeatures = 4;

  CausalLM model;
  /// Where each cache begins in the state, and the size of the state, in bytes.
  llvm::SmallVector<int64_t> cacheOffsets;
  int64_t stateBytes = 0;

  /// The interface of the causal language model in `module`. The errors are those of
  /// `findCausalLM`.
  static llvm::Expected<EntryInterface> get(mlir::ModuleOp module);
};

} // namespace quench

#endif // QUENCH_CODEGEN_ENTRYINTERFACE_H

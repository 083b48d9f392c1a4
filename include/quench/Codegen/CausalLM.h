//===- CausalLM.h - What a compiled language model looks like from outside -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_CAUSALLM_H
#define QUENCH_CODEGEN_CAUSALLM_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstdint>

namespace quench {

/// The `nn.causal_lm` function of a module and the sizes that its type tells.
struct CausalLM {
  /// The name of the compiled function, and the index of the first cache among its arguments.
  static constexpr llvm::StringLiteral kRunFunction = "quench_run";
  static constexpr unsigned kFirstCache = 3;

  /// What `quench_run` returns.
  static constexpr int32_t kBadToken = 1;
  static constexpr int32_t kCacheFull = 2;
  static constexpr int32_t kBadFirst = 3;

  mlir::func::FuncOp function;
  int64_t vocabulary = 0;
  /// Tokens that the caches hold; without caches, as many as an int32 counts.
  int64_t capacity = 0;
  /// Where each cache begins in the state, and the size of the state, in bytes.
  llvm::SmallVector<int64_t> cacheOffsets;
  int64_t stateBytes = 0;

  /// Finds the function and checks its type, with a located diagnostic otherwise.
  static mlir::FailureOr<CausalLM> find(mlir::ModuleOp module);
};

} // namespace quench

#endif // QUENCH_CODEGEN_CAUSALLM_H

//===- AttentionKernel.h - Kernels of causal attention over a cache -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_ATTENTIONKERNEL_H
#define QUENCH_CODEGEN_ATTENTIONKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Dialect/Quench/IR/PackedRows.h"

namespace quench {

/// One class of attention: everything but the number of tokens.
struct AttentionKernel {
  int64_t heads;
  int64_t keyHeads;
  int64_t headSize;
  /// Tokens that the caches hold.
  int64_t capacity;
  float scale;
  /// How keys and values are packed in caches of codes.
  std::optional<PackedRows> packed;

  std::string name() const;

  /// Parameters: query `?xHxD`, keys and values `CxGxD`, position (index), the result `?xHxD`, f32.
  /// Packed keys and values are `CxGxB` bytes.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_ATTENTIONKERNEL_H

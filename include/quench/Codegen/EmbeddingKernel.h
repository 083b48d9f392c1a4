//===- EmbeddingKernel.h - Kernels that pick rows of a table -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_EMBEDDINGKERNEL_H
#define QUENCH_CODEGEN_EMBEDDINGKERNEL_H

#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// Parameters: table `VxW`, tokens `?` i32, the result `?xW`, rows of any float type.
mlir::func::FuncOp getOrCreateEmbeddingKernel(mlir::ModuleOp module, const Target &target,
                                              int64_t vocabulary, int64_t width,
                                              mlir::Type element);

} // namespace quench

#endif // QUENCH_CODEGEN_EMBEDDINGKERNEL_H

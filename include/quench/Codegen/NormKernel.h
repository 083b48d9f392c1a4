//===- NormKernel.h - Kernels of normalizations -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_NORMKERNEL_H
#define QUENCH_CODEGEN_NORMKERNEL_H

#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// RMS norm of rows of `width`. Parameters: input `?xW`, perhaps a gain `W`, the result `?xW`, f32.
mlir::func::FuncOp getOrCreateRMSNormKernel(mlir::ModuleOp module, const Target &target,
                                            int64_t width, float epsilon, bool gain);

} // namespace quench

#endif // QUENCH_CODEGEN_NORMKERNEL_H

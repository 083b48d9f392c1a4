//===- RotaryKernel.h - Kernels of rotary position embedding -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_ROTARYKERNEL_H
#define QUENCH_CODEGEN_ROTARYKERNEL_H

#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// Parameters: frequencies `F` f32, position (index), cosines and sines `?xF` f32.
mlir::func::FuncOp getOrCreateRotaryTableKernel(mlir::ModuleOp module, const Target &target,
                                                int64_t frequencies);

/// Parameters: input `?xHxD`, cosines and sines `?x(D/2)`, the result `?xHxD`, f32.
mlir::func::FuncOp getOrCreateRotaryKernel(mlir::ModuleOp module, const Target &target,
                                           int64_t heads, int64_t headSize);

} // namespace quench

#endif // QUENCH_CODEGEN_ROTARYKERNEL_H

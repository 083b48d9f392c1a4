//===- KernelBinary.h - Kernels from gpu.func to gpu.binary -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all passes that compile kernels begin and end with.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_KERNELBINARY_H
#define QUENCH_LIB_GPU_KERNELBINARY_H

#include "quench/Gpu/DeviceCode.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace quench {

/// Copies the kernels of a module into one of their own, where their parameters can change:
/// launches refer to them by these, and a module whose kernels cannot be compiled stays as it is.
/// Null without kernels.
mlir::OwningOpRef<mlir::ModuleOp> copyKernels(mlir::ModuleOp module);

/// Whether an operation loads or stores one element.
bool isElementAccess(mlir::Operation *op);

/// The numbers of parameters of a kernel, which must do nothing with buffers but what `isAccess`
/// knows.
mlir::FailureOr<KernelSignature>
readSignature(mlir::gpu::GPUFuncOp kernel,
              llvm::function_ref<bool(mlir::Operation *)> isAccess = isElementAccess);

/// Puts what the kernels of a module were compiled to in their place.
void replaceByBinary(mlir::ModuleOp module, llvm::StringRef bytes,
                     llvm::ArrayRef<KernelSignature> kernels, mlir::Attribute target,
                     mlir::gpu::CompilationTarget format);

} // namespace quench

#endif // QUENCH_LIB_GPU_KERNELBINARY_H

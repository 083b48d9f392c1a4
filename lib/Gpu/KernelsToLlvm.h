//===- KernelsToLlvm.h - Kernels for devices that LLVM compiles for -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What NVIDIA and AMD devices share: buffers become pointers to global memory, memory of a group is
// shared memory of static size, and functions are intrinsics of LLVM with instructions of their
// own, so that no library is linked.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_KERNELSTOLLVM_H
#define QUENCH_LIB_GPU_KERNELSTOLLVM_H

#include "KernelBinary.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/Pass.h"

#include <functional>

namespace quench {

struct LlvmDevice {
  /// Makes `sum` plus the products of four signed bytes with four unsigned ones; the last value
  /// says whether these are below 128.
  std::function<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::Value signedBytes,
                            mlir::Value unsignedBytes, mlir::Value sum, bool isBelow128)>
      dot;
  /// Converts a `gpu.module`.
  std::function<std::unique_ptr<mlir::Pass>()> conversion;
  /// Says what is compiled for.
  mlir::Attribute target;
};

/// Registers what the conversions of both need to know of the dialects of kernels, so that no tool
/// has to.
void registerKernelConversions(mlir::DialectRegistry &registry);

/// Replaces the kernels of a module by a binary with their assembly.
mlir::LogicalResult compileKernels(mlir::ModuleOp module, const LlvmDevice &device);

/// Whether no byte of four packed ones is above 127.
bool areBytesBelow128(mlir::Value bytes);

} // namespace quench

#endif // QUENCH_LIB_GPU_KERNELSTOLLVM_H

//===- KernelCallBufferization.h - Bufferization of kernel calls -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_KERNELCALLBUFFERIZATION_H
#define QUENCH_CODEGEN_KERNELCALLBUFFERIZATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quench {

/// Lets one-shot bufferization turn `quench.kernel_call` on tensors into the same call on buffers,
/// with the destinations written in place.
void registerKernelCallBufferization(mlir::DialectRegistry &registry);

} // namespace quench

#endif // QUENCH_CODEGEN_KERNELCALLBUFFERIZATION_H

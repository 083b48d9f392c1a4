//===- DeviceCode.h - Compiled kernels of a module -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GPU_DEVICECODE_H
#define QUENCH_GPU_DEVICECODE_H

#include "quench/Device/Device.h"

#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace quench {

/// Kernels for a device, as one binary: a SPIR-V module for Vulkan.
struct DeviceCode {
  std::string binary;
  std::vector<KernelSignature> kernels;

  bool empty() const { return kernels.empty(); }
};

/// The external symbol that holds the handle of a kernel.
std::string kernelSymbol(llvm::StringRef kernel);

/// Takes the binary of the kernels out of a module; empty if there are none.
DeviceCode takeDeviceCode(mlir::ModuleOp module);

/// On the `gpu.binary`: for each kernel, by its name, its numbers of buffers and of sizes.
inline constexpr llvm::StringLiteral kKernelTable = "quench.kernels";

} // namespace quench

#endif // QUENCH_GPU_DEVICECODE_H

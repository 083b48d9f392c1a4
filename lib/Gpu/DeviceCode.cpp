//===- DeviceCode.cpp - Compiled kernels of a module -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/DeviceCode.h"

#include "quench/Gpu/GpuKernelBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

std::string quench::kernelSymbol(StringRef kernel) { return ("quench_kernel_" + kernel).str(); }

DeviceCode quench::takeDeviceCode(ModuleOp module) {
  DeviceCode code;
  auto binary = module.lookupSymbol<gpu::BinaryOp>(kGpuModule);
  if (!binary) {
    return code;
  }
  code.binary = cast<gpu::ObjectAttr>(binary.getObjects()[0]).getObject().getValue().str();
  if (auto table = binary->getAttrOfType<DictionaryAttr>(kKernelTable)) {
    for (NamedAttribute entry : table) {
      ArrayRef<int64_t> counts = cast<DenseI64ArrayAttr>(entry.getValue()).asArrayRef();
      code.kernels.push_back({entry.getName().str(), counts[0], counts[1]});
    }
  }
  binary.erase();
  return code;
}

//===- KernelBinary.cpp - Kernels from gpu.func to gpu.binary -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBinary.h"

#include "quench/Gpu/GpuKernelBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace quench;

OwningOpRef<ModuleOp> quench::copyKernels(ModuleOp module) {
  auto kernels = module.lookupSymbol<gpu::GPUModuleOp>(kGpuModule);
  if (!kernels) {
    return {};
  }
  OwningOpRef<ModuleOp> apart = ModuleOp::create(kernels.getLoc());
  OpBuilder::atBlockEnd(apart->getBody()).clone(*kernels);
  return apart;
}

bool quench::isElementAccess(Operation *op) { return isa<memref::LoadOp, memref::StoreOp>(op); }

FailureOr<KernelSignature> quench::readSignature(gpu::GPUFuncOp kernel,
                                                 llvm::function_ref<bool(Operation *)> isAccess) {
  KernelSignature signature{kernel.getName().str()};
  for (BlockArgument argument : kernel.getArguments()) {
    if (!isa<MemRefType>(argument.getType())) {
      ++signature.sizes;
      continue;
    }
    ++signature.buffers;
    for (Operation *user : argument.getUsers()) {
      if (!isAccess(user)) {
        return user->emitOpError("expected kernels to load and store elements of buffers only");
      }
    }
  }
  return signature;
}

void quench::replaceByBinary(ModuleOp module, StringRef bytes, ArrayRef<KernelSignature> kernels,
                             Attribute target, gpu::CompilationTarget format) {
  module.lookupSymbol<gpu::GPUModuleOp>(kGpuModule).erase();
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<NamedAttribute> entries;
  for (const KernelSignature &kernel : kernels) {
    entries.push_back(
        b.getNamedAttr(kernel.name, b.getDenseI64ArrayAttr({kernel.buffers, kernel.sizes})));
  }
  auto object = gpu::ObjectAttr::get(b.getContext(), target, format, b.getStringAttr(bytes),
                                     /*properties=*/nullptr, /*kernels=*/nullptr);
  auto binary = gpu::BinaryOp::create(b, module.getLoc(), kGpuModule,
                                      /*offloadingHandler=*/nullptr, b.getArrayAttr({object}));
  binary->setAttr(kKernelTable, b.getDictionaryAttr(entries));
}

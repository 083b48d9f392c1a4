//===- KernelsToPtx.cpp - Compile kernels to PTX -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelsToLlvm.h"

#include "quench/Gpu/MatrixFragment.h"
#include "quench/Gpu/Passes.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"

namespace quench {
#define GEN_PASS_DEF_KERNELSTOPTXPASS
#include "quench/Gpu/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

/// `dp4a`
static Value dot(ImplicitLocOpBuilder &b, Value signedBytes, Value unsignedBytes, Value sum, bool) {
  Type bytes = VectorType::get({4}, b.getI8Type());
  Value lhs = LLVM::BitcastOp::create(b, bytes, signedBytes);
  Value rhs = LLVM::BitcastOp::create(b, bytes, unsignedBytes);
  return NVVM::DotAccumulate4WayOp::create(b, b.getI32Type(), lhs, NVVM::DotAccumulateType::SIGNED,
                                           rhs, NVVM::DotAccumulateType::UNSIGNED, sum);
}

/// Products of eight-bit floats, and those of a warpgroup of unsigned with signed bytes, came with
/// version 8.4 of PTX, later than the first chips that have them. Newer chips have newer versions.
static StringRef featuresFor(ModuleOp module, StringRef chip) {
  if (chip == "sm_90a") {
    return "+ptx84";
  }
  bool multipliesByteFloats = false;
  module.walk([&](LLVM::CallIntrinsicOp call) {
    multipliesByteFloats |= llvm::any_of(MatrixFragment::all(), [&](const MatrixFragment &each) {
      return each.element == MatrixElement::ByteFloat && each.intrinsic == call.getIntrin();
    });
  });
  return multipliesByteFloats && (chip == "sm_89" || chip == "sm_90") ? "+ptx84" : "";
}

namespace {
struct KernelsToPtxPass : quench::impl::KernelsToPtxPassBase<KernelsToPtxPass> {
  using Base::Base;

  void getDependentDialects(DialectRegistry &registry) const override {
    KernelsToPtxPassBase::getDependentDialects(registry);
    registerKernelConversions(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerGPUDialectTranslation(registry);
    registerNVVMDialectTranslation(registry);
    NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  }

  void runOnOperation() override {
    FailureOr<Target> target = getTarget(getOperation());
    if (failed(target)) {
      return signalPassFailure();
    }
    LlvmDevice device;
    device.dot = dot;
    device.conversion = [] { return createConvertGpuOpsToNVVMOps(); };
    device.target =
        NVVM::NVVMTargetAttr::get(&getContext(), /*optLevel=*/3, "nvptx64-nvidia-cuda",
                                  target->chip, featuresFor(getOperation(), target->chip));
    if (failed(compileKernels(getOperation(), device))) {
      signalPassFailure();
    }
  }
};
} // namespace

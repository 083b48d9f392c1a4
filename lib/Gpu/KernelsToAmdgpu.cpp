//===- KernelsToAmdgpu.cpp - Compile kernels to assembly of AMD devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelsToLlvm.h"

#include "quench/Gpu/Passes.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Conversion/GPUToROCDL/GPUToROCDLPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Target/LLVM/ROCDL/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/ROCDL/ROCDLToLLVMIRTranslation.h"

namespace quench {
#define GEN_PASS_DEF_KERNELSTOAMDGPUPASS
#include "quench/Gpu/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static Value constant(ImplicitLocOpBuilder &b, int64_t value, unsigned bits = 32) {
  return arith::ConstantIntOp::create(b, value, bits);
}

static Value callIntrinsic(ImplicitLocOpBuilder &b, StringRef name, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, b.getI32Type(), b.getStringAttr(name), operands)
      ->getResult(0);
}

/// `v_dot4_i32_iu8`, for bytes of either sign, from gfx11 on.
static Value mixedDot(ImplicitLocOpBuilder &b, Value signedBytes, Value unsignedBytes, Value sum,
                      bool) {
  Value yes = constant(b, 1, 1), no = constant(b, 0, 1);
  return callIntrinsic(b, "llvm.amdgcn.sudot4", {yes, signedBytes, no, unsignedBytes, sum, no});
}

/// `v_dot4_i32_i8`, for signed bytes. With w = (w - 128) + 128, sum w x is a sum of signed products
/// and 128 sum x.
static Value signedDot(ImplicitLocOpBuilder &b, Value signedBytes, Value unsignedBytes, Value sum,
                       bool isBelow128) {
  Value no = constant(b, 0, 1);
  auto dot = [&](Value bytes, Value start) {
    return callIntrinsic(b, "llvm.amdgcn.sdot4", {signedBytes, bytes, start, no});
  };
  if (isBelow128) {
    return dot(unsignedBytes, sum);
  }
  Value less = arith::XOrIOp::create(b, unsignedBytes, constant(b, int32_t(0x80808080u)));
  Value ofActivations = dot(constant(b, 0x01010101), constant(b, 0));
  Value rest = arith::ShLIOp::create(b, ofActivations, constant(b, 7));
  return arith::AddIOp::create(b, dot(less, sum), rest);
}

namespace {
struct KernelsToAmdgpuPass : quench::impl::KernelsToAmdgpuPassBase<KernelsToAmdgpuPass> {
  using Base::Base;

  void getDependentDialects(DialectRegistry &registry) const override {
    KernelsToAmdgpuPassBase::getDependentDialects(registry);
    registerKernelConversions(registry);
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerGPUDialectTranslation(registry);
    registerROCDLDialectTranslation(registry);
    ROCDL::registerROCDLTargetInterfaceExternalModels(registry);
  }

  void runOnOperation() override {
    FailureOr<Target> target = getTarget(getOperation());
    if (failed(target)) {
      return signalPassFailure();
    }
    StringRef chip = target->chip;
    LlvmDevice device;
    device.dot = chip.starts_with("gfx9") ? signedDot : mixedDot;
    device.conversion = [&] {
      ConvertGpuOpsToROCDLOpsOptions options;
      options.chipset = chip.str();
      return createConvertGpuOpsToROCDLOps(options);
    };
    device.target =
        ROCDL::ROCDLTargetAttr::get(&getContext(), /*optLevel=*/3, "amdgcn-amd-amdhsa", chip);
    if (failed(compileKernels(getOperation(), device))) {
      signalPassFailure();
    }
  }
};
} // namespace

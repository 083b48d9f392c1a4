//===- SelectKernels.cpp - Replace operations by calls of kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a legalized model on tensors. Output: `quench.kernel_call`s of kernels emitted into the
// module. What no kernel computes is left alone and reported.
//
//===----------------------------------------------------------------------===//

#include "KernelSelector.h"

#include "quench/Codegen/Passes.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/ArmNeon/ArmNeonDialect.h"
#include "mlir/Dialect/ArmSME/IR/ArmSME.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "quench-select-kernels"

namespace quench {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

bool KernelSelector::select(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](ContractOp op) { return selectContract(op); })
      .Case([&](nn::LinearOp op) { return selectLinear(op); })
      .Case([&](nn::RMSNormOp op) { return selectRMSNorm(op); })
      .Case([&](nn::SiLUOp op) { return selectSiLU(op); })
      .Case([&](arith::MulFOp op) { return selectMul(op); })
      .Case([&](arith::AddFOp op) { return selectAdd(op); })
      .Case([&](arith::ExtFOp op) { return selectRounded(op); })
      .Case([&](nn::RotaryTableOp op) { return selectRotaryTable(op); })
      .Case([&](nn::RotaryEmbeddingOp op) { return selectRotary(op); })
      .Case([&](nn::AttentionOp op) { return selectAttention(op); })
      .Case([&](nn::CacheUpdateOp op) { return selectCacheUpdate(op); })
      .Case([&](nn::EmbeddingOp op) { return selectEmbedding(op); })
      .Case([&](ChangeBasisOp op) { return selectChangeBasis(op); })
      .Case([&](DequantizeOp op) { return selectDequantize(op); })
      .Case([&](PackRowsOp op) { return selectPackRows(op); })
      .Case([&](nn::UnfoldOp op) { return selectUnfold(op); })
      .Case([&](nn::DepthwiseConvOp op) { return selectDepthwise(op); })
      .Default([](Operation *) { return false; });
}

namespace {
struct SelectKernelsPass : quench::impl::SelectKernelsPassBase<SelectKernelsPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void SelectKernelsPass::runOnOperation() {
  FailureOr<Target> found = getTarget(getOperation());
  if (failed(found)) {
    return signalPassFailure();
  }
  SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
  for (func::FuncOp function : functions) {
    if (!function.isExternal()) {
      KernelSelector(function, *found).run();
    }
  }
}

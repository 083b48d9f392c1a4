//===- SelectGpuKernels.cpp - Replace operations by calls of kernels of a device -*- C++ -*-===//
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

#include "GpuKernelSelector.h"

#include "quench/Gpu/GpuNetworkKernels.h"
#include "quench/Gpu/Passes.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "quench-select-gpu-kernels"

namespace quench {
#define GEN_PASS_DEF_SELECTGPUKERNELSPASS
#include "quench/Gpu/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static bool hasFloatRows(Value value) {
  return hasStaticRows(value) && typeOf(value).getElementType().isF32();
}

bool GpuKernelSelector::select(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](ContractOp op) { return selectContract(op); })
      .Case([&](nn::LinearOp op) { return selectLinear(op); })
      .Case([&](nn::RMSNormOp op) { return selectRMSNorm(op); })
      .Case([&](nn::SiLUOp op) { return selectSiLU(op); })
      .Case([&](arith::MulFOp op) { return selectMul(op); })
      .Case([&](arith::AddFOp op) { return selectAdd(op); })
      .Case([&](nn::RotaryTableOp op) { return selectRotaryTable(op); })
      .Case([&](nn::RotaryEmbeddingOp op) { return selectRotary(op); })
      .Case([&](nn::AttentionOp op) { return selectAttention(op); })
      .Case([&](nn::CacheUpdateOp op) { return selectCacheUpdate(op); })
      .Case([&](nn::EmbeddingOp op) { return selectEmbedding(op); })
      .Default([](Operation *) { return false; });
}

Value GpuKernelSelector::place(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!constant || !type) {
    return value;
  }
  // All memory that is allocated is the device's.
  return bufferization::AllocTensorOp::create(b, type, ValueRange(), value);
}

bool GpuKernelSelector::selectRMSNorm(nn::RMSNormOp op) {
  if (!isFloatMatrix(op.getInput())) {
    return false;
  }
  SmallVector<Value> inputs(op->getOperands());
  auto kernel = getOrCreateGpuRMSNorm(module, typeOf(op.getInput()).getDimSize(1),
                                      op.getEpsilon().convertToFloat(), op.getGain() != nullptr);
  return replaceByCall(op, kernel, inputs, op.getInput());
}

bool GpuKernelSelector::selectSiLU(nn::SiLUOp op) {
  if (!isFloatMatrix(op.getInput())) {
    return false;
  }
  if (op->hasOneUse() && isa<arith::MulFOp>(*op->user_begin())) {
    return leaveToUsers(op);
  }
  auto kernel =
      getOrCreateGpuPointwise(module, GpuPointwise::SiLU, typeOf(op.getInput()).getDimSize(1));
  return replaceByCall(op, kernel, op.getInput(), op.getInput());
}

bool GpuKernelSelector::selectMul(arith::MulFOp op) {
  for (auto [gate, other] :
       {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
    auto silu = gate.getDefiningOp<nn::SiLUOp>();
    if (silu && silu->hasOneUse() && isFloatMatrix(gate)) {
      auto kernel =
          getOrCreateGpuPointwise(module, GpuPointwise::SiLUMul, typeOf(gate).getDimSize(1));
      return replaceByCall(op, kernel, {silu.getInput(), other}, other);
    }
  }
  return false;
}

bool GpuKernelSelector::selectAdd(arith::AddFOp op) {
  if (!isFloatMatrix(op.getLhs())) {
    return false;
  }
  auto kernel =
      getOrCreateGpuPointwise(module, GpuPointwise::Add, typeOf(op.getLhs()).getDimSize(1));
  return replaceByCall(op, kernel, {op.getLhs(), op.getRhs()}, op.getLhs());
}

bool GpuKernelSelector::selectRotaryTable(nn::RotaryTableOp op) {
  auto type = typeOf(op.getCosine());
  int64_t frequencies = typeOf(op.getFrequencies()).getDimSize(0);
  if (!type.isDynamicDim(0) || type.isDynamicDim(1) || frequencies <= 0) {
    return false;
  }
  auto empty = [&]() -> Value { return tensor::EmptyOp::create(b, type, op.getLength()); };
  op->replaceAllUsesWith(call(getOrCreateGpuRotaryTable(module, frequencies),
                              {op.getFrequencies(), op.getPosition()}, {empty(), empty()}));
  op->erase();
  return true;
}

bool GpuKernelSelector::selectRotary(nn::RotaryEmbeddingOp op) {
  if (!hasFloatRows(op.getInput()) || !hasFloatRows(op.getCosine())) {
    return false;
  }
  auto type = typeOf(op.getInput());
  auto kernel = getOrCreateGpuRotary(module, type.getDimSize(1), type.getDimSize(2));
  SmallVector<Value> inputs(op->getOperands());
  return replaceByCall(op, kernel, inputs, op.getInput());
}

bool GpuKernelSelector::selectAttention(nn::AttentionOp op) {
  if (!hasFloatRows(op.getQuery()) || !hasFloatRows(op.getKeys()) ||
      !typeOf(op.getKeys()).hasStaticShape()) {
    return false;
  }
  RankedTensorType query = typeOf(op.getQuery()), keys = typeOf(op.getKeys());
  GpuAttention kernel{query.getDimSize(1), keys.getDimSize(1), query.getDimSize(2),
                      keys.getDimSize(0), op.getScale().convertToFloat()};
  SmallVector<Value> inputs(op->getOperands());
  return replaceByCall(op, kernel.getOrCreate(module), inputs, op.getQuery());
}

bool GpuKernelSelector::selectCacheUpdate(nn::CacheUpdateOp op) {
  RankedTensorType cache = typeOf(op.getCache());
  if (!hasFloatRows(op.getInput()) || !cache.hasStaticShape() || cache.getRank() != 3) {
    return false;
  }
  auto kernel = getOrCreateGpuCacheUpdate(module, cache.getDimSize(0), cache.getDimSize(1),
                                          cache.getDimSize(2));
  op->replaceAllUsesWith(call(kernel, {op.getInput(), op.getPosition()}, op.getCache()));
  op->erase();
  return true;
}

bool GpuKernelSelector::selectEmbedding(nn::EmbeddingOp op) {
  if (!isa<RankedTensorType>(op.getTable().getType()) || !isFloatMatrix(op.getTable()) ||
      !typeOf(op.getTable()).hasStaticShape()) {
    return false;
  }
  RankedTensorType table = typeOf(op.getTable());
  auto kernel = getOrCreateGpuEmbedding(module, table.getDimSize(0), table.getDimSize(1));
  SmallVector<Value> inputs(op->getOperands());
  return replaceByCall(op, kernel, inputs, op.getTokens());
}

namespace {
struct SelectGpuKernelsPass : quench::impl::SelectGpuKernelsPassBase<SelectGpuKernelsPass> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<Target> found = getTarget(getOperation());
    if (failed(found)) {
      return signalPassFailure();
    }
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      if (!function.isExternal()) {
        GpuKernelSelector(function, *found).run();
      }
    }
  }
};
} // namespace

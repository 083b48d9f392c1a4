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

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

#define DEBUG_TYPE "quench-select-kernels"

namespace quench {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

bool quench::hasStaticRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 &&
         llvm::none_of(type.getShape().drop_front(), ShapedType::isDynamic) &&
         llvm::none_of(type.getShape().drop_front(), [](int64_t size) { return size == 0; });
}

bool quench::isFloatMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32() && hasStaticRows(value);
}

void KernelSelector::run() {
  SmallVector<Operation *> operations;
  function.walk([&](Operation *op) { operations.push_back(op); });
  llvm::SmallPtrSet<Operation *, 16> gone;
  for (Operation *op : operations) {
    b.setInsertionPoint(op);
    b.setLoc(op->getLoc());
    Location loc = op->getLoc();
    StringRef name = op->getName().getStringRef();
    // A silu may be taken along by the product behind it.
    auto dequantize = dyn_cast<DequantizeOp>(op);
    bool expected = isa<ContractOp, ChangeBasisOp>(op) ||
                    (name.starts_with("nn.") && !isa<nn::SiLUOp>(op)) ||
                    (dequantize && dequantize.getInput().getDefiningOp<QuantizeOp>());
    if (select(op)) {
      gone.insert(op);
    } else if (expected) {
      remark::missed(loc, remark::RemarkOpts::name("no-kernel").category(DEBUG_TYPE))
          << (name + " has no kernel for these types and is lowered to linalg").str();
    }
  }
  // Ops whose only users are gone.
  for (Operation *op : llvm::reverse(operations)) {
    if (!gone.contains(op) && op->use_empty() &&
        isa<QuantizeOp, DequantizeOp, UnpackRowsOp, OverlayOp, WeightOp, nn::SiLUOp>(op)) {
      op->erase();
    }
  }
}

bool KernelSelector::select(Operation *op) {
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
      .Case([&](ChangeBasisOp op) { return selectChangeBasis(op); })
      .Case([&](DequantizeOp op) { return selectDequantize(op); })
      .Case([&](PackRowsOp op) { return selectPackRows(op); })
      .Default([](Operation *) { return false; });
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Value KernelSelector::emptyLike(RankedTensorType type, Value like) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0)) {
    Value zero = arith::ConstantIndexOp::create(b, 0);
    sizes.push_back(tensor::DimOp::create(b, like, zero));
  }
  return tensor::EmptyOp::create(b, type, sizes);
}

SmallVector<Value> KernelSelector::call(func::FuncOp kernel, ValueRange inputs,
                                        ValueRange destinations) {
  auto call =
      KernelCallOp::create(b, destinations.getTypes(), kernel.getSymName(), inputs, destinations);
  return SmallVector<Value>(call.getResults());
}

bool KernelSelector::replaceByCall(Operation *op, func::FuncOp kernel, ValueRange inputs,
                                   Value like) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  op->replaceAllUsesWith(call(kernel, inputs, emptyLike(type, like)));
  op->erase();
  return true;
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

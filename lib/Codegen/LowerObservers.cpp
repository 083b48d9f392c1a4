//===- LowerObservers.cpp - Turn observers into calls of the host -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `quench.observe` on tensors. Output: calls of the external function `quench_observe`.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#define DEBUG_TYPE "quench-lower-observers"

namespace quench {
#define GEN_PASS_DEF_LOWEROBSERVERSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static void lower(ObserveOp op, func::FuncOp handler, int64_t index) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto type = cast<RankedTensorType>(op.getInput().getType());
  auto memref = MemRefType::get(type.getShape(), type.getElementType());
  Value buffer =
      bufferization::ToBufferOp::create(b, memref, op.getInput(), /*read_only=*/b.getUnitAttr());
  Type unranked = handler.getArgumentTypes()[1];
  Value argument = memref::CastOp::create(b, unranked, buffer);
  Value name = arith::ConstantIntOp::create(b, index, 64);
  func::CallOp::create(b, handler, ValueRange{name, argument});
  op.erase();
}

namespace {
struct LowerObserversPass : quench::impl::LowerObserversPassBase<LowerObserversPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void LowerObserversPass::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<ObserveOp> observers;
  module.walk([&](ObserveOp op) { observers.push_back(op); });
  if (observers.empty()) {
    return;
  }
  auto b = ImplicitLocOpBuilder::atBlockBegin(module.getLoc(), module.getBody());
  auto type = b.getFunctionType(
      {b.getI64Type(), UnrankedMemRefType::get(b.getF32Type(), /*memorySpace=*/{})}, {});
  auto handler = func::FuncOp::create(b, "quench_observe", type);
  handler.setPrivate();
  handler->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(), b.getUnitAttr());
  SmallVector<StringRef> names;
  for (ObserveOp op : observers) {
    names.push_back(op.getName());
  }
  handler->setAttr("quench.names", b.getStrArrayAttr(names));
  for (auto [index, op] : llvm::enumerate(observers)) {
    lower(op, handler, index);
  }
}

//===- PrepareFunction.cpp - Give a function buffers for arguments and results -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a function on tensors. Output: `quench_call`, which reads buffers, compares the shapes of
// its results with those of the buffers for them, and copies.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Codegen/FunctionInterface.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#define DEBUG_TYPE "quench-prepare-function"

namespace quench {
#define GEN_PASS_DEF_PREPAREFUNCTIONPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static MemRefType plainBuffer(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  return MemRefType::get(type.getShape(), type.getElementType());
}

static void readBuffers(Block &entry, ImplicitLocOpBuilder &b) {
  b.setInsertionPointToStart(&entry);
  for (BlockArgument argument : entry.getArguments()) {
    if (auto type = dyn_cast<RankedTensorType>(argument.getType())) {
      argument.setType(plainBuffer(type));
      auto tensor = bufferization::ToTensorOp::create(b, type, argument, b.getUnitAttr());
      argument.replaceAllUsesExcept(tensor, tensor);
    }
  }
}

/// The number of the first result whose shape is not that of its buffer, plus one; 0 if all fit.
static Value compareShapes(ImplicitLocOpBuilder &b, ValueRange results, ValueRange buffers) {
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantIntOp::create(b, value, 32);
  };
  Value status = constant(0);
  for (size_t i = results.size(); i-- > 0;) {
    auto type = cast<RankedTensorType>(results[i].getType());
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      if (type.isDynamicDim(axis)) {
        Value found = tensor::DimOp::create(b, results[i], axis);
        Value room = memref::DimOp::create(b, buffers[i], axis);
        Value differ = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, found, room);
        status = arith::SelectOp::create(b, differ, constant(static_cast<int32_t>(i) + 1), status);
      }
    }
  }
  return status;
}

static void writeResults(func::FuncOp function, ImplicitLocOpBuilder &b) {
  Block &entry = function.getBody().front();
  auto terminator = cast<func::ReturnOp>(entry.getTerminator());
  SmallVector<Value> results(terminator.getOperands()), buffers;
  for (Value result : results) {
    buffers.push_back(entry.addArgument(plainBuffer(result.getType()), function.getLoc()));
  }
  b.setInsertionPoint(terminator);
  Value status = compareShapes(b, results, buffers);
  Value zero = arith::ConstantIntOp::create(b, 0, 32);
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, status, zero);
  auto branch = scf::IfOp::create(b, fits, /*withElseRegion=*/false);
  b.setInsertionPointToStart(branch.thenBlock());
  for (auto [value, buffer] : llvm::zip_equal(results, buffers)) {
    auto store = bufferization::MaterializeInDestinationOp::create(b, Type(), value, buffer);
    store.setWritable(true);
    store.setRestrict(true);
  }
  terminator->setOperands(status);
}

namespace {
struct PrepareFunctionPass : quench::impl::PrepareFunctionPassBase<PrepareFunctionPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void PrepareFunctionPass::runOnOperation() {
  ModuleOp module = getOperation();
  llvm::Expected<FunctionInterface> interface = FunctionInterface::get(module, function);
  if (!interface) {
    module.emitError(llvm::toString(interface.takeError()));
    return signalPassFailure();
  }
  auto op = module.lookupSymbol<func::FuncOp>(function);
  ImplicitLocOpBuilder b(op.getLoc(), op.getContext());
  Block &entry = op.getBody().front();
  readBuffers(entry, b);
  writeResults(op, b);
  op.setType(b.getFunctionType(entry.getArgumentTypes(), {b.getI32Type()}));
  op.removeArgAttrsAttr();
  op.removeResAttrsAttr();
  op.setName(FunctionInterface::kCallFunction);
  op.setPublic();
}

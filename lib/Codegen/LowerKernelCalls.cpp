//===- LowerKernelCalls.cpp - Turn bufferized kernel calls into function calls -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `quench.kernel_call` on buffers. Output: `func.call`, with casts to the buffer types that
// kernels take.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

#define DEBUG_TYPE "quench-lower-kernel-calls"

namespace quench {
#define GEN_PASS_DEF_LOWERKERNELCALLSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static LogicalResult lowerCall(KernelCallOp op, SymbolTable &symbols) {
  auto kernel = symbols.lookup<func::FuncOp>(op.getKernel());
  if (!kernel || kernel.getNumArguments() != op->getNumOperands() || op->getNumResults() != 0) {
    return op.emitOpError("expected a bufferized call of a kernel with as many parameters");
  }
  OpBuilder builder(op);
  SmallVector<Value> operands;
  for (auto [operand, type] : llvm::zip_equal(op->getOperands(), kernel.getArgumentTypes())) {
    Value value = operand;
    if (value.getType() != type) {
      if (!memref::CastOp::areCastCompatible(value.getType(), type)) {
        return op.emitOpError() << "expected an operand that casts to " << type << ", found "
                                << value.getType();
      }
      value = memref::CastOp::create(builder, op.getLoc(), type, value);
    }
    operands.push_back(value);
  }
  func::CallOp::create(builder, op.getLoc(), kernel, operands);
  op.erase();
  return success();
}

namespace {
struct LowerKernelCallsPass : quench::impl::LowerKernelCallsPassBase<LowerKernelCallsPass> {
  using Base::Base;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    WalkResult result = getOperation().walk([&](KernelCallOp op) {
      return failed(lowerCall(op, symbols)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (result.wasInterrupted()) {
      signalPassFailure();
    }
  }
};
} // namespace

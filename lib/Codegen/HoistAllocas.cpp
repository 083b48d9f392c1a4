//===- HoistAllocas.cpp - Allocate stack buffers of loops once -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `memref.alloca`s of kernels inside loops, perhaps under `memref.alloca_scope`. Output: no
// scopes; the buffers stand at the start of the function.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

#define DEBUG_TYPE "quench-hoist-allocas"

namespace quench {
#define GEN_PASS_DEF_HOISTALLOCASPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;

/// Replaces a scope without results by its body.
static void dissolve(memref::AllocaScopeOp scope, IRRewriter &rewriter) {
  Block *body = &scope.getBodyRegion().front();
  Operation *terminator = body->getTerminator();
  rewriter.inlineBlockBefore(body, scope);
  rewriter.replaceOp(scope, terminator->getOperands());
  rewriter.eraseOp(terminator);
}

namespace {
struct HoistAllocasPass : quench::impl::HoistAllocasPassBase<HoistAllocasPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<memref::AllocaOp> allocas;
    SmallVector<memref::AllocaScopeOp> scopes;
    getOperation().walk([&](Operation *op) {
      if (auto alloca = dyn_cast<memref::AllocaOp>(op)) {
        allocas.push_back(alloca);
      } else if (auto scope = dyn_cast<memref::AllocaScopeOp>(op)) {
        scopes.push_back(scope);
      }
    });
    for (memref::AllocaOp alloca : allocas) {
      auto function = alloca->getParentOfType<FunctionOpInterface>();
      if (function && alloca->getNumOperands() == 0) {
        Block &entry = function.getFunctionBody().front();
        alloca->moveBefore(&entry, entry.begin());
      }
    }
    IRRewriter rewriter(&getContext());
    for (memref::AllocaScopeOp scope : scopes) {
      if (scope.getBodyRegion().hasOneBlock() &&
          scope.getBodyRegion().getOps<memref::AllocaOp>().empty()) {
        dissolve(scope, rewriter);
      }
    }
  }
};
} // namespace

//===- GuardParallel.cpp - Keep small loops on the calling thread -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `omp.parallel` around one loop nest, as convert-scf-to-openmp makes it. Output: the same
// with an `if` clause `upper - lower > step` on the outermost dimension.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/IR/BuiltinOps.h"

#define DEBUG_TYPE "quench-guard-parallel"

namespace quench {
#define GEN_PASS_DEF_GUARDPARALLELPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

/// The OpenMP region that follows in the block.
static omp::ParallelOp nextParallel(ForkIfOp op) {
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    if (auto parallel = dyn_cast<omp::ParallelOp>(next)) {
      return parallel;
    }
  }
  return {};
}

namespace {
struct GuardParallelPass : quench::impl::GuardParallelPassBase<GuardParallelPass> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([](ForkIfOp op) {
      omp::ParallelOp parallel = nextParallel(op);
      if (parallel && !parallel.getIfExpr()) {
        parallel.getIfExprMutable().assign(op.getCondition());
      }
      op.erase();
    });
  }
};
} // namespace

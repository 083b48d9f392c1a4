//===- GuardParallel.cpp - Keep single iterations on the calling thread -*- C++ -*-===//
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

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/IR/BuiltinOps.h"

#define DEBUG_TYPE "quench-guard-parallel"

namespace quench {
#define GEN_PASS_DEF_GUARDPARALLELPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;

static void guard(omp::ParallelOp parallel) {
  omp::LoopNestOp nest;
  parallel.walk([&](omp::LoopNestOp op) { nest = nest ? nest : op; });
  if (parallel.getIfExpr() || !nest || nest.getLoopUpperBounds().size() != 1) {
    return;
  }
  Value lower = nest.getLoopLowerBounds()[0], upper = nest.getLoopUpperBounds()[0];
  Value step = nest.getLoopSteps()[0];
  for (Value bound : {lower, upper, step}) {
    if (parallel.getRegion().isAncestor(bound.getParentRegion())) {
      return;
    }
  }
  OpBuilder builder(parallel);
  Location loc = parallel.getLoc();
  Value span = arith::SubIOp::create(builder, loc, upper, lower);
  Value several = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sgt, span, step);
  parallel.getIfExprMutable().assign(several);
}

namespace {
struct GuardParallelPass : quench::impl::GuardParallelPassBase<GuardParallelPass> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([](omp::ParallelOp parallel) { guard(parallel); });
  }
};
} // namespace

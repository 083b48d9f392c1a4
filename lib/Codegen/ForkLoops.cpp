//===- ForkLoops.cpp - Mark large parallel loops for several threads -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `scf.parallel` of ops that no kernel computes. Output: all dimensions but the innermost
// are one, which can be divided evenly, with `quench.fork_if` before it.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"

#include <numeric>

#define DEBUG_TYPE "quench-fork-loops"

namespace quench {
#define GEN_PASS_DEF_FORKLOOPSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

/// Operations that vector units do in a cycle, about.
constexpr int64_t kOpsPerCycle = 16;

/// Operations of one iteration, those of loops in it as often as they run, as far as that is known.
static int64_t countOps(Block &body) {
  int64_t count = 0;
  for (Operation &op : body.without_terminator()) {
    int64_t inner = 0;
    for (Region &region : op.getRegions()) {
      inner += region.empty() ? 0 : countOps(region.front());
    }
    auto loop = dyn_cast<scf::ForOp>(op);
    std::optional<APInt> trips = loop ? loop.getStaticTripCount() : std::nullopt;
    count += 1 + inner * (trips ? trips->getSExtValue() : 1);
  }
  return count;
}

/// Puts `quench.fork_if` before a loop.
static void markLoop(scf::ParallelOp loop) {
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  Value ops = arith::ConstantIndexOp::create(b, countOps(*loop.getBody()));
  for (auto [lower, upper, step] :
       llvm::zip_equal(loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
    Value extent = b.createOrFold<arith::SubIOp>(upper, lower);
    ops = b.createOrFold<arith::MulIOp>(ops, b.createOrFold<arith::CeilDivUIOp>(extent, step));
  }
  Value least = arith::ConstantIndexOp::create(b, kOpsPerCycle * KernelBuilder::kForkCycles);
  ForkIfOp::create(b, b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ugt, ops, least));
}

namespace {
struct ForkLoopsPass : quench::impl::ForkLoopsPassBase<ForkLoopsPass> {
  using Base::Base;

  void runOnOperation() override {
    // Kernels know best which of their loops to divide.
    if (getOperation().walk([](ForkIfOp) { return WalkResult::interrupt(); }).wasInterrupted()) {
      return;
    }
    SmallVector<scf::ParallelOp> deep;
    forOutermost([&](scf::ParallelOp loop) {
      if (loop.getNumLoops() > 2) {
        deep.push_back(loop);
      }
    });
    IRRewriter rewriter(&getContext());
    for (scf::ParallelOp loop : deep) {
      std::vector<unsigned> outer(loop.getNumLoops() - 1), inner = {loop.getNumLoops() - 1};
      std::iota(outer.begin(), outer.end(), 0);
      rewriter.setInsertionPoint(loop);
      collapseParallelLoops(rewriter, loop, {outer, inner});
    }
    forOutermost(markLoop);
  }

private:
  void forOutermost(function_ref<void(scf::ParallelOp)> action) {
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
      if (loop.getNumReductions() == 0) {
        action(loop);
      }
      return WalkResult::skip();
    });
  }
};
} // namespace

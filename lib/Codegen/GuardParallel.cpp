//===- GuardParallel.cpp - Keep small loops on the calling thread -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `quench.fork_if` before `scf.parallel`, in buffers. Output: the loop as a function of a
// range of its iterations, and an `scf.if` on the condition that calls it for one iteration at a
// time in the parallel loop, or once for all of them.
//
// Entering an OpenMP region costs about a microsecond even if its `if` clause is false, which is as
// much as a kernel takes on one token of a small model: the branch must be outside. The function
// keeps one copy of the code.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"

#define DEBUG_TYPE "quench-guard-parallel"

namespace quench {
#define GEN_PASS_DEF_GUARDPARALLELPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

/// The parallel loop that follows in the block.
static scf::ParallelOp nextParallel(ForkIfOp op) {
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    if (auto loop = dyn_cast<scf::ParallelOp>(next)) {
      return loop;
    }
  }
  return {};
}

namespace {
/// The iterations of a loop as a function of their range.
struct LoopFunction {
  func::FuncOp function;
  /// What the body takes from around the loop, the last parameters.
  SmallVector<Value> captured;

  void call(OpBuilder &builder, Location loc, ValueRange begin, ValueRange end) const {
    SmallVector<Value> arguments(begin);
    llvm::append_range(arguments, end);
    llvm::append_range(arguments, captured);
    func::CallOp::create(builder, loc, function, arguments);
  }
};
} // namespace

/// Moves the body of `loop` into a function `(begin…, end…, captured…)` of a nest of `scf.for`.
static LoopFunction outlineBody(scf::ParallelOp loop, SymbolTable &symbols) {
  Region &body = loop.getRegion();
  llvm::SetVector<Value> above;
  getUsedValuesDefinedAbove(body, above);
  above.insert_range(loop.getStep());
  SmallVector<Value> constants;
  LoopFunction result;
  for (Value value : above) {
    (matchPattern(value, m_Constant()) ? constants : result.captured).push_back(value);
  }

  ImplicitLocOpBuilder b(loop.getLoc(), loop.getContext());
  unsigned rank = loop.getNumLoops();
  SmallVector<Type> parameters(2 * rank, b.getIndexType());
  llvm::append_range(parameters, ValueRange(result.captured).getTypes());
  auto parent = loop->getParentOfType<func::FuncOp>();
  result.function = func::FuncOp::create(b, (parent.getName() + "_range").str(),
                                         b.getFunctionType(parameters, {}));
  result.function.setPrivate();
  symbols.insert(result.function, std::next(Block::iterator(parent)));

  Block *entry = result.function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  IRMapping mapping;
  mapping.map(result.captured, entry->getArguments().drop_front(2 * rank));
  for (Value constant : constants) {
    b.clone(*constant.getDefiningOp(), mapping);
  }
  SmallVector<Value> steps;
  for (Value step : loop.getStep()) {
    steps.push_back(mapping.lookup(step));
  }
  ValueRange bounds = entry->getArguments();
  scf::buildLoopNest(b, b.getLoc(), bounds.take_front(rank), bounds.slice(rank, rank), steps,
                     [&](OpBuilder &builder, Location, ValueRange indices) {
                       mapping.map(loop.getInductionVars(), indices);
                       for (Operation &op : body.front().without_terminator()) {
                         builder.clone(op, mapping);
                       }
                     });
  func::ReturnOp::create(b);
  return result;
}

/// Divides `loop` among threads only if `condition` holds.
static void guard(scf::ParallelOp loop, Value condition, SymbolTable &symbols) {
  LoopFunction outlined = outlineBody(loop, symbols);
  Location loc = loop.getLoc();
  OpBuilder builder(loop);
  auto branch = scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/true);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::ParallelOp::create(builder, loc, loop.getLowerBound(), loop.getUpperBound(), loop.getStep(),
                          [&](OpBuilder &inner, Location, ValueRange indices) {
                            Value one = arith::ConstantIndexOp::create(inner, loc, 1);
                            SmallVector<Value> ends;
                            for (Value index : indices) {
                              ends.push_back(arith::AddIOp::create(inner, loc, index, one));
                            }
                            outlined.call(inner, loc, indices, ends);
                          });
  builder.setInsertionPointToStart(branch.elseBlock());
  outlined.call(builder, loc, loop.getLowerBound(), loop.getUpperBound());
  loop.erase();
}

namespace {
struct GuardParallelPass : quench::impl::GuardParallelPassBase<GuardParallelPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<ForkIfOp> forks;
    getOperation().walk([&](ForkIfOp op) { forks.push_back(op); });
    SymbolTable symbols(getOperation());
    // Backwards, so that a nested loop has its guard before the loop around it is moved.
    for (ForkIfOp fork : llvm::reverse(forks)) {
      scf::ParallelOp loop = nextParallel(fork);
      if (loop && loop.getNumReductions() == 0 && loop->getParentOfType<func::FuncOp>()) {
        guard(loop, fork.getCondition(), symbols);
      }
      fork.erase();
    }
  }
};
} // namespace

//===- GuardParallel.cpp - Keep small loops on the calling thread -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `quench.fork_if` before `scf.parallel`, in buffers. Output: the loop as a function of a
// range of its iterations, and an `scf.if` on the condition: the range is divided among the crew of
// the call (see Crew.h), or run by one call. Functions that divide loops take the crew as their
// last parameter, and so do their callers.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Codegen/Crew.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
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
class LoopDivider {
public:
  explicit LoopDivider(ModuleOp module) : module(module), symbols(module) {}

  /// Divides `loop` among threads only if `condition` holds.
  void divide(scf::ParallelOp loop, Value condition);
  /// Hands the crew down from the callers of functions that take it.
  void passCrew();

private:
  /// Moves the body of `loop` into a function `(begin, end, captured…)`, for iterations of the
  /// outermost dimension counted from zero.
  func::FuncOp outline(scf::ParallelOp loop, SmallVectorImpl<Value> &captured);
  func::FuncOp addFunction(func::FuncOp after, const Twine &name, ArrayRef<Type> parameters);
  Value crewOf(func::FuncOp function);

  ModuleOp module;
  SymbolTable symbols;
  /// Functions with a crew, in the order in which they got it, and those that run on any thread.
  SmallVector<func::FuncOp> crewed;
  llvm::DenseSet<Operation *> ranges;
};
} // namespace

func::FuncOp LoopDivider::addFunction(func::FuncOp after, const Twine &name,
                                      ArrayRef<Type> parameters) {
  OpBuilder b(module.getContext());
  auto function =
      func::FuncOp::create(b, after.getLoc(), name.str(), b.getFunctionType(parameters, {}));
  function.setPrivate();
  symbols.insert(function, std::next(Block::iterator(after)));
  return function;
}

Value LoopDivider::crewOf(func::FuncOp function) {
  if (!function->hasAttr(Crew::kTakesCrew)) {
    OpBuilder b(function);
    (void)function.insertArgument(function.getNumArguments(),
                                  LLVM::LLVMPointerType::get(b.getContext()), {},
                                  function.getLoc());
    function->setAttr(Crew::kTakesCrew, b.getUnitAttr());
    crewed.push_back(function);
  }
  return function.getArguments().back();
}

func::FuncOp LoopDivider::outline(scf::ParallelOp loop, SmallVectorImpl<Value> &captured) {
  llvm::SetVector<Value> above;
  getUsedValuesDefinedAbove(loop.getRegion(), above);
  above.insert_range(loop.getLowerBound());
  above.insert_range(loop.getUpperBound().drop_front());
  above.insert_range(loop.getStep());
  SmallVector<Value> constants;
  for (Value value : above) {
    if (matchPattern(value, m_Constant())) {
      constants.push_back(value);
    } else {
      captured.push_back(value);
    }
  }
  ImplicitLocOpBuilder b(loop.getLoc(), loop.getContext());
  SmallVector<Type> parameters(2, b.getIndexType());
  llvm::append_range(parameters, ValueRange(captured).getTypes());
  auto parent = loop->getParentOfType<func::FuncOp>();
  func::FuncOp function = addFunction(parent, parent.getName() + "_range", parameters);
  ranges.insert(function);

  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  IRMapping mapping;
  mapping.map(captured, entry->getArguments().drop_front(2));
  for (Value constant : constants) {
    b.clone(*constant.getDefiningOp(), mapping);
  }
  auto mapped = [&](OperandRange values) {
    return llvm::map_to_vector(values, [&](Value value) { return mapping.lookup(value); });
  };
  SmallVector<Value> lower = mapped(loop.getLowerBound()), step = mapped(loop.getStep());
  // The first end is the parameter of the range instead.
  SmallVector<Value> upper = mapped(loop.getUpperBound().drop_front());
  Value one = arith::ConstantIndexOp::create(b, 1);
  auto outer = scf::ForOp::create(b, entry->getArgument(0), entry->getArgument(1), one);
  func::ReturnOp::create(b);
  b.setInsertionPoint(outer.getBody()->getTerminator());
  Value first = b.createOrFold<arith::MulIOp>(outer.getInductionVar(), step[0]);
  first = b.createOrFold<arith::AddIOp>(first, lower[0]);
  scf::buildLoopNest(b, b.getLoc(), ArrayRef(lower).drop_front(), upper,
                     ArrayRef(step).drop_front(),
                     [&](OpBuilder &builder, Location, ValueRange indices) {
                       SmallVector<Value> all = {first};
                       llvm::append_range(all, indices);
                       mapping.map(loop.getInductionVars(), all);
                       for (Operation &op : loop.getBody()->without_terminator()) {
                         builder.clone(op, mapping);
                       }
                     });
  return function;
}

void LoopDivider::divide(scf::ParallelOp loop, Value condition) {
  auto parent = loop->getParentOfType<func::FuncOp>();
  SmallVector<Value> captured;
  func::FuncOp range = outline(loop, captured);
  Value crew = crewOf(parent);
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  SmallVector<Type> parameters = {crew.getType(), b.getIndexType()};
  llvm::append_range(parameters, ValueRange(captured).getTypes());
  func::FuncOp divided = addFunction(range, parent.getName() + "_divide", parameters);
  divided->setAttr(Crew::kDivides, FlatSymbolRefAttr::get(range));

  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value extent =
      b.createOrFold<arith::SubIOp>(loop.getUpperBound().front(), loop.getLowerBound().front());
  extent = b.createOrFold<arith::MaxSIOp>(extent, zero);
  Value count = b.createOrFold<arith::CeilDivUIOp>(extent, loop.getStep().front());
  auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/true);
  b.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> arguments = {crew, count};
  llvm::append_range(arguments, captured);
  func::CallOp::create(b, divided, arguments);
  b.setInsertionPointToStart(branch.elseBlock());
  arguments[0] = zero;
  func::CallOp::create(b, range, arguments);
  loop.erase();
}

void LoopDivider::passCrew() {
  llvm::StringMap<SmallVector<func::CallOp>> callers;
  module.walk([&](func::CallOp call) { callers[call.getCallee()].push_back(call); });
  for (size_t i = 0; i < crewed.size(); ++i) {
    for (func::CallOp call : callers.lookup(crewed[i].getName())) {
      auto caller = call->getParentOfType<func::FuncOp>();
      OpBuilder b(call);
      // The threads of a range are at work already.
      bool isTask = ranges.contains(caller);
      Value crew =
          isTask
              ? Value(LLVM::ZeroOp::create(b, call.getLoc(), crewed[i].getArgumentTypes().back()))
              : crewOf(caller);
      call->insertOperands(call.getNumOperands(), crew);
    }
  }
}

namespace {
struct GuardParallelPass : quench::impl::GuardParallelPassBase<GuardParallelPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<ForkIfOp> forks;
    getOperation().walk([&](ForkIfOp op) { forks.push_back(op); });
    LoopDivider divider(getOperation());
    // From the back, so that the marks of nested loops, which stay serial, go before their loop.
    for (ForkIfOp fork : llvm::reverse(forks)) {
      scf::ParallelOp loop = nextParallel(fork);
      if (loop && loop.getNumReductions() == 0 && loop->getParentOfType<func::FuncOp>() &&
          !loop->getParentOfType<scf::ParallelOp>()) {
        divider.divide(loop, fork.getCondition());
      }
      fork.erase();
    }
    divider.passCrew();
  }
};
} // namespace

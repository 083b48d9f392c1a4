//===- PrepareEntry.cpp - Give the model a function on buffers -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: one `nn.causal_lm` function on tensors. Output: it is private and works on buffers that
// its caller owns; `quench_run` checks its arguments and calls it.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Codegen/EntryInterface.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#define DEBUG_TYPE "quench-prepare-entry"

namespace quench {
#define GEN_PASS_DEF_PREPAREENTRYPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static MemRefType plainBuffer(RankedTensorType type) {
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// Arguments become buffers, results are written into buffers: the caches into their own, the
/// logits into a new last argument.
static void useBuffers(func::FuncOp function) {
  Block &entry = function.getBody().front();
  ImplicitLocOpBuilder builder(function.getLoc(), function.getContext());
  builder.setInsertionPointToStart(&entry);
  SmallVector<Value> caches;
  for (BlockArgument argument : entry.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      continue;
    }
    bool isCache = argument.getArgNumber() >= EntryInterface::kFirstCache;
    argument.setType(plainBuffer(type));
    auto tensor = bufferization::ToTensorOp::create(builder, type, argument, builder.getUnitAttr(),
                                                    isCache ? builder.getUnitAttr() : UnitAttr());
    argument.replaceAllUsesExcept(tensor, tensor);
    if (isCache) {
      caches.push_back(argument);
    }
  }
  auto logits = cast<RankedTensorType>(function.getResultTypes()[0]);
  Value destination = entry.addArgument(plainBuffer(logits), function.getLoc());
  auto terminator = cast<func::ReturnOp>(entry.getTerminator());
  builder.setInsertionPoint(terminator);
  SmallVector<Value> destinations = {destination};
  destinations.append(caches);
  for (auto [value, buffer] : llvm::zip_equal(terminator.getOperands(), destinations)) {
    auto store = bufferization::MaterializeInDestinationOp::create(builder, Type(), value, buffer);
    store.setWritable(true);
    store.setRestrict(true);
  }
  terminator->setOperands({});
  function.setType(builder.getFunctionType(entry.getArgumentTypes(), {}));
  function.removeArgAttrsAttr();
  function.removeResAttrsAttr();
  function.setPrivate();
}

/// The first failed check of the arguments, 0 if there is none.
static Value checkArguments(ImplicitLocOpBuilder &b, const EntryInterface &interface, Value tokens,
                            Value position, Value first) {
  auto constant = [&](int32_t value) -> Value {
    return arith::ConstantIntOp::create(b, value, 32);
  };
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value count = memref::DimOp::create(b, tokens, 0);
  Value vocabulary = constant(static_cast<int32_t>(interface.model.vocabSize));
  auto scan = scf::ForOp::create(
      b, zero, count, one, ValueRange{constant(0)},
      [&](OpBuilder &nested, Location loc, Value index, ValueRange carried) {
        ImplicitLocOpBuilder inner(loc, nested);
        Value token = memref::LoadOp::create(inner, tokens, index);
        // Unsigned, so that negative tokens are outside too.
        Value outside = arith::CmpIOp::create(inner, arith::CmpIPredicate::uge, token, vocabulary);
        Value code = arith::ConstantIntOp::create(inner, EntryInterface::kBadToken, 32);
        Value next = arith::SelectOp::create(inner, outside, code, carried[0]);
        scf::YieldOp::create(inner, next);
      });
  Value status = scan.getResult(0);
  auto failIf = [&](Value condition, int32_t code) {
    status = arith::SelectOp::create(b, condition, constant(code), status);
  };
  Value capacity = arith::ConstantIndexOp::create(b, interface.model.maxPositions);
  Value end = arith::AddIOp::create(b, position, count);
  Value tooMany = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, end, capacity);
  Value tooFar = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, position, capacity);
  failIf(arith::OrIOp::create(b, tooMany, tooFar), EntryInterface::kCacheFull);
  failIf(arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, first, count),
         EntryInterface::kBadFirst);
  return status;
}

static void addRunFunction(ModuleOp module, func::FuncOp body, const EntryInterface &interface) {
  ImplicitLocOpBuilder b(body.getLoc(), module.getContext());
  b.setInsertionPointToEnd(module.getBody());
  Type index = b.getIndexType();
  auto tokensType = cast<MemRefType>(body.getArgumentTypes().front());
  auto logitsType = cast<MemRefType>(body.getArgumentTypes().back());
  auto stateType = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
  auto type =
      b.getFunctionType({tokensType, index, index, stateType, logitsType}, {b.getI32Type()});
  auto run = func::FuncOp::create(b, EntryInterface::kRunFunction, type);
  run->setAttr(EntryInterface::kStateBytes, b.getI64IntegerAttr(interface.stateBytes));
  Block *entry = run.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  Value tokens = entry->getArgument(0), position = entry->getArgument(1);
  Value first = entry->getArgument(2), state = entry->getArgument(3);
  Value status = checkArguments(b, interface, tokens, position, first);
  Value zero = arith::ConstantIntOp::create(b, 0, 32);
  Value isGood = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, status, zero);
  auto branch = scf::IfOp::create(b, isGood, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    SmallVector<Value> arguments = {tokens, position, first};
    for (auto [offset, cache] : llvm::zip_equal(
             interface.cacheOffsets,
             body.getArgumentTypes().drop_front(EntryInterface::kFirstCache).drop_back())) {
      Value at = arith::ConstantIndexOp::create(b, offset);
      arguments.push_back(
          memref::ViewOp::create(b, cast<MemRefType>(cache), state, at, ValueRange{}));
    }
    arguments.push_back(entry->getArgument(4));
    func::CallOp::create(b, body, arguments);
  }
  func::ReturnOp::create(b, status);
}

namespace {
struct PrepareEntryPass : quench::impl::PrepareEntryPassBase<PrepareEntryPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void PrepareEntryPass::runOnOperation() {
  llvm::Expected<EntryInterface> interface = EntryInterface::get(getOperation());
  if (!interface) {
    getOperation().emitError(llvm::toString(interface.takeError()));
    return signalPassFailure();
  }
  func::FuncOp function = interface->model.function;
  useBuffers(function);
  addRunFunction(getOperation(), function, *interface);
}

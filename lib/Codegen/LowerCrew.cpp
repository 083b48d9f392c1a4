//===- LowerCrew.cpp - Hand loops to the crew of a call -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: the LLVM dialect, with declarations that quench-guard-parallel marked `quench.divides`.
// Output: each is defined: it stores what the loop captures in an environment on its stack and lets
// the crew run a task that reads it from there.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Codegen/Crew.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#define DEBUG_TYPE "quench-lower-crew"

namespace quench {
#define GEN_PASS_DEF_LOWERCREWPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

/// Where captured value `index` is in an environment.
static Value fieldOf(ImplicitLocOpBuilder &b, Type environmentType, Value environment,
                     size_t index) {
  return LLVM::GEPOp::create(b, environment.getType(), environmentType, environment,
                             ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index)});
}

/// `void(environment, begin, end)`, which calls `range(begin, end, captured…)`.
static LLVM::LLVMFuncOp createTask(LLVM::LLVMFuncOp range, Type environmentType) {
  ImplicitLocOpBuilder b(range.getLoc(), range.getContext());
  b.setInsertionPointAfter(range);
  Type pointer = LLVM::LLVMPointerType::get(b.getContext()), i64 = b.getI64Type();
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {pointer, i64, i64});
  auto task =
      LLVM::LLVMFuncOp::create(b, (range.getName() + "_task").str(), type, LLVM::Linkage::Internal);
  Block *entry = task.addEntryBlock(b);
  b.setInsertionPointToEnd(entry);
  SmallVector<Value> arguments = {entry->getArgument(1), entry->getArgument(2)};
  for (auto [index, field] : llvm::enumerate(range.getArgumentTypes().drop_front(2))) {
    Value address = fieldOf(b, environmentType, entry->getArgument(0), index);
    arguments.push_back(LLVM::LoadOp::create(b, field, address));
  }
  LLVM::CallOp::create(b, range, arguments);
  LLVM::ReturnOp::create(b, ValueRange());
  return task;
}

/// Whether the one takes a crew and a count where the other takes a range, and the same beside
/// them.
static bool divides(LLVM::LLVMFuncOp divide, LLVM::LLVMFuncOp range) {
  ArrayRef<Type> whole = divide.getArgumentTypes(), part = range.getArgumentTypes();
  return whole.size() >= 2 && part.size() >= 2 && whole.drop_front(2) == part.drop_front(2) &&
         isa<LLVM::LLVMPointerType>(whole[0]) && whole[1].isInteger(64) && part[0].isInteger(64) &&
         part[1].isInteger(64) && divide.getResultTypes() == range.getResultTypes() &&
         isa<LLVM::LLVMVoidType>(range.getFunctionType().getReturnType());
}

static void define(LLVM::LLVMFuncOp divide, LLVM::LLVMFuncOp range, LLVM::LLVMFuncOp divideWith) {
  ImplicitLocOpBuilder b(divide.getLoc(), divide.getContext());
  auto environmentType =
      LLVM::LLVMStructType::getLiteral(b.getContext(), range.getArgumentTypes().drop_front(2));
  LLVM::LLVMFuncOp task = createTask(range, environmentType);
  divide.setLinkage(LLVM::Linkage::Internal);
  Block *entry = divide.addEntryBlock(b);
  Block *alone = b.createBlock(&divide.getBody(), divide.getBody().end());
  Block *together = b.createBlock(&divide.getBody(), divide.getBody().end());
  Value crew = entry->getArgument(0), count = entry->getArgument(1);
  ValueRange captured = ValueRange(entry->getArguments()).drop_front(2);

  b.setInsertionPointToEnd(entry);
  Type pointer = crew.getType(), i64 = count.getType();
  Value one = LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(1));
  Value environment = LLVM::AllocaOp::create(b, pointer, environmentType, one);
  Value null = LLVM::ZeroOp::create(b, pointer);
  Value hasCrew = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::ne, crew, null);
  LLVM::CondBrOp::create(b, hasCrew, together, alone);

  b.setInsertionPointToEnd(alone);
  SmallVector<Value> all = {LLVM::ConstantOp::create(b, i64, b.getI64IntegerAttr(0)), count};
  llvm::append_range(all, captured);
  LLVM::CallOp::create(b, range, all);
  LLVM::ReturnOp::create(b, ValueRange());

  b.setInsertionPointToEnd(together);
  for (auto [index, value] : llvm::enumerate(captured)) {
    LLVM::StoreOp::create(b, value, fieldOf(b, environmentType, environment, index));
  }
  Value address = LLVM::AddressOfOp::create(b, task);
  LLVM::CallOp::create(b, divideWith, ValueRange{crew, address, environment, count});
  LLVM::ReturnOp::create(b, ValueRange());
}

namespace {
struct LowerCrewPass : quench::impl::LowerCrewPassBase<LowerCrewPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void LowerCrewPass::runOnOperation() {
  FailureOr<Target> found = getTarget(getOperation());
  if (failed(found)) {
    return signalPassFailure();
  }
  SymbolTable symbols(getOperation());
  SmallVector<std::pair<LLVM::LLVMFuncOp, LLVM::LLVMFuncOp>> divided;
  for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
    if (!function->hasAttr(Crew::kDivides)) {
      continue;
    }
    auto name = function->getAttrOfType<FlatSymbolRefAttr>(Crew::kDivides);
    auto range = name ? symbols.lookup<LLVM::LLVMFuncOp>(name.getValue()) : LLVM::LLVMFuncOp();
    if (!range || !function.isExternal() || !divides(function, range)) {
      function.emitOpError() << "expected a declaration (pointer, i64, captured...), and "
                             << Crew::kDivides
                             << " to name a function (i64, i64, captured...) without results";
      return signalPassFailure();
    }
    divided.emplace_back(function, range);
  }
  if (divided.empty()) {
    return;
  }
  Crew::addFunctions(getOperation(), *found);
  auto divideWith = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(Crew::kDivideFunction);
  for (auto [function, range] : divided) {
    define(function, range, divideWith);
  }
}

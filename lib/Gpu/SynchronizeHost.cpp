//===- SynchronizeHost.cpp - Wait for kernels before buffers are touched -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/GpuKernelBuilder.h"
#include "quench/Gpu/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace quench {
#define GEN_PASS_DEF_SYNCHRONIZEHOSTPASS
#include "quench/Gpu/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {
class Synchronizer {
public:
  explicit Synchronizer(ModuleOp module) : module(module), symbols(module) {}

  void run(func::FuncOp function) {
    for (Block &block : function.getBody()) {
      bool pending = visit(block, function.getBlocks().size() > 1 && launches(function));
      if (pending && isa<func::ReturnOp>(block.getTerminator())) {
        wait(block.getTerminator());
      }
    }
  }

private:
  bool isLauncher(Operation *op) {
    auto call = dyn_cast<func::CallOp>(op);
    auto callee = call ? symbols.lookup<func::FuncOp>(call.getCallee()) : func::FuncOp();
    return callee && callee->hasAttr(kLaunches);
  }

  bool launches(Operation *op) {
    return op
        ->walk([&](Operation *inner) {
          return isLauncher(inner) ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// Whether the operation alone reads or writes memory, or may. What it allocates and frees is the
  /// runtime's concern.
  static bool touchesMemory(Operation *op) {
    if (isa<func::CallOp>(op)) {
      return true;
    }
    if (auto effects = dyn_cast<MemoryEffectOpInterface>(op)) {
      SmallVector<MemoryEffects::EffectInstance> instances;
      effects.getEffects(instances);
      return llvm::any_of(instances, [](const MemoryEffects::EffectInstance &instance) {
        return isa<MemoryEffects::Read, MemoryEffects::Write>(instance.getEffect());
      });
    }
    return !op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() &&
           !op->hasTrait<OpTrait::IsTerminator>();
  }

  static bool touchesMemoryWithin(Operation *op) {
    return op
        ->walk([&](Operation *inner) {
          return touchesMemory(inner) ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// Inserts waits into a block that is entered with or without launches to wait for. Returns
  /// whether there are some at its end.
  bool visit(Block &block, bool pending) {
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (isLauncher(&op)) {
        pending = true;
      } else if (launches(&op)) {
        // A loop comes back to its beginning with what it launched.
        for (Region &region : op.getRegions()) {
          for (Block &inner : region) {
            visit(inner, /*pending=*/true);
          }
        }
        pending = true;
      } else if (pending && touchesMemoryWithin(&op)) {
        wait(&op);
        pending = false;
      }
    }
    return pending;
  }

  void wait(Operation *before) {
    constexpr StringLiteral name = "mgpuStreamSynchronize";
    ImplicitLocOpBuilder b(before->getLoc(), module.getContext());
    Type pointer = LLVM::LLVMPointerType::get(b.getContext());
    auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
    if (!function) {
      b.setInsertionPointToStart(module.getBody());
      auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {pointer});
      function = LLVM::LLVMFuncOp::create(b, name, type);
    }
    b.setInsertionPoint(before);
    Value stream = LLVM::ZeroOp::create(b, pointer);
    LLVM::CallOp::create(b, function, stream);
  }

  ModuleOp module;
  SymbolTable symbols;
};

struct SynchronizeHostPass : quench::impl::SynchronizeHostPassBase<SynchronizeHostPass> {
  using Base::Base;

  void runOnOperation() override {
    Synchronizer synchronizer(getOperation());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function.isExternal() && !function->hasAttr(kLaunches)) {
        synchronizer.run(function);
      }
    }
  }
};
} // namespace

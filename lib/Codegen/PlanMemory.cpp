//===- PlanMemory.cpp - Let buffers of a function share memory -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: bufferized functions before deallocation. Output: one allocation for each dynamic size,
// and views of it.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

#define DEBUG_TYPE "quench-plan-memory"

namespace quench {
#define GEN_PASS_DEF_PLANMEMORYPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;

namespace {
constexpr int64_t kAlignment = 64;

/// A buffer that is placed: `[begin, end]` are positions in the block, `size` and `offset` bytes
/// for each unit of the dynamic size, multiples of the alignment.
struct Placement {
  memref::AllocOp alloc;
  int64_t begin;
  int64_t end;
  int64_t size;
  int64_t offset = 0;
};
using Group = SmallVector<Placement>;
} // namespace

/// Bytes for each unit of the dynamic size, or nothing for buffers that are not planned.
static std::optional<int64_t> bytesPerUnit(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (alloc.getDynamicSizes().size() > 1 || !type.getLayout().isIdentity() ||
      !type.getElementType().isIntOrFloat()) {
    return std::nullopt;
  }
  int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  for (int64_t size : type.getShape()) {
    bytes *= ShapedType::isDynamic(size) ? 1 : size;
  }
  return llvm::alignTo(std::max<int64_t>(bytes, 1), kAlignment);
}

/// The last operation of `block` that uses `buffer` or a view of it; nothing if it escapes.
static Operation *lastUse(Value buffer, Block *block, const BufferViewFlowAnalysis &views) {
  Operation *last = buffer.getDefiningOp();
  for (Value alias : views.resolve(buffer)) {
    for (Operation *user : alias.getUsers()) {
      Operation *top = block->findAncestorOpInBlock(*user);
      if (!top || user->hasTrait<OpTrait::IsTerminator>()) {
        return nullptr;
      }
      last = last->isBeforeInBlock(top) ? top : last;
    }
  }
  return last;
}

/// First fit, large buffers first. Returns the size of the arena.
static int64_t place(Group &group) {
  SmallVector<Placement *> order, placed;
  for (Placement &placement : group) {
    order.push_back(&placement);
  }
  llvm::sort(order, [](Placement *a, Placement *b) {
    return std::pair(-a->size, a->begin) < std::pair(-b->size, b->begin);
  });
  int64_t total = 0;
  for (Placement *next : order) {
    // `placed` is sorted by offset: take the first gap among the buffers that are live meanwhile.
    int64_t offset = 0;
    for (Placement *other : placed) {
      bool together = next->begin <= other->end && other->begin <= next->end;
      if (together && other->offset < offset + next->size) {
        offset = std::max(offset, other->offset + other->size);
      }
    }
    next->offset = offset;
    total = std::max(total, offset + next->size);
    placed.insert(
        llvm::upper_bound(placed, next,
                          [](Placement *a, Placement *b) { return a->offset < b->offset; }),
        next);
  }
  return total;
}

static void materialize(Group &group, Value size) {
  int64_t total = place(group);
  memref::AllocOp first = group.front().alloc;
  for (Placement &placement : group) {
    first = placement.alloc->isBeforeInBlock(first) ? placement.alloc : first;
  }
  ImplicitLocOpBuilder b(first.getLoc(), first);
  auto scaled = [&](int64_t factor) -> Value {
    Value constant = arith::ConstantIndexOp::create(b, factor);
    return size ? Value(arith::MulIOp::create(b, size, constant)) : constant;
  };
  auto bytes = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
  Value arena =
      memref::AllocOp::create(b, bytes, ValueRange{scaled(total)}, b.getI64IntegerAttr(kAlignment));
  for (Placement &placement : group) {
    b.setInsertionPoint(placement.alloc);
    b.setLoc(placement.alloc.getLoc());
    Value view =
        memref::ViewOp::create(b, placement.alloc.getType(), arena, scaled(placement.offset),
                               placement.alloc.getDynamicSizes());
    placement.alloc.replaceAllUsesWith(view);
    placement.alloc.erase();
  }
}

static void plan(func::FuncOp function) {
  Block *block = &function.getBody().front();
  BufferViewFlowAnalysis views(function);
  DenseMap<Operation *, int64_t> positions;
  for (auto [index, op] : llvm::enumerate(*block)) {
    positions[&op] = index;
  }
  llvm::MapVector<Value, Group> groups;
  for (auto alloc : block->getOps<memref::AllocOp>()) {
    std::optional<int64_t> size = bytesPerUnit(alloc);
    Operation *last = size ? lastUse(alloc, block, views) : nullptr;
    if (last) {
      Value unit = alloc.getDynamicSizes().empty() ? Value() : alloc.getDynamicSizes()[0];
      groups[unit].push_back({alloc, positions[alloc], positions[last], *size});
    }
  }
  for (auto &[size, group] : groups) {
    materialize(group, size);
  }
}

namespace {
struct PlanMemoryPass : quench::impl::PlanMemoryPassBase<PlanMemoryPass> {
  using Base::Base;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function.isExternal()) {
        plan(function);
      }
    }
  }
};
} // namespace

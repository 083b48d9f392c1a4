//===- KernelBuilder.cpp - Emission of kernels in vector and scf ops -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/KernelBuilder.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

VectorType KernelBuilder::vectorType(Type element, int64_t count) {
  return VectorType::get({count ? count : lanes()}, element);
}

Value KernelBuilder::splat(Value scalar, int64_t count) {
  return vector::BroadcastOp::create(*this, vectorType(scalar.getType(), count), scalar);
}
Value KernelBuilder::size(Value buffer, int64_t axis) {
  int64_t known = cast<MemRefType>(buffer.getType()).getDimSize(axis);
  if (!ShapedType::isDynamic(known)) {
    return index(known);
  }
  return memref::DimOp::create(*this, buffer, axis);
}

Value KernelBuilder::fma(Value a, Value b, Value c) {
  const NativeProduct *product = target.findProduct(NumberType::F32, NumberType::F32);
  if (product && product->instruction == "fma") {
    return math::FmaOp::create(*this, a, b, c);
  }
  return add(mul(a, b), c);
}
Value KernelBuilder::ceilDiv(Value lhs, int64_t rhs) {
  return arith::CeilDivUIOp::create(*this, lhs, index(rhs));
}

Value KernelBuilder::load(Value buffer, ValueRange indices, int64_t count, int64_t live) {
  VectorType type = vectorType(cast<MemRefType>(buffer.getType()).getElementType(), count);
  if (live < 0 || live == type.getDimSize(0)) {
    return vector::LoadOp::create(*this, type, buffer, indices);
  }
  return loadMasked(buffer, indices, type.getDimSize(0), index(live));
}

Value KernelBuilder::loadMasked(Value buffer, ValueRange indices, int64_t count, Value live) {
  VectorType type = vectorType(cast<MemRefType>(buffer.getType()).getElementType(), count);
  Value mask = vector::CreateMaskOp::create(*this, vectorType(getI1Type(), count), live);
  Value zero = arith::ConstantOp::create(*this, getZeroAttr(type));
  return vector::MaskedLoadOp::create(*this, type, buffer, indices, mask, zero);
}

void KernelBuilder::store(Value vector, Value buffer, ValueRange indices, int64_t live) {
  int64_t count = cast<VectorType>(vector.getType()).getDimSize(0);
  if (live < 0 || live == count) {
    vector::StoreOp::create(*this, vector, buffer, indices);
    return;
  }
  Value mask = vector::CreateMaskOp::create(*this, vectorType(getI1Type(), count), index(live));
  vector::MaskedStoreOp::create(*this, buffer, indices, mask, vector);
}

Value KernelBuilder::loadScalar(Value buffer, ValueRange indices) {
  return memref::LoadOp::create(*this, buffer, indices);
}
void KernelBuilder::storeScalar(Value scalar, Value buffer, ValueRange indices) {
  memref::StoreOp::create(*this, scalar, buffer, indices);
}

Value KernelBuilder::foldLanes(Value vector, Value (KernelBuilder::*combine)(Value, Value)) {
  // A tree of halves: the order is fixed, and the shuffles are what targets have.
  int64_t count = cast<VectorType>(vector.getType()).getDimSize(0);
  while (count > 1) {
    count /= 2;
    Value low = vector::ExtractStridedSliceOp::create(
        *this, vector, ArrayRef<int64_t>{0}, ArrayRef<int64_t>{count}, ArrayRef<int64_t>{1});
    Value high = vector::ExtractStridedSliceOp::create(
        *this, vector, ArrayRef<int64_t>{count}, ArrayRef<int64_t>{count}, ArrayRef<int64_t>{1});
    vector = (this->*combine)(low, high);
  }
  return vector::ExtractOp::create(*this, vector, ArrayRef<int64_t>{0});
}

Value KernelBuilder::sumLanes(Value vector) { return foldLanes(vector, &KernelBuilder::add); }
Value KernelBuilder::maxLanes(Value vector) { return foldLanes(vector, &KernelBuilder::maximum); }

SmallVector<Value> KernelBuilder::sumLanesOfEach(int64_t first, int64_t owners,
                                                 const VectorsAt &vectors) {
  if (owners == 1) {
    return vectors(first);
  }
  // Both halves hold groups of equal size, partial sums of one of the inputs each. This step halves
  // the groups and joins them: first halves plus second halves.
  SmallVector<Value> low = sumLanesOfEach(first, owners / 2, vectors);
  SmallVector<Value> high = sumLanesOfEach(first + owners / 2, owners / 2, vectors);
  int64_t half = lanes() / owners;
  SmallVector<int64_t> firstHalves, secondHalves;
  for (int64_t owner = 0; owner < owners; ++owner) {
    for (int64_t i = 0; i < half; ++i) {
      firstHalves.push_back(2 * owner * half + i);
      secondHalves.push_back((2 * owner + 1) * half + i);
    }
  }
  SmallVector<Value> sums;
  for (auto [a, b] : llvm::zip_equal(low, high)) {
    Value begins = vector::ShuffleOp::create(*this, a, b, firstHalves);
    Value ends = vector::ShuffleOp::create(*this, a, b, secondHalves);
    sums.push_back(add(begins, ends));
  }
  return sums;
}

void KernelBuilder::loop(Value begin, Value end, int64_t step, const LoopBody &body) {
  loop(begin, end, index(step), body);
}

SmallVector<Value> KernelBuilder::loop(Value begin, Value end, int64_t step, ValueRange initial,
                                       const CarryingLoopBody &body) {
  return loop(begin, end, index(step), initial, body);
}

void KernelBuilder::parallelLoop(Value count, int64_t cycles, const LoopBody &body) {
  parallelLoop(count, mul(count, index(cycles)), body);
}

void KernelBuilder::parallelLoop(Value count, Value cycles, const LoopBody &body) {
  Value isLarge =
      arith::CmpIOp::create(*this, arith::CmpIPredicate::ugt, cycles, index(kForkCycles));
  ForkIfOp::create(*this, isLarge);
  auto loop =
      scf::ParallelOp::create(*this, ValueRange{index(0)}, ValueRange{count}, ValueRange{index(1)});
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPoint(loop.getBody()->getTerminator());
  body(loop.getInductionVars()[0]);
}

void KernelBuilder::forVectors(int64_t size, const std::function<void(Value, int64_t)> &body) {
  forVectors(size, {}, [&](Value offset, int64_t live, ValueRange) {
    body(offset, live);
    return SmallVector<Value>();
  });
}

SmallVector<Value> KernelBuilder::forVectors(
    int64_t size, ValueRange initial,
    const std::function<SmallVector<Value>(Value, int64_t, ValueRange)> &body) {
  int64_t full = size / lanes() * lanes();
  SmallVector<Value> carried(initial);
  if (full > 0) {
    carried = loop(index(0), index(full), lanes(), carried,
                   [&](Value offset, ValueRange values) { return body(offset, -1, values); });
  }
  if (full < size) {
    carried = body(index(full), size - full, carried);
  }
  return carried;
}

func::FuncOp
quench::getOrCreateKernel(ModuleOp module, StringRef name, const Target &target,
                          llvm::function_ref<SmallVector<Type>(KernelBuilder &)> parameters,
                          llvm::function_ref<void(KernelBuilder &, ValueRange)> body) {
  if (auto existing = module.lookupSymbol<func::FuncOp>(name)) {
    return existing;
  }
  KernelBuilder builder(NameLoc::get(StringAttr::get(module.getContext(), name)),
                        module.getContext(), target);
  builder.setInsertionPointToEnd(module.getBody());
  auto type = builder.getFunctionType(parameters(builder), {});
  auto function = func::FuncOp::create(builder, name, type);
  function.setPrivate();
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToEnd(entry);
  body(builder, entry->getArguments());
  builder.setInsertionPointToEnd(entry);
  func::ReturnOp::create(builder);
  return function;
}

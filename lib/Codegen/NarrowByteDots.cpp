//===- NarrowByteDots.cpp - Sums of products of bytes in 16 bits -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NarrowByteDots.h"

#include "quench/Codegen/ByteDot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

/// The largest value that unsigned bytes can have, from what makes them.
static int64_t largestByte(Value bytes) {
  constexpr int64_t all = 255;
  APInt constant;
  if (auto op = bytes.getDefiningOp<arith::AndIOp>()) {
    int64_t largest = largestByte(op.getLhs());
    bool isMasked = matchPattern(op.getRhs(), m_ConstantInt(&constant));
    return isMasked ? std::min<int64_t>(largest, constant.getZExtValue()) : largest;
  }
  if (auto op = bytes.getDefiningOp<arith::ShRUIOp>()) {
    bool isKnown = matchPattern(op.getRhs(), m_ConstantInt(&constant));
    return isKnown ? all >> constant.getZExtValue() : all;
  }
  if (auto op = bytes.getDefiningOp<ByteLookupOp>()) {
    int64_t largest = 0;
    for (int8_t value : op.getTable()) {
      largest = std::max<int64_t>(largest, static_cast<uint8_t>(value));
    }
    return largest;
  }
  return all;
}

/// The largest magnitude of a 16-bit sum of one product.
static int64_t largestSum(ByteDotOp op) {
  return op.getIsSigned() ? INT64_MAX : 2 * largestByte(op.getLhs()) * 128;
}

/// Products that add to one another from `first` on and whose sum fits 16 bits.
static SmallVector<ByteDotOp> chainFrom(ByteDotOp first) {
  SmallVector<ByteDotOp> chain;
  int64_t room = std::numeric_limits<int16_t>::max();
  for (ByteDotOp op = first; op && largestSum(op) <= room;) {
    chain.push_back(op);
    room -= largestSum(op);
    auto next = op->hasOneUse() ? dyn_cast<ByteDotOp>(*op->user_begin()) : ByteDotOp();
    bool isAdded = next && next.getAccumulator() == op.getResult() &&
                   next->getBlock() == op->getBlock() && next.getLhs() != op.getResult();
    op = isAdded ? next : ByteDotOp();
  }
  return chain;
}

static void narrow(ArrayRef<ByteDotOp> chain, StringRef product, StringRef pairSum) {
  Value sum, total;
  for (ByteDotOp op : chain) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    int64_t lanes = op.getType().getDimSize(0);
    auto pairs = VectorType::get({2 * lanes}, b.getI16Type());
    auto call = [&](StringRef name, Type type, ValueRange operands) {
      return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands).getResult(0);
    };
    Value products = call(product, pairs, {op.getLhs(), op.getRhs()});
    sum = sum ? Value(arith::AddIOp::create(b, sum, products)) : products;
    if (op == chain.back()) {
      Value ones = arith::ConstantOp::create(b, DenseElementsAttr::get(pairs, int16_t(1)));
      Value sums = call(pairSum, op.getType(), {sum, ones});
      total = arith::AddIOp::create(b, ByteDotOp(chain.front()).getAccumulator(), sums);
    }
  }
  ByteDotOp(chain.back()).getResult().replaceAllUsesWith(total);
  for (ByteDotOp op : llvm::reverse(chain)) {
    op.erase();
  }
}

void quench::narrowByteDots(Operation *module, const Target &target) {
  const NativeProduct *product = target.narrowProduct();
  const NativeProduct *wide = target.dotProduct();
  if (!product || !wide || wide->weights != NumberType::I16) {
    return;
  }
  std::string intrinsic = productIntrinsic(*product), pairSum = productIntrinsic(*wide);
  SmallVector<ByteDotOp> operations;
  module->walk([&](ByteDotOp op) {
    if (2 * op.getType().getDimSize(0) == product->shape[1]) {
      operations.push_back(op);
    }
  });
  if (intrinsic.empty() || pairSum.empty()) {
    return;
  }
  llvm::SmallPtrSet<Operation *, 32> done;
  for (ByteDotOp op : operations) {
    if (done.contains(op)) {
      continue;
    }
    SmallVector<ByteDotOp> chain = chainFrom(op);
    done.insert_range(chain);
    if (!chain.empty()) {
      narrow(chain, intrinsic, pairSum);
    }
  }
}

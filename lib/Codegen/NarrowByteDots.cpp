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
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

#include <memory>

using namespace mlir;
using namespace quench;

/// The largest value that bytes can have if they are unsigned, from what makes them.
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

/// The largest magnitude of signed bytes.
static int64_t largestMagnitude(Value bytes) {
  if (auto op = bytes.getDefiningOp<ByteLookupOp>()) {
    int64_t largest = 0;
    for (int8_t value : op.getTable()) {
      largest = std::max<int64_t>(largest, std::abs(static_cast<int>(value)));
    }
    return largest;
  }
  return std::min<int64_t>(largestByte(bytes), 128);
}

namespace {
/// How a target multiplies bytes and adds the products up in 16 bits.
class NarrowSums {
public:
  virtual ~NarrowSums() = default;
  /// Whether the instructions take vectors like these.
  virtual bool takes(ByteDotOp op) const = 0;
  /// The largest magnitude of what a product adds to a sum.
  virtual int64_t largestTerm(ByteDotOp op) const = 0;
  virtual SmallVector<Value> multiply(ImplicitLocOpBuilder &b, ByteDotOp op) const = 0;
  /// The sums of the four bytes of each lane, in 32 bits.
  virtual Value widen(ImplicitLocOpBuilder &b, Type lanes, ValueRange sums) const = 0;

  /// Nothing if the target has no such products.
  static std::unique_ptr<NarrowSums> get(const Target &target);

protected:
  static Value call(ImplicitLocOpBuilder &b, StringRef name, Type type, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name), operands).getResult(0);
  }
};

/// x86: neighbours, an unsigned and a signed byte each, are multiplied and added.
class SumsOfPairs : public NarrowSums {
public:
  SumsOfPairs(const NativeProduct &narrow, const NativeProduct &wide)
      : lanes(narrow.shape[1]), product(productIntrinsic(narrow)), pairSum(productIntrinsic(wide)) {
  }

  bool takes(ByteDotOp op) const override {
    return !op.getIsSigned() && 2 * op.getType().getDimSize(0) == lanes && !product.empty() &&
           !pairSum.empty();
  }
  int64_t largestTerm(ByteDotOp op) const override { return 2 * largestByte(op.getLhs()) * 128; }
  SmallVector<Value> multiply(ImplicitLocOpBuilder &b, ByteDotOp op) const override {
    return {call(b, product, VectorType::get({lanes}, b.getI16Type()), {op.getLhs(), op.getRhs()})};
  }
  Value widen(ImplicitLocOpBuilder &b, Type result, ValueRange sums) const override {
    auto pairs = cast<VectorType>(sums[0].getType());
    Value ones = arith::ConstantOp::create(b, DenseElementsAttr::get(pairs, int16_t(1)));
    return call(b, pairSum, result, {sums[0], ones});
  }

private:
  int64_t lanes;
  std::string product, pairSum;
};

/// NEON: each half of a register is multiplied into one of twice the size.
class SumsOfHalves : public NarrowSums {
public:
  bool takes(ByteDotOp op) const override {
    return op.getIsSigned() && op.getType().getDimSize(0) == 4;
  }
  int64_t largestTerm(ByteDotOp op) const override { return largestMagnitude(op.getLhs()) * 128; }
  SmallVector<Value> multiply(ImplicitLocOpBuilder &b, ByteDotOp op) const override {
    SmallVector<Value> products;
    for (int64_t half : {0, 8}) {
      auto bytes = [&](Value operand) -> Value {
        return vector::ExtractStridedSliceOp::create(b, operand, ArrayRef<int64_t>{half},
                                                     ArrayRef<int64_t>{8}, ArrayRef<int64_t>{1});
      };
      products.push_back(call(b, "llvm.aarch64.neon.smull.v8i16",
                              VectorType::get({8}, b.getI16Type()),
                              {bytes(op.getLhs()), bytes(op.getRhs())}));
    }
    return products;
  }
  Value widen(ImplicitLocOpBuilder &b, Type result, ValueRange sums) const override {
    SmallVector<Value> pairs;
    for (Value sum : sums) {
      pairs.push_back(call(b, "llvm.aarch64.neon.saddlp.v4i32.v8i16", result, sum));
    }
    return call(b, "llvm.aarch64.neon.addp.v4i32", result, pairs);
  }
};
} // namespace

std::unique_ptr<NarrowSums> NarrowSums::get(const Target &target) {
  const NativeProduct *product = target.narrowProduct(), *wide = target.dotProduct();
  if (wide && wide->instruction == "smull") {
    return std::make_unique<SumsOfHalves>();
  }
  bool isOfPairs =
      product && product->weights == NumberType::UI8 && wide && wide->weights == NumberType::I16;
  return isOfPairs ? std::make_unique<SumsOfPairs>(*product, *wide) : nullptr;
}

/// Products that add to one another from `first` on and whose sum fits 16 bits.
static SmallVector<ByteDotOp> chainFrom(ByteDotOp first, const NarrowSums &sums) {
  SmallVector<ByteDotOp> chain;
  int64_t room = std::numeric_limits<int16_t>::max();
  for (ByteDotOp op = first; op && sums.largestTerm(op) <= room;) {
    chain.push_back(op);
    room -= sums.largestTerm(op);
    auto next = op->hasOneUse() ? dyn_cast<ByteDotOp>(*op->user_begin()) : ByteDotOp();
    bool isAdded = next && next.getAccumulator() == op.getResult() &&
                   next->getBlock() == op->getBlock() && next.getLhs() != op.getResult();
    op = isAdded ? next : ByteDotOp();
  }
  return chain;
}

static void narrow(ArrayRef<ByteDotOp> chain, const NarrowSums &narrowSums) {
  SmallVector<Value> sums;
  for (ByteDotOp op : chain) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    SmallVector<Value> products = narrowSums.multiply(b, op);
    for (auto [i, product] : llvm::enumerate(products)) {
      product = i < sums.size() ? Value(arith::AddIOp::create(b, sums[i], product)) : product;
    }
    sums = products;
  }
  ByteDotOp last = chain.back();
  ImplicitLocOpBuilder b(last.getLoc(), last);
  Value widened = narrowSums.widen(b, last.getType(), sums);
  Value start = ByteDotOp(chain.front()).getAccumulator();
  last.getResult().replaceAllUsesWith(arith::AddIOp::create(b, start, widened));
  for (ByteDotOp op : llvm::reverse(chain)) {
    op.erase();
  }
}

void quench::narrowByteDots(Operation *module, const Target &target) {
  std::unique_ptr<NarrowSums> sums = NarrowSums::get(target);
  if (!sums) {
    return;
  }
  SmallVector<ByteDotOp> operations;
  module->walk([&](ByteDotOp op) {
    if (sums->takes(op)) {
      operations.push_back(op);
    }
  });
  llvm::SmallPtrSet<Operation *, 32> done;
  for (ByteDotOp op : operations) {
    if (done.contains(op)) {
      continue;
    }
    SmallVector<ByteDotOp> chain = chainFrom(op, *sums);
    done.insert_range(chain);
    if (!chain.empty()) {
      narrow(chain, *sums);
    }
  }
}

//===- LowerByteDots.cpp - Turn byte dot products into instructions -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `quench.byte_dot`. Output: intrinsics of the target, called by name.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Target/Target.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#define DEBUG_TYPE "quench-lower-byte-dots"

namespace quench {
#define GEN_PASS_DEF_LOWERBYTEDOTSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static Value callIntrinsic(ImplicitLocOpBuilder &b, StringRef name, Type result,
                           ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(name), operands).getResult(0);
}

/// The even bytes of every pair as 16-bit integers, and the odd ones.
static std::pair<Value, Value> splitBytes(ImplicitLocOpBuilder &b, Value bytes, bool isSigned) {
  int64_t count = cast<VectorType>(bytes.getType()).getDimSize(0) / 2;
  auto halves = VectorType::get({count}, b.getI16Type());
  auto splat = [&](int16_t value) -> Value {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(halves, b.getI16IntegerAttr(value)));
  };
  Value pairs = vector::BitCastOp::create(b, halves, bytes);
  if (!isSigned) {
    return {arith::AndIOp::create(b, pairs, splat(255)),
            arith::ShRUIOp::create(b, pairs, splat(8))};
  }
  Value raised = arith::ShLIOp::create(b, pairs, splat(8));
  return {arith::ShRSIOp::create(b, raised, splat(8)), arith::ShRSIOp::create(b, pairs, splat(8))};
}

/// acc + vpmaddwd(even bytes) + vpmaddwd(odd bytes)
static Value lowerByWidening(ImplicitLocOpBuilder &b, ByteDotOp op) {
  auto [lhsEven, lhsOdd] = splitBytes(b, op.getLhs(), op.getIsSigned());
  auto [rhsEven, rhsOdd] = splitBytes(b, op.getRhs(), /*isSigned=*/true);
  Value sum = op.getAccumulator();
  for (auto [lhs, rhs] : {std::pair(lhsEven, rhsEven), std::pair(lhsOdd, rhsOdd)}) {
    Value products = callIntrinsic(b, "llvm.x86.avx2.pmadd.wd", op.getType(), {lhs, rhs});
    sum = arith::AddIOp::create(b, sum, products);
  }
  return sum;
}

/// Nothing when the target has no instruction for this form and width.
static Value lower(ImplicitLocOpBuilder &b, ByteDotOp op, const Target &target) {
  int64_t lanes = op.getAccumulator().getType().getDimSize(0);
  SmallVector<Value> operands(op->getOperands());
  switch (target.integerDot) {
  case IntegerDot::UnsignedSigned:
    if (op.getIsSigned() || (lanes != 4 && lanes != 8 && lanes != 16)) {
      return {};
    }
    return callIntrinsic(b, ("llvm.x86.avx512.vpdpbusd." + Twine(32 * lanes)).str(), op.getType(),
                         operands);
  case IntegerDot::SignedSigned:
    if (!op.getIsSigned() || lanes != 4) {
      return {};
    }
    return callIntrinsic(b, "llvm.aarch64.neon.sdot.v4i32.v16i8", op.getType(), operands);
  case IntegerDot::Widen:
    return lanes == 8 ? lowerByWidening(b, op) : Value();
  }
  llvm_unreachable("all integer dots are handled");
}

namespace {
struct LowerByteDotsPass : quench::impl::LowerByteDotsPassBase<LowerByteDotsPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void LowerByteDotsPass::runOnOperation() {
  llvm::Expected<Target> found = Target::find(target);
  if (!found) {
    getOperation().emitError(llvm::toString(found.takeError()));
    return signalPassFailure();
  }
  getOperation().walk([&](ByteDotOp op) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value lowered = lower(b, op, *found);
    if (!lowered) {
      op.emitOpError() << "has no instruction on target " << found->name << " for " << op.getType()
                       << (op.getIsSigned() ? " with a signed left side" : "");
      return signalPassFailure();
    }
    op.replaceAllUsesWith(lowered);
    op.erase();
  });
}

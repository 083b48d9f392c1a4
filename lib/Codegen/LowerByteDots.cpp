//===- LowerByteDots.cpp - Turn byte dot products into instructions -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `quench.byte_dot`, `quench.byte_matmul`, `quench.byte_lookup`, `x86vector.avx512.dot`.
// Output: intrinsics of the target, called by name.
//
//===----------------------------------------------------------------------===//

#include "NarrowByteDots.h"

#include "quench/Codegen/ByteDot.h"
#include "quench/Codegen/Passes.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/TargetParser/Triple.h"

#define DEBUG_TYPE "quench-lower-byte-dots"

namespace quench {
#define GEN_PASS_DEF_LOWERBYTEDOTSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

/// Intrinsics on scalable registers take vectors of a fixed size as their first elements, which the
/// code generator knows to be all.
static Value callScalable(ImplicitLocOpBuilder &b, StringRef name, VectorType result,
                          ValueRange operands) {
  auto scalable = [](Type type) {
    Type element = cast<VectorType>(type).getElementType();
    return VectorType::get({128 / element.getIntOrFloatBitWidth()}, element, {true});
  };
  SmallVector<Value> inserted;
  for (Value operand : operands) {
    Value any = LLVM::PoisonOp::create(b, scalable(operand.getType()));
    inserted.push_back(vector::ScalableInsertOp::create(b, operand, any, 0));
  }
  Value called = LLVM::CallIntrinsicOp::create(b, scalable(result), b.getStringAttr(name), inserted)
                     .getResult(0);
  return vector::ScalableExtractOp::create(b, result, called, 0);
}

static Value callIntrinsic(ImplicitLocOpBuilder &b, StringRef name, Type result,
                           ValueRange operands) {
  if (name.starts_with("llvm.aarch64.sve.")) {
    return callScalable(b, name, cast<VectorType>(result), operands);
  }
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

/// acc + products(even bytes) + products(odd bytes)
static Value lowerByWidening(ImplicitLocOpBuilder &b, ByteDotOp op, StringRef intrinsic) {
  auto [lhsEven, lhsOdd] = splitBytes(b, op.getLhs(), op.getIsSigned());
  auto [rhsEven, rhsOdd] = splitBytes(b, op.getRhs(), /*isSigned=*/true);
  Value sum = op.getAccumulator();
  for (auto [lhs, rhs] : {std::pair(lhsEven, rhsEven), std::pair(lhsOdd, rhsOdd)}) {
    Value products = callIntrinsic(b, intrinsic, op.getType(), {lhs, rhs});
    sum = arith::AddIOp::create(b, sum, products);
  }
  return sum;
}

/// Nothing when the code generator does not know the instruction for this form and width.
static Value lower(ImplicitLocOpBuilder &b, ByteDotOp op, const NativeProduct &product) {
  std::string intrinsic = productIntrinsic(product);
  bool isWidened = product.weights == NumberType::I16;
  if (op.getAccumulator().getType().getDimSize(0) != product.shape[1] ||
      (!isWidened && op.getIsSigned() != (product.weights == NumberType::I8))) {
    return {};
  }
  if (intrinsic.empty()) {
    return {};
  }
  return isWidened ? lowerByWidening(b, op, intrinsic)
                   : callIntrinsic(b, intrinsic, op.getType(), op->getOperands());
}

/// Nothing when the target has no such product of matrices.
static Value lower(ImplicitLocOpBuilder &b, ByteMatmulOp op, const NativeProduct *product) {
  std::string intrinsic = product ? productIntrinsic(*product) : "";
  if (intrinsic.empty() || op.getIsSigned() != (product->weights == NumberType::I8) ||
      op.getType().getDimSize(0) != product->shape[0] * product->shape[1]) {
    return {};
  }
  return callIntrinsic(b, intrinsic, op.getType(), op->getOperands());
}

/// Nothing when the target has no lookups.
static Value lower(ImplicitLocOpBuilder &b, ByteLookupOp op, const Target &target) {
  VectorType type = op.getCodes().getType();
  int64_t bytes = type.getDimSize(0);
  const NativeProduct *outer = target.outerProduct();
  bool isStreaming = outer && bytes == 4 * outer->shape[1];
  if (target.byteLookupsPerCycle == 0.0 || (bytes != target.vectorBits / 8 && !isStreaming)) {
    return {};
  }
  // Instructions look up in each 128 bits apart.
  SmallVector<int8_t> repeated;
  while (static_cast<int64_t>(repeated.size()) < bytes) {
    llvm::append_range(repeated, op.getTable());
  }
  Value table =
      arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef<int8_t>(repeated)));
  StringRef name = bytes == 64   ? "llvm.x86.avx512.pshuf.b.512"
                   : bytes == 32 ? "llvm.x86.avx2.pshuf.b"
                                 : "llvm.x86.ssse3.pshuf.b.128";
  if (llvm::Triple(target.triple).isAArch64()) {
    name = bytes > 16 ? "llvm.aarch64.sve.tbl.nxv16i8" : "llvm.aarch64.neon.tbl1.v16i8";
  }
  return callIntrinsic(b, name, type, {table, op.getCodes()});
}

namespace {
struct LowerByteDotsPass : quench::impl::LowerByteDotsPassBase<LowerByteDotsPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void LowerByteDotsPass::runOnOperation() {
  FailureOr<Target> found = getTarget(getOperation());
  if (failed(found)) {
    return signalPassFailure();
  }
  narrowByteDots(getOperation(), *found);
  const NativeProduct *product = found->dotProduct();
  WalkResult result = getOperation().walk([&](Operation *op) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    Value lowered;
    if (auto dot = dyn_cast<ByteDotOp>(op)) {
      lowered = product ? lower(b, dot, *product) : Value();
    } else if (auto matmul = dyn_cast<ByteMatmulOp>(op)) {
      lowered = lower(b, matmul, found->matrixProduct());
    } else if (auto lookup = dyn_cast<ByteLookupOp>(op)) {
      lowered = lower(b, lookup, *found);
    } else if (auto dot = dyn_cast<x86vector::DotBF16Op>(op)) {
      lowered = callIntrinsic(b, dot.getIntrinsicName(), dot.getType(), op->getOperands());
    } else {
      return WalkResult::advance();
    }
    if (!lowered) {
      auto dot = dyn_cast<ByteDotOp>(op);
      auto matmul = dyn_cast<ByteMatmulOp>(op);
      bool isSigned = (dot && dot.getIsSigned()) || (matmul && matmul.getIsSigned());
      op->emitOpError() << "has no instruction on target " << found->name << " for "
                        << op->getResult(0).getType()
                        << (isSigned ? " with a signed left side" : "");
      return WalkResult::interrupt();
    }
    op->getResult(0).replaceAllUsesWith(lowered);
    op->erase();
    return WalkResult::skip();
  });
  if (result.wasInterrupted()) {
    signalPassFailure();
  }
}

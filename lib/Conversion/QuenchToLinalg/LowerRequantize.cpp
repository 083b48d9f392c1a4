//===- LowerRequantize.cpp - Fixed-point rescaling in arith on i64 -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// floor((p + 2^(s - 1)) / 2^s) is computed as (p >> s) + bit s - 1 of p, which no product can
// overflow: |x - z| < 2^32 and multiplier < 2^31.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <algorithm>

using namespace mlir;
using namespace quench;

static Value i64(TensorBuilder &b, int64_t value) { return b.integer(b.getI64Type(), value); }

/// product * 2^-shift, half toward plus infinity; the shift is at least 1.
static Value shiftHalfUp(TensorBuilder &b, Value product, Value shift) {
  Value below = arith::SubIOp::create(b, shift, i64(b, 1));
  Value half = arith::ShRSIOp::create(b, product, below);
  half = arith::AndIOp::create(b, half, i64(b, 1));
  Value whole = arith::ShRSIOp::create(b, product, shift);
  return arith::AddIOp::create(b, whole, half);
}

/// value * 2^-shift, half away from zero; a shift of 0 changes nothing.
static Value shiftHalfAway(TensorBuilder &b, Value value, Value shift) {
  Value power = arith::ShLIOp::create(b, i64(b, 1), shift);
  Value mask = arith::SubIOp::create(b, power, i64(b, 1));
  Value rest = arith::AndIOp::create(b, value, mask);
  Value threshold = arith::ShRSIOp::create(b, mask, i64(b, 1));
  Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, value, i64(b, 0));
  Value one = arith::ExtUIOp::create(b, b.getI64Type(), isNegative);
  threshold = arith::AddIOp::create(b, threshold, one);
  Value isAbove = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, rest, threshold);
  Value carry = arith::ExtUIOp::create(b, b.getI64Type(), isAbove);
  Value whole = arith::ShRSIOp::create(b, value, shift);
  return arith::AddIOp::create(b, whole, carry);
}

namespace {
/// quench.requantize %x multiplier [m] shift [s]
///   -> generic: trunci(clamp(round((extsi(%x) - zi) * m * 2^-s) + zo))
///
/// Double rounding goes through 2^-31 (the doubling high multiplication) wherever s > 31 leaves
/// something to shift after it.
struct LowerRequantize : public OpConversionPattern<RequantizeOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(RequantizeOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
    if (!type || !isa<RankedTensorType>(op.getInput().getType())) {
      return rewriter.notifyMatchFailure(op, "expected ranked tensors");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    const bool isDouble = op.getRounding() == RequantizeRounding::Double;
    SmallVector<int64_t> multipliers(op.getMultiplier()), shifts, secondShifts;
    for (int64_t shift : op.getShift()) {
      shifts.push_back(isDouble ? std::min<int64_t>(shift, 31) : shift);
      secondShifts.push_back(isDouble ? std::max<int64_t>(shift - 31, 0) : 0);
    }
    SmallVector<int64_t> loops = allLoops(type.getRank());
    SmallVector<LoopOperand> operands = {{op.getInput(), loops}};
    const bool perChannel = multipliers.size() > 1;
    if (perChannel) {
      for (ArrayRef<int64_t> values :
           {ArrayRef(multipliers), ArrayRef(shifts), ArrayRef(secondShifts)}) {
        auto table = RankedTensorType::get(values.size(), b.getI64Type());
        Value constant = arith::ConstantOp::create(b, DenseElementsAttr::get(table, values));
        operands.push_back({constant, {type.getRank() - 1}});
      }
    }
    rewriter.replaceOp(op, b.generic(parallelLoops(type.getRank()), operands,
                                     {b.empty(type, b.sizes(op.getInput())), loops},
                                     [&](TensorBuilder &b, ValueRange v) -> Value {
                                       Value multiplier =
                                           perChannel ? v[1] : i64(b, multipliers[0]);
                                       Value shift = perChannel ? v[2] : i64(b, shifts[0]);
                                       Value second = perChannel ? v[3] : i64(b, secondShifts[0]);
                                       Value product = emitProduct(b, op, v[0], multiplier);
                                       Value rounded = shiftHalfUp(b, product, shift);
                                       if (isDouble) {
                                         rounded = shiftHalfAway(b, rounded, second);
                                       }
                                       return emitResult(b, op, rounded, type.getElementType());
                                     }));
    return success();
  }

private:
  static Value emitProduct(TensorBuilder &b, RequantizeOp op, Value element, Value multiplier) {
    Value wide = arith::ExtSIOp::create(b, b.getI64Type(), element);
    Value zeroPoint = i64(b, static_cast<int32_t>(op.getInputZeroPoint()));
    Value difference = arith::SubIOp::create(b, wide, zeroPoint);
    return arith::MulIOp::create(b, difference, multiplier);
  }

  static Value emitResult(TensorBuilder &b, RequantizeOp op, Value rounded, Type element) {
    const unsigned bits = element.getIntOrFloatBitWidth();
    Value zeroPoint = i64(b, static_cast<int32_t>(op.getOutputZeroPoint()));
    Value shifted = arith::AddIOp::create(b, rounded, zeroPoint);
    shifted = arith::MaxSIOp::create(b, shifted, i64(b, llvm::minIntN(bits)));
    shifted = arith::MinSIOp::create(b, shifted, i64(b, llvm::maxIntN(bits)));
    return arith::TruncIOp::create(b, element, shifted);
  }
};
} // namespace

void quench::populateLowerRequantize(const QTensorExpansion &converter,
                                     RewritePatternSet &patterns) {
  patterns.add<LowerRequantize>(converter, patterns.getContext());
}

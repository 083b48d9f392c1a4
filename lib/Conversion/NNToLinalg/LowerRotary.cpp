//===- LowerRotary.cpp - Rotary position embedding in linalg -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

namespace {
/// nn.rotary_table %f from %position length %n
///   -> generic(t, i): truncf(cos(f64(%position + t) * extf(%f[i]))), and the same with sin
///
/// In f64, because an angle of thousands of radians has few correct digits after its point in f32.
struct LowerRotaryTable : public OpRewritePattern<nn::RotaryTableOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::RotaryTableOp op, PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    auto type = cast<RankedTensorType>(op.getCosine().getType());
    Value frequencies = op.getFrequencies(), position = op.getPosition();
    SmallVector<OpFoldResult> sizes = {op.getLength(), b.size(frequencies, 0)};
    Value cosine = b.empty(type, sizes), sine = b.empty(type, sizes);
    rewriter.replaceOp(
        op, b.generic("pp", {{frequencies, {1}}}, {{cosine, {0, 1}}, {sine, {0, 1}}},
                      [&](TensorBuilder &b, ValueRange v) -> SmallVector<Value> {
                        Value token = arith::AddIOp::create(b, position, b.loopIndex(0));
                        token = arith::IndexCastOp::create(b, b.getI64Type(), token);
                        token = arith::SIToFPOp::create(b, b.getF64Type(), token);
                        Value frequency = arith::ExtFOp::create(b, b.getF64Type(), v[0]);
                        Value angle = arith::MulFOp::create(b, token, frequency);
                        Value x = math::CosOp::create(b, angle), y = math::SinOp::create(b, angle);
                        return {arith::TruncFOp::create(b, b.getF32Type(), x),
                                arith::TruncFOp::create(b, b.getF32Type(), y)};
                      }));
    return success();
  }
};

/// nn.rotary_embedding %x, %cos, %sin
///   -> %low, %high = the halves of %x along the head
///      generic(t, h, i): %low * %cos - %high * %sin, %high * %cos + %low * %sin
///      the two halves inserted into one tensor
struct LowerRotaryEmbedding : public OpRewritePattern<nn::RotaryEmbeddingOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::RotaryEmbeddingOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    if (type.isDynamicDim(2)) {
      return rewriter.notifyMatchFailure(op, "expected a static head size");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    const int64_t half = type.getDimSize(2) / 2;
    OpFoldResult zero = b.getIndexAttr(0), middle = b.getIndexAttr(half), one = b.getIndexAttr(1);
    SmallVector<OpFoldResult> sizes = b.sizes(op.getInput()), strides(3, one);
    SmallVector<OpFoldResult> halfSizes = {sizes[0], sizes[1], middle};
    Value low = b.slice(op.getInput(), {zero, zero, zero}, halfSizes);
    Value high = b.slice(op.getInput(), {zero, zero, middle}, halfSizes);
    auto halfType =
        RankedTensorType::get({type.getDimSize(0), type.getDimSize(1), half}, b.getF32Type());
    SmallVector<Value> rotated = b.generic(
        "ppp",
        {{low, {0, 1, 2}}, {high, {0, 1, 2}}, {op.getCosine(), {0, 2}}, {op.getSine(), {0, 2}}},
        {{b.empty(halfType, halfSizes), {0, 1, 2}}, {b.empty(halfType, halfSizes), {0, 1, 2}}},
        [](TensorBuilder &b, ValueRange v) -> SmallVector<Value> {
          auto times = [&](unsigned x, unsigned y) -> Value {
            return arith::MulFOp::create(b, v[x], v[y]);
          };
          return {arith::SubFOp::create(b, times(0, 2), times(1, 3)),
                  arith::AddFOp::create(b, times(1, 2), times(0, 3))};
        });
    Value result = b.empty(type, sizes);
    result = tensor::InsertSliceOp::create(b, rotated[0], result, {zero, zero, zero}, halfSizes,
                                           strides);
    rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(
        op, rotated[1], result, ArrayRef<OpFoldResult>{zero, zero, middle}, halfSizes, strides);
    return success();
  }
};
} // namespace

void quench::populateLowerRotary(RewritePatternSet &patterns) {
  patterns.add<LowerRotaryTable, LowerRotaryEmbedding>(patterns.getContext());
}

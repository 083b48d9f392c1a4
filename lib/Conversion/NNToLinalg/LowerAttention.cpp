//===- LowerAttention.cpp - Attention and its cache in linalg -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops are named t (token), h (key head), q (query head of its group), j (cached token) and
// d (element of a head). Query heads are split into h and q, so that no index has to be divided.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace quench;

namespace {
/// nn.cache_update %k into %cache at %position
///   -> tensor.insert_slice %k into %cache[%position, 0, 0], which bufferizes in place
struct LowerCacheUpdate : public OpRewritePattern<nn::CacheUpdateOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::CacheUpdateOp op, PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    OpFoldResult zero = b.getIndexAttr(0);
    SmallVector<OpFoldResult> offsets = {op.getPosition(), zero, zero};
    SmallVector<OpFoldResult> strides(3, b.getIndexAttr(1));
    rewriter.replaceOpWithNewOp<tensor::InsertSliceOp>(op, op.getInput(), op.getCache(), offsets,
                                                       b.sizes(op.getInput()), strides);
    return success();
  }
};

/// The parts of one attention: each function is one or two linalg ops.
class AttentionLowering {
public:
  AttentionLowering(nn::AttentionOp op, PatternRewriter &rewriter)
      : op(op), b(op.getLoc(), rewriter), queryType(op.getQuery().getType()),
        keyHeads(op.getKeys().getType().getDimSize(1)), groups(queryType.getDimSize(1) / keyHeads) {
    tokens = b.size(op.getQuery(), 0);
    length = b.createOrFold<arith::AddIOp>(op.getPosition(), b.toIndex(tokens));
  }

  Value lower() {
    Value query = splitHeads(op.getQuery());
    Value scores = scaledScores(query, filledRows(op.getKeys()));
    Value maximum = rowMaximum(scores);
    Value powers = exponentials(scores, maximum);
    Value sums = weightedSums(powers, filledRows(op.getValues()));
    return joinHeads(normalize(sums, rowSum(powers)));
  }

private:
  using Sizes = SmallVector<OpFoldResult>;
  static constexpr int64_t t = 0, h = 1, q = 2, j = 3;

  OpFoldResult attr(int64_t value) { return b.getIndexAttr(value); }
  Sizes rowSizes() { return {tokens, attr(keyHeads), attr(groups)}; }
  Sizes scoreSizes() { return {tokens, attr(keyHeads), attr(groups), length}; }
  RankedTensorType rowType() {
    return RankedTensorType::get({queryType.getDimSize(0), keyHeads, groups}, b.getF32Type());
  }
  RankedTensorType scoreType() {
    return RankedTensorType::get({queryType.getDimSize(0), keyHeads, groups, ShapedType::kDynamic},
                                 b.getF32Type());
  }
  RankedTensorType splitType() {
    return RankedTensorType::get(
        {queryType.getDimSize(0), keyHeads, groups, queryType.getDimSize(2)}, b.getF32Type());
  }
  Sizes splitSizes() {
    return {tokens, attr(keyHeads), attr(groups), attr(queryType.getDimSize(2))};
  }

  Value splitHeads(Value query) {
    SmallVector<ReassociationIndices> axes = {{0}, {1, 2}, {3}};
    return tensor::ExpandShapeOp::create(b, splitType(), query, axes, splitSizes());
  }

  Value joinHeads(Value result) {
    SmallVector<ReassociationIndices> axes = {{0}, {1, 2}, {3}};
    return tensor::CollapseShapeOp::create(b, queryType, result, axes);
  }

  /// The rows of a cache that hold tokens.
  Value filledRows(Value cache) {
    Sizes sizes = b.sizes(cache);
    return b.slice(cache, {attr(0), attr(0), attr(0)}, {length, sizes[1], sizes[2]});
  }

  /// Whether token t may look at cached token j, in a body.
  Value isVisible(TensorBuilder &b) {
    Value last = arith::AddIOp::create(b, op.getPosition(), b.loopIndex(t));
    return arith::CmpIOp::create(b, arith::CmpIPredicate::sle, b.loopIndex(j), last);
  }

  /// scale * sum_d query * keys, minus infinity for the future.
  Value scaledScores(Value query, Value keys) {
    Value zeros = b.filled(scoreType(), scoreSizes(), b.f32(0.0f));
    Value products = b.generic("ppppr", {{query, {t, h, q, 4}}, {keys, {j, h, 4}}},
                               {zeros, {t, h, q, j}}, [](TensorBuilder &b, ValueRange v) -> Value {
                                 Value product = arith::MulFOp::create(b, v[0], v[1]);
                                 return arith::AddFOp::create(b, v[2], product);
                               });
    Value scale = b.f32(op.getScale().convertToFloat());
    Value hidden = b.f32(-std::numeric_limits<float>::infinity());
    return b.generic("pppp", {}, {products, {t, h, q, j}},
                     [&](TensorBuilder &b, ValueRange v) -> Value {
                       Value scaled = arith::MulFOp::create(b, scale, v[0]);
                       return arith::SelectOp::create(b, isVisible(b), scaled, hidden);
                     });
  }

  Value rowMaximum(Value scores) {
    Value lowest = b.f32(-std::numeric_limits<float>::infinity());
    return b.generic("pppr", {{scores, {t, h, q, j}}},
                     {b.filled(rowType(), rowSizes(), lowest), {t, h, q}},
                     [](TensorBuilder &b, ValueRange v) -> Value {
                       return arith::MaximumFOp::create(b, v[1], v[0]);
                     });
  }

  Value exponentials(Value scores, Value maximum) {
    return b.generic("pppp", {{scores, {t, h, q, j}}, {maximum, {t, h, q}}},
                     {b.empty(scoreType(), scoreSizes()), {t, h, q, j}},
                     [](TensorBuilder &b, ValueRange v) -> Value {
                       Value difference = arith::SubFOp::create(b, v[0], v[1]);
                       return math::ExpOp::create(b, difference);
                     });
  }

  Value rowSum(Value powers) {
    return b.generic("pppr", {{powers, {t, h, q, j}}},
                     {b.filled(rowType(), rowSizes(), b.f32(0.0f)), {t, h, q}},
                     [](TensorBuilder &b, ValueRange v) -> Value {
                       return arith::AddFOp::create(b, v[1], v[0]);
                     });
  }

  /// sum_j powers * values. The future is left out, where 0 times infinity would spoil the sum.
  Value weightedSums(Value powers, Value values) {
    Value zeros = b.filled(splitType(), splitSizes(), b.f32(0.0f));
    return b.generic("ppprp", {{powers, {t, h, q, j}}, {values, {j, h, 4}}}, {zeros, {t, h, q, 4}},
                     [&](TensorBuilder &b, ValueRange v) -> Value {
                       Value product = arith::MulFOp::create(b, v[0], v[1]);
                       Value sum = arith::AddFOp::create(b, v[2], product);
                       return arith::SelectOp::create(b, isVisible(b), sum, v[2]);
                     });
  }

  Value normalize(Value sums, Value rowSums) {
    return b.generic("pppp", {{rowSums, {t, h, q}}}, {sums, {t, h, q, 3}},
                     [](TensorBuilder &b, ValueRange v) -> Value {
                       return arith::DivFOp::create(b, v[1], v[0]);
                     });
  }

  nn::AttentionOp op;
  TensorBuilder b;
  RankedTensorType queryType;
  int64_t keyHeads;
  /// Query heads of one key head.
  int64_t groups;
  OpFoldResult tokens;
  /// Cached tokens: position + tokens.
  Value length;
};

/// nn.attention %q, %keys, %values at %position scale s
///   -> scores, their maximum, exp, sum and weighted sum over the first position + t rows
struct LowerAttention : public OpRewritePattern<nn::AttentionOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::AttentionOp op, PatternRewriter &rewriter) const override {
    auto query = op.getQuery().getType(), keys = op.getKeys().getType();
    for (int64_t axis : {1, 2}) {
      if (query.isDynamicDim(axis) || keys.isDynamicDim(axis)) {
        return rewriter.notifyMatchFailure(op, "expected static head counts and head sizes");
      }
    }
    rewriter.replaceOp(op, AttentionLowering(op, rewriter).lower());
    return success();
  }
};
} // namespace

void quench::populateLowerAttention(RewritePatternSet &patterns) {
  patterns.add<LowerCacheUpdate, LowerAttention>(patterns.getContext());
}

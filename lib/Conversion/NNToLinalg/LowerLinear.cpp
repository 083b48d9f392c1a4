//===- LowerLinear.cpp - Embeddings, linear layers and windows in linalg -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

namespace {
/// nn.embedding %table[%tokens]
///   -> generic(t, c): tensor.extract %table[%tokens[t], c]
struct LowerEmbedding : public OpRewritePattern<nn::EmbeddingOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::EmbeddingOp op, PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
    if (!type) {
      return rewriter.notifyMatchFailure(op, "expected a table that is not quantized");
    }
    Value table = op.getTable(), tokens = op.getTokens();
    Value result = b.empty(type, {b.size(tokens, 0), b.size(table, 1)});
    rewriter.replaceOp(
        op, b.generic("pp", {{tokens, {0}}}, {result, {0, 1}},
                      [&](TensorBuilder &b, ValueRange v) -> Value {
                        Value row = arith::IndexCastOp::create(b, b.getIndexType(), v[0]);
                        return tensor::ExtractOp::create(b, table, ValueRange{row, b.loopIndex(1)});
                      }));
    return success();
  }
};

/// nn.linear %x, %w bias(%b)
///   -> generic(m, n, k): sum += %x[m, k] * extf(%w[n, k]); generic(m, n): sum + %b[n]
struct LowerLinear : public OpRewritePattern<nn::LinearOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::LinearOp op, PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, b.linear(op.getInput(), op.getWeight(), op.getBias(),
                                    cast<RankedTensorType>(op.getResult().getType())));
    return success();
  }
};

/// nn.unfold %x -> generic(n, y, x, i, j, c): %x[n, y sy + i dy, x sx + j dx, c], collapsed
struct LowerUnfold : public OpRewritePattern<nn::UnfoldOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::UnfoldOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getResult().getType());
    if (!type) {
      return rewriter.notifyMatchFailure(op, "expected images that are not quantized");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(
        op, b.unfold(op.getInput(), op.getKernel(), op.getStrides(), op.getDilations(), type));
    return success();
  }
};

/// nn.depthwise_conv %x, %w bias(%b)
///   -> linalg.depthwise_conv_2d_nhwc_hwc, collapsed; generic(m, c): sum + %b[c]
struct LowerDepthwiseConv : public OpRewritePattern<nn::DepthwiseConvOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::DepthwiseConvOp op, PatternRewriter &rewriter) const override {
    if (!isa<RankedTensorType>(op.getInput().getType())) {
      return rewriter.notifyMatchFailure(op, "expected images that are not quantized");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    Value sums = b.depthwise(op.getInput(), op.getFilter(), op.getKernel(), op.getStrides(),
                             op.getDilations(), cast<RankedTensorType>(op.getType()));
    if (op.getBias()) {
      sums = b.generic("pp", {{op.getBias(), {1}}}, {sums, {0, 1}},
                       [](TensorBuilder &b, ValueRange v) -> Value {
                         return arith::AddFOp::create(b, v[1], v[0]);
                       });
    }
    rewriter.replaceOp(op, sums);
    return success();
  }
};
} // namespace

void quench::populateLowerLinear(RewritePatternSet &patterns) {
  patterns.add<LowerEmbedding, LowerLinear, LowerUnfold, LowerDepthwiseConv>(patterns.getContext());
}

//===- LowerPointwise.cpp - Norms and activation functions in linalg -*- C++ -*-===//
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

/// The number of columns as f32.
static Value columnCount(TensorBuilder &b, Value tensor) {
  OpFoldResult size = b.size(tensor, 1);
  if (std::optional<int64_t> count = getConstantIntValue(size)) {
    return b.f32(static_cast<float>(*count));
  }
  Value count = arith::IndexCastOp::create(b, b.getI64Type(), b.toIndex(size));
  return arith::SIToFPOp::create(b, b.getF32Type(), count);
}

namespace {
/// nn.rms_norm %x gain(%g) epsilon e
///   -> generic(t, c): sum[t] += %x[t, c]^2
///      generic(t): root[t] = sqrt(sum[t] / C + e)
///      generic(t, c): %x[t, c] / root[t] * %g[c]
struct LowerRMSNorm : public OpRewritePattern<nn::RMSNormOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::RMSNormOp op, PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value input = op.getInput(), gain = op.getGain();
    auto type = cast<RankedTensorType>(input.getType());
    auto rowType = RankedTensorType::get(type.getDimSize(0), b.getF32Type());
    Value sum =
        b.generic("pr", {{input, {0, 1}}}, {b.filled(rowType, b.size(input, 0), b.f32(0.0f)), {0}},
                  [](TensorBuilder &b, ValueRange v) -> Value {
                    Value square = arith::MulFOp::create(b, v[0], v[0]);
                    return arith::AddFOp::create(b, v[1], square);
                  });
    Value count = columnCount(b, input);
    Value epsilon = b.f32(op.getEpsilon().convertToFloat());
    Value root = b.generic("p", {{sum, {0}}}, {b.empty(rowType, b.size(input, 0)), {0}},
                           [&](TensorBuilder &b, ValueRange v) -> Value {
                             Value mean = arith::DivFOp::create(b, v[0], count);
                             Value shifted = arith::AddFOp::create(b, mean, epsilon);
                             return math::SqrtOp::create(b, shifted);
                           });
    SmallVector<LoopOperand> inputs = {{input, {0, 1}}, {root, {0}}};
    if (gain) {
      inputs.push_back({gain, {1}});
    }
    rewriter.replaceOp(
        op, b.generic("pp", inputs, {b.empty(type, b.sizes(input)), {0, 1}},
                      [&](TensorBuilder &b, ValueRange v) -> Value {
                        Value normal = arith::DivFOp::create(b, v[0], v[1]);
                        return gain ? arith::MulFOp::create(b, normal, v[2]).getResult() : normal;
                      }));
    return success();
  }
};

/// nn.silu %x -> generic: %x / (1 + exp(-%x))
struct LowerSiLU : public OpRewritePattern<nn::SiLUOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::SiLUOp op, PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getInput().getType());
    if (!type) {
      return rewriter.notifyMatchFailure(op, "expected a ranked tensor");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    SmallVector<int64_t> loops = allLoops(type.getRank());
    rewriter.replaceOp(op, b.generic(parallelLoops(type.getRank()), {{op.getInput(), loops}},
                                     {b.empty(type, b.sizes(op.getInput())), loops},
                                     [](TensorBuilder &b, ValueRange v) -> Value {
                                       Value negated = arith::NegFOp::create(b, v[0]);
                                       Value power = math::ExpOp::create(b, negated);
                                       Value sum = arith::AddFOp::create(b, b.f32(1.0f), power);
                                       return arith::DivFOp::create(b, v[0], sum);
                                     }));
    return success();
  }
};
} // namespace

void quench::populateLowerPointwise(RewritePatternSet &patterns) {
  patterns.add<LowerRMSNorm, LowerSiLU>(patterns.getContext());
}

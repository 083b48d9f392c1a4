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

/// A value for each row: made from the sum over its columns of what `term` makes of an element.
static Value perRow(TensorBuilder &b, ArrayRef<LoopOperand> inputs,
                    llvm::function_ref<Value(TensorBuilder &, ValueRange)> term,
                    llvm::function_ref<Value(TensorBuilder &, Value)> finish) {
  Value input = inputs.front().tensor;
  OpFoldResult rows = b.size(input, 0);
  auto type =
      RankedTensorType::get(cast<RankedTensorType>(input.getType()).getDimSize(0), b.getF32Type());
  Value sum = b.generic("pr", inputs, {b.filled(type, rows, b.f32(0.0f)), {0}},
                        [&](TensorBuilder &b, ValueRange v) -> Value {
                          return arith::AddFOp::create(b, v.back(), term(b, v));
                        });
  return b.generic("p", {{sum, {0}}}, {b.empty(type, rows), {0}},
                   [&](TensorBuilder &b, ValueRange v) { return finish(b, v[0]); });
}

/// sqrt(sum / count + epsilon)
static Value rootOfMean(TensorBuilder &b, Value sum, Value count, Value epsilon) {
  Value mean = arith::DivFOp::create(b, sum, count);
  Value shifted = arith::AddFOp::create(b, mean, epsilon);
  return math::SqrtOp::create(b, shifted);
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
    Value count = columnCount(b, input);
    Value epsilon = b.f32(op.getEpsilon().convertToFloat());
    Value root = perRow(
        b, {{input, {0, 1}}},
        [](TensorBuilder &b, ValueRange v) -> Value {
          return arith::MulFOp::create(b, v[0], v[0]);
        },
        [&](TensorBuilder &b, Value sum) { return rootOfMean(b, sum, count, epsilon); });
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

/// nn.layer_norm %x gain(%g) bias(%b) epsilon e
///   -> generic(t, c): sum[t] += %x[t, c];  generic(t): mean[t] = sum[t] / C
///      generic(t, c): squares[t] += (%x[t, c] - mean[t])^2
///      generic(t): root[t] = sqrt(squares[t] / C + e)
///      generic(t, c): (%x[t, c] - mean[t]) / root[t] * %g[c] + %b[c]
struct LowerLayerNorm : public OpRewritePattern<nn::LayerNormOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::LayerNormOp op, PatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value input = op.getInput(), gain = op.getGain(), bias = op.getBias();
    auto type = cast<RankedTensorType>(input.getType());
    Value count = columnCount(b, input);
    Value epsilon = b.f32(op.getEpsilon().convertToFloat());
    Value mean = perRow(
        b, {{input, {0, 1}}}, [](TensorBuilder &, ValueRange v) { return v[0]; },
        [&](TensorBuilder &b, Value sum) -> Value { return arith::DivFOp::create(b, sum, count); });
    Value root = perRow(
        b, {{input, {0, 1}}, {mean, {0}}},
        [](TensorBuilder &b, ValueRange v) -> Value {
          Value centred = arith::SubFOp::create(b, v[0], v[1]);
          return arith::MulFOp::create(b, centred, centred);
        },
        [&](TensorBuilder &b, Value sum) { return rootOfMean(b, sum, count, epsilon); });
    SmallVector<LoopOperand> inputs = {{input, {0, 1}}, {mean, {0}}, {root, {0}}};
    for (Value vector : {gain, bias}) {
      if (vector) {
        inputs.push_back({vector, {1}});
      }
    }
    auto element = [&](TensorBuilder &b, ValueRange v) -> Value {
      unsigned next = 3;
      Value centred = arith::SubFOp::create(b, v[0], v[1]);
      Value result = arith::DivFOp::create(b, centred, v[2]);
      result = gain ? arith::MulFOp::create(b, result, v[next++]).getResult() : result;
      return bias ? arith::AddFOp::create(b, result, v[next]).getResult() : result;
    };
    rewriter.replaceOp(op,
                       b.generic("pp", inputs, {b.empty(type, b.sizes(input)), {0, 1}}, element));
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
  patterns.add<LowerRMSNorm, LowerLayerNorm, LowerSiLU>(patterns.getContext());
}

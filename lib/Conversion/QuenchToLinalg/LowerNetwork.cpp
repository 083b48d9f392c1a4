//===- LowerNetwork.cpp - Network operations on the parts of quantized tensors -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operations that only move elements act on codes, scales and zero points alike; windows by filters
// are sums of codes, which scales multiply.
//
//===----------------------------------------------------------------------===//

#include "ElementCode.h"
#include "Patterns.h"
#include "QTensorParts.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

namespace {
/// nn.embedding %qtable[%tokens] -> generic: rows of the codes; of the scales; of the zero points
struct PickRowsOfParts : public OpConversionPattern<nn::EmbeddingOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::EmbeddingOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<QTensorType>(op.getTable().getType());
    if (!type) {
      return rewriter.notifyMatchFailure(op, "expected a quantized table");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    QTensorParts table(type, adaptor.getTable());
    const bool sharedRows = type.getScheme().getBlock()[0] == SchemeAttr::kWhole;
    SmallVector<Value> rows = table.values();
    rows[0] = pickRows(b, rows[0], op.getTokens());
    for (Value &parameters : MutableArrayRef(rows).drop_front()) {
      parameters = sharedRows ? parameters : pickRows(b, parameters, op.getTokens());
    }
    rewriter.replaceOpWithMultiple(op, {ValueRange(rows)});
    return success();
  }

private:
  /// result[t, c] = table[tokens[t], c]
  static Value pickRows(TensorBuilder &b, Value table, Value tokens) {
    auto type = cast<RankedTensorType>(table.getType());
    auto count = cast<RankedTensorType>(tokens.getType()).getDimSize(0);
    auto result = type.clone({count, type.getDimSize(1)});
    return b.generic("pp", {{tokens, {0}}},
                     {b.empty(result, {b.size(tokens, 0), b.size(table, 1)}), {0, 1}},
                     [&](TensorBuilder &b, ValueRange v) -> Value {
                       Value row = arith::IndexCastUIOp::create(b, b.getIndexType(), v[0]);
                       return tensor::ExtractOp::create(b, table, ValueRange{row, b.loopIndex(1)});
                     });
  }
};

/// nn.unfold %qimages -> the same of the codes; the only scale and zero point as they are
struct UnfoldCodes : public OpConversionPattern<nn::UnfoldOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::UnfoldOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<QTensorType>(op.getInput().getType());
    if (!type) {
      return rewriter.notifyMatchFailure(op, "expected quantized images");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> parts = QTensorParts(type, adaptor.getInput()).values();
    auto shape = cast<QTensorType>(op.getResult().getType()).getShape();
    auto codes = RankedTensorType::get(shape, getElementTypeOrSelf(parts[0]));
    parts[0] = b.unfold(parts[0], op.getKernel(), op.getStrides(), op.getDilations(), codes);
    for (Value &parameter : MutableArrayRef(parts).drop_front()) {
      SmallVector<ReassociationIndices> axes = {{0, 1, 2}, {3}};
      parameter = tensor::CollapseShapeOp::create(b, parameter, axes);
    }
    rewriter.replaceOpWithMultiple(op, {ValueRange(parts)});
    return success();
  }
};

/// nn.depthwise_conv of codes
///   -> the same sums of codes without zero points, in i32; generic(m, c): f32(sum) sf[c] si + b[c]
struct LowerDepthwiseOfCodes : public OpConversionPattern<nn::DepthwiseConvOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::DepthwiseConvOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto left = dyn_cast<QTensorType>(op.getInput().getType());
    auto right = dyn_cast<QTensorType>(op.getFilter().getType());
    if (!left || !right) {
      return rewriter.notifyMatchFailure(op, "expected quantized images");
    }
    TensorBuilder b(op.getLoc(), rewriter);
    QTensorParts input(left, adaptor.getInput()), filter(right, adaptor.getFilter());
    auto type = cast<RankedTensorType>(op.getType());
    Value sums = b.depthwise(differences(b, input), differences(b, filter), op.getKernel(),
                             op.getStrides(), op.getDilations(), type.clone(b.getI32Type()));
    constexpr int64_t first = LoopOperand::first;
    SmallVector<LoopOperand> operands = {{sums, {0, 1}},
                                         {filter.scales, {first, perChannel(right) ? 1 : first}},
                                         {input.scales, {first, first, first, first}}};
    if (op.getBias()) {
      operands.push_back({op.getBias(), {1}});
    }
    Value empty = b.empty(type, b.sizes(sums));
    rewriter.replaceOp(
        op,
        b.generic("pp", operands, {empty, {0, 1}}, [&](TensorBuilder &b, ValueRange v) -> Value {
          Value t = arith::SIToFPOp::create(b, b.getF32Type(), v[0]);
          t = arith::MulFOp::create(b, arith::MulFOp::create(b, t, v[1]), v[2]);
          return op.getBias() ? arith::AddFOp::create(b, t, v[3]).getResult() : t;
        }));
    return success();
  }

private:
  /// Whether neighbours along the last axis have scales of their own.
  static bool perChannel(QTensorType type) { return type.getScheme().getBlock().back() == 1; }

  /// Codes less their zero points, in i32.
  static Value differences(TensorBuilder &b, const QTensorParts &parts) {
    auto type = cast<RankedTensorType>(parts.codes.getType()).clone(b.getI32Type());
    const int64_t last = type.getRank() - 1;
    LoopOperand codes{parts.codes, llvm::to_vector(llvm::seq<int64_t>(0, last + 1))};
    LoopOperand result{b.empty(type, b.sizes(parts.codes)), codes.loops};
    SmallVector<LoopOperand> operands = {codes};
    if (parts.zeroPoints) {
      SmallVector<int64_t> loops(last + 1, LoopOperand::first);
      loops.back() = perChannel(parts.type) ? last : LoopOperand::first;
      operands.push_back({parts.zeroPoints, loops});
    }
    return b.generic(
        std::string(last + 1, 'p'), operands, result, [&](TensorBuilder &b, ValueRange v) -> Value {
          Value wide = widenCode(b, parts.type.getScheme(), v[0]);
          return parts.zeroPoints ? arith::SubIOp::create(b, wide, v[1]).getResult() : wide;
        });
  }
};
} // namespace

void quench::populateLowerNetwork(const QTensorExpansion &converter, RewritePatternSet &patterns) {
  patterns.add<PickRowsOfParts, UnfoldCodes, LowerDepthwiseOfCodes>(converter,
                                                                    patterns.getContext());
}

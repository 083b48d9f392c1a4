//===- LowerQuantize.cpp - From float tensors to codes and back, in linalg -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BlockParameters.h"
#include "ElementCode.h"
#include "FloatCode.h"
#include "Patterns.h"
#include "QTensorParts.h"
#include "ScaleOfBlocks.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

namespace {
/// quench.quantize %x [scale(%s)] to #scheme
///   -> without %s: reductions over the blocks give it
///      generic: trunci(clamp(roundeven(%x / %s[block]) + z[block]))
struct LowerQuantize : public OpConversionPattern<QuantizeOp> {
  using Base::Base;

  /// Zero points with a scheme of their own are quantized by this op again; schemes are finite.
  void initialize() { setHasBoundedRewriteRecursion(); }

  LogicalResult matchAndRewrite(QuantizeOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    QTensorType type = op.getResult().getType();
    SchemeAttr scheme = type.getScheme();
    Value input = op.getInput();
    DynamicParameters given;
    if (op.isDynamic()) {
      given = emitDynamicParameters(
          b, input, scheme, {static_cast<float>(op.getClip().convertToDouble()), op.getRule()});
    } else {
      given.scales = b.castTo(type.getScalesTensor(), op.getScale());
      if (Value zeroPoints = op.getZeroPoint()) {
        given.zeroPoints = b.castTo(type.getZeroPointsTensor(), zeroPoints);
      }
    }
    SmallVector<int64_t> loops = allLoops(type.getRank());
    SmallVector<LoopOperand> operands = {{input, loops}};
    BlockParameters parameters(scheme, type.getShape());
    parameters.add(operands, given.scales);
    parameters.add(operands, given.zeroPoints);
    ElementEncoder encoder(b, scheme);
    auto codesType = RankedTensorType::get(type.getShape(), getStoredCodeType(scheme));
    SmallVector<Value> parts = {b.generic(parallelLoops(type.getRank()), operands,
                                          {b.empty(codesType, b.sizes(input)), loops},
                                          [&](TensorBuilder &b, ValueRange v) {
                                            Value scale = parameters.read(b, v, 0),
                                                  zeroPoint = parameters.read(b, v, 1);
                                            Value x = b.toF32(v[0]);
                                            if (scheme.hasRealZeroPoints()) {
                                              x = arith::AddFOp::create(b, x, zeroPoint);
                                              zeroPoint = nullptr;
                                            }
                                            return encoder.encode(b, x, scale, zeroPoint);
                                          }),
                                given.scales};
    if (given.zeroPoints) {
      parts.push_back(given.zeroPoints);
    }
    rewriter.replaceOpWithMultiple(op, {ValueRange(parts)});
    return success();
  }
};

/// quench.dequantize %q -> generic: (codes - z[block]) * s[block], or table[codes] * s[block],
/// or codes * s[block] - z[block]
struct LowerDequantize : public OpConversionPattern<DequantizeOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(DequantizeOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    QTensorParts parts(op.getInput().getType(), adaptor.getInput());
    rewriter.replaceOp(op, emitDequantize(b, parts));
    return success();
  }
};

/// quench.fake_quantize %x -> quench.dequantize(quench.quantize(%x))
struct DecomposeFakeQuantize : public OpConversionPattern<FakeQuantizeOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(FakeQuantizeOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    Value codes = QuantizeOp::create(rewriter, op.getLoc(), QTensorType::get(type, op.getScheme()),
                                     op.getInput(), op.getScale(), op.getZeroPoint(), op.getClip(),
                                     op.getRule());
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, type, codes);
    return success();
  }
};
} // namespace

Value quench::emitDequantize(TensorBuilder &b, const QTensorParts &parts) {
  SchemeAttr scheme = parts.type.getScheme();
  RankedTensorType type = parts.type.getExpressed();
  SmallVector<int64_t> loops = allLoops(type.getRank());
  SmallVector<LoopOperand> operands = {{parts.codes, loops}};
  BlockParameters parameters(scheme, type.getShape());
  parameters.add(operands, parts.scales);
  parameters.add(operands, parts.zeroPoints);
  ElementDecoder decoder(b, scheme);
  return b.generic(parallelLoops(type.getRank()), operands,
                   {b.empty(type, b.sizes(parts.codes)), loops},
                   [&](TensorBuilder &b, ValueRange v) -> Value {
                     Value scale = parameters.read(b, v, 0), zeroPoint = parameters.read(b, v, 1);
                     const bool isReal = scheme.hasRealZeroPoints();
                     Value number = decoder.decode(b, v[0], isReal ? Value() : zeroPoint);
                     number = arith::MulFOp::create(b, number, scale);
                     if (isReal) {
                       number = arith::SubFOp::create(b, number, zeroPoint);
                     }
                     return emitNarrowed(b, type.getElementType(), number);
                   });
}

void quench::populateLowerQuantize(const QTensorExpansion &converter, RewritePatternSet &patterns) {
  patterns.add<LowerQuantize, LowerDequantize, DecomposeFakeQuantize>(converter,
                                                                      patterns.getContext());
}

//===- UnfoldDepthwise.cpp - Convolutions of each channel by itself -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvolutionOperands.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace quench;

using llvm::Expected;

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("quench-unfold-convolutions");
}

/// The scheme of a filter `KH x KW x C` as a matrix `(KH KW) x C`, if it has one scale for each
/// channel or for all; null otherwise.
static SchemeAttr schemeOfTaps(QTensorType type) {
  SchemeAttr scheme = type.getScheme();
  ArrayRef<int64_t> shape = type.getShape();
  SmallVector<int64_t> extents = scheme.getBlockShape(shape);
  int64_t last = scheme.getBlock()[2];
  bool fits = scheme.hasPlainParameters() && extents[0] == shape[0] && extents[1] == shape[1] &&
              (last == 1 || last == SchemeAttr::kWhole);
  return fits ? scheme.withBlock({SchemeAttr::kWhole, last}) : SchemeAttr();
}

/// A filter as a matrix: what is stored by another type, everything else collapsed.
static Value filterOfTaps(ImplicitLocOpBuilder &b, Value filter) {
  auto type = cast<RankedTensorType>(filter.getType());
  auto matrix = RankedTensorType::get({type.getDimSize(0) * type.getDimSize(1), type.getDimSize(2)},
                                      type.getElementType());
  auto dequantize = filter.getDefiningOp<DequantizeOp>();
  auto weight = (dequantize ? dequantize.getInput() : filter).getDefiningOp<WeightOp>();
  SchemeAttr scheme =
      weight && dequantize ? schemeOfTaps(dequantize.getInput().getType()) : SchemeAttr();
  if (!weight || (dequantize && !scheme)) {
    SmallVector<ReassociationIndices> axes = {{0, 1}, {2}};
    return tensor::CollapseShapeOp::create(b, matrix, filter, axes);
  }
  Type stored = scheme ? Type(QTensorType::get(matrix, scheme)) : matrix;
  Value again = WeightOp::create(b, weight.getLoc(), stored, weight.getKey());
  return scheme ? DequantizeOp::create(b, matrix, again).getResult() : again;
}

namespace {
/// depthwise_conv(dequantize(quantize(x)), dequantize(w)) + b
///   -> expand(nn.depthwise_conv(dequantize(quantize(x)), dequantize(w as a matrix)) bias(b))
struct UnfoldDepthwise : OpRewritePattern<linalg::DepthwiseConv2DNhwcHwcOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::DepthwiseConv2DNhwcHwcOp op,
                                PatternRewriter &rewriter) const override;
};
} // namespace

LogicalResult UnfoldDepthwise::matchAndRewrite(linalg::DepthwiseConv2DNhwcHwcOp op,
                                               PatternRewriter &rewriter) const {
  auto type = op.getNumResults() == 1 ? dyn_cast<RankedTensorType>(op.getResult(0).getType())
                                      : RankedTensorType();
  auto isF32 = [](Value value) { return getElementTypeOrSelf(value).isF32(); };
  if (!type || !type.getElementType().isF32() || !llvm::all_of(op.getInputs(), isF32)) {
    return rewriter.notifyMatchFailure(op, "expected tensors of f32");
  }
  auto refuse = [&](const Twine &reason) {
    remark::missed(op.getLoc(), remarkOptions("LeftAsLoops"))
        << remark::metric("Reason", reason.str());
    return rewriter.notifyMatchFailure(op, reason);
  };
  Value input = op.getInputs()[0];
  auto filter = cast<RankedTensorType>(op.getInputs()[1].getType());
  auto isOpen = [](int64_t size) { return ShapedType::isDynamic(size) || size == 0; };
  if (llvm::any_of(cast<RankedTensorType>(input.getType()).getShape().drop_front(), isOpen) ||
      llvm::any_of(filter.getShape(), isOpen) ||
      llvm::any_of(type.getShape().drop_front(), isOpen)) {
    return refuse("the size of its images or filters is open or zero");
  }
  Expected<ConvolvedImages> images = findImages(input, /*isRows=*/false);
  if (!images) {
    return refuse(llvm::toString(images.takeError()));
  }
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  SmallVector<OpFoldResult> sizes = {tensor::getMixedSize(b, b.getLoc(), input, 0)};
  if (images->pad) {
    QuantizeOp quantize = images->quantize;
    sizes = {tensor::getMixedSize(b, b.getLoc(), quantize.getInput(), 0)};
    input = quantizeAgain(b, quantize, padAgain(b, images->pad, quantize.getInput()),
                          quantize.getResult().getType().getScheme(), quantize.getScale(),
                          quantize.getZeroPoint());
  }
  for (int64_t axis : {1, 2, 3}) {
    sizes.push_back(b.getIndexAttr(type.getDimSize(axis)));
  }
  Value init = op.getOutputs()[0];
  std::optional<Value> bias = findBias(init);
  int64_t count =
      type.isDynamicDim(0) ? ShapedType::kDynamic : type.getNumElements() / type.getDimSize(3);
  auto matrix = RankedTensorType::get({count, type.getDimSize(3)}, b.getF32Type());
  Value rows = nn::DepthwiseConvOp::create(
      b, matrix, input, filterOfTaps(b, op.getInputs()[1]), bias.value_or(Value()),
      filter.getShape().take_front(2), numbersOf(op.getStrides()), numbersOf(op.getDilations()));
  Value result = tensor::ExpandShapeOp::create(b, type, rows, matrixAxes(), sizes);
  if (!bias) {
    result = arith::AddFOp::create(b, result, init);
  }
  remark::passed(op.getLoc(), remarkOptions("Unfolded"))
      << remark::metric("Filters", type.getDimSize(3));
  rewriter.replaceOp(op, result);
  return success();
}

void quench::populateUnfoldDepthwise(RewritePatternSet &patterns) {
  patterns.add<UnfoldDepthwise>(patterns.getContext());
}

//===- UnfoldConvolutions.cpp - Convolutions as products of matrices ------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: convolutions of images with channels last and stored filters, in floats or in QDQ form.
// Output: `nn.linear` on the windows of `nn.unfold`, with the filters as the rows of a matrix: only
// the type of `quench.weight` changes. Elementwise ops behind it work on the matrix, too.
//
//===----------------------------------------------------------------------===//

#include "ConvolutionOperands.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#define DEBUG_TYPE "quench-unfold-convolutions"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_UNFOLDCONVOLUTIONSPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::Error;
using llvm::Expected;

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category(DEBUG_TYPE);
}

namespace {
/// A stored filter `F x KH x KW x C` and what it is as a matrix.
struct Filter {
  WeightOp weight;
  Type matrix;
};
} // namespace

/// The scheme of filters as rows of a matrix: blocks have to be neighbours there.
static Expected<SchemeAttr> schemeOfRows(SchemeAttr scheme, ArrayRef<int64_t> shape) {
  if (!scheme.hasPlainParameters()) {
    return llvm::createStringError("scales or zero points of its filters are quantized");
  }
  SmallVector<int64_t> extents = scheme.getBlockShape(shape);
  int64_t block = 1;
  bool isPart = false;
  for (int64_t axis = 3; axis > 0; --axis) {
    if (isPart && extents[axis] != 1) {
      return llvm::createStringError("a block of its filters is no part of a row");
    }
    if (!isPart && extents[axis] != shape[axis] && shape[axis] % extents[axis] != 0) {
      return llvm::createStringError("its channels are no multiple of the blocks of its filters");
    }
    block *= extents[axis];
    isPart |= extents[axis] != shape[axis];
  }
  int64_t bits = scheme.getNumericsScheme().element.bitWidth();
  if (shape[1] * shape[2] != 1 && shape[3] * bits % 8 != 0) {
    return llvm::createStringError("the codes of channels do not fill bytes");
  }
  int64_t blocks[] = {scheme.getBlock()[0], isPart ? block : SchemeAttr::kWhole};
  return scheme.withBlock(blocks);
}

static Expected<Filter> findFilter(Value value) {
  Operation *reader = value.getDefiningOp();
  if (isa_and_present<DequantizeOp, arith::ExtFOp>(reader)) {
    value = reader->getOperand(0);
  }
  auto weight = value.getDefiningOp<WeightOp>();
  if (!weight) {
    return llvm::createStringError("its filters are not stored");
  }
  auto quantized = dyn_cast<QTensorType>(weight.getType());
  RankedTensorType stored =
      quantized ? quantized.getExpressed() : cast<RankedTensorType>(weight.getType());
  ArrayRef<int64_t> shape = stored.getShape();
  if (!stored.hasStaticShape() || stored.getNumElements() == 0) {
    return llvm::createStringError("the size of its filters is open or zero");
  }
  auto matrix =
      RankedTensorType::get({shape[0], shape[1] * shape[2] * shape[3]}, stored.getElementType());
  if (!quantized) {
    return Filter{weight, matrix};
  }
  Expected<SchemeAttr> scheme = schemeOfRows(quantized.getScheme(), shape);
  if (!scheme) {
    return scheme.takeError();
  }
  return Filter{weight, QTensorType::get(matrix, *scheme)};
}

namespace {

/// conv(dequantize(quantize(x)), dequantize(w)) + b
///   -> expand(nn.linear(nn.unfold(dequantize(quantize(x))), dequantize(w as a matrix)) bias(b))
struct UnfoldConvolution : OpRewritePattern<linalg::Conv2DNhwcFhwcOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::Conv2DNhwcFhwcOp op,
                                PatternRewriter &rewriter) const override;

private:
  static Value makeRows(ImplicitLocOpBuilder &b, linalg::Conv2DNhwcFhwcOp op,
                        ConvolvedImages images, bool isRows, int64_t columns);
};

struct UnfoldConvolutionsPass : quench::impl::UnfoldConvolutionsPassBase<UnfoldConvolutionsPass> {
  using UnfoldConvolutionsPassBase::UnfoldConvolutionsPassBase;
  void runOnOperation() override;
};

} // namespace

Value UnfoldConvolution::makeRows(ImplicitLocOpBuilder &b, linalg::Conv2DNhwcFhwcOp op,
                                  ConvolvedImages images, bool isRows, int64_t columns) {
  Value input = op.getInputs()[0];
  QuantizeOp quantize = images.quantize;
  Value floats = quantize ? quantize.getInput() : input;
  if (images.pad) {
    floats = padAgain(b, images.pad, floats);
  }
  auto flat = [&](Value value) -> Value {
    return value ? tensor::CollapseShapeOp::create(b, value, matrixAxes()) : Value();
  };
  if (isRows) {
    Value rows = flat(floats);
    if (!quantize) {
      return rows;
    }
    SchemeAttr scheme = quantize.getResult().getType().getScheme();
    int64_t block[] = {scheme.isPerTensor() ? SchemeAttr::kWhole : 1, SchemeAttr::kWhole};
    return quantizeAgain(b, quantize, rows, scheme.withBlock(block), flat(quantize.getScale()),
                         flat(quantize.getZeroPoint()));
  }
  if (images.pad) {
    input = quantizeAgain(b, quantize, floats, quantize.getResult().getType().getScheme(),
                          quantize.getScale(), quantize.getZeroPoint());
  }
  auto filter = cast<RankedTensorType>(op.getInputs()[1].getType()).getShape();
  auto result = cast<RankedTensorType>(op.getResult(0).getType()).getShape();
  bool isOpen = ShapedType::isDynamic(result[0]);
  int64_t rows = isOpen ? result[0] : result[0] * result[1] * result[2];
  Type type = nn::UnfoldOp::rowsOf(input.getType(), rows, columns);
  return nn::UnfoldOp::create(b, type, input, ArrayRef<int64_t>{filter[1], filter[2]},
                              numbersOf(op.getStrides()), numbersOf(op.getDilations()));
}

LogicalResult UnfoldConvolution::matchAndRewrite(linalg::Conv2DNhwcFhwcOp op,
                                                 PatternRewriter &rewriter) const {
  auto type = op.getNumResults() == 1 ? dyn_cast<RankedTensorType>(op.getResult(0).getType())
                                      : RankedTensorType();
  if (!type || !type.getElementType().isF32() ||
      !getElementTypeOrSelf(op.getInputs()[0].getType()).isF32()) {
    return rewriter.notifyMatchFailure(op, "expected tensors of f32");
  }
  auto refuse = [&](const Twine &reason) {
    remark::missed(op.getLoc(), remarkOptions("LeftAsLoops"))
        << remark::metric("Reason", reason.str());
    return rewriter.notifyMatchFailure(op, reason);
  };
  auto input = cast<RankedTensorType>(op.getInputs()[0].getType());
  auto isOpen = [](int64_t size) { return ShapedType::isDynamic(size) || size == 0; };
  if (llvm::any_of(input.getShape().drop_front(), isOpen) ||
      llvm::any_of(type.getShape().drop_front(), isOpen)) {
    return refuse("the size of its images is open or zero");
  }
  Expected<Filter> filter = findFilter(op.getInputs()[1]);
  if (!filter) {
    return refuse(llvm::toString(filter.takeError()));
  }
  SmallVector<int64_t> strides = numbersOf(op.getStrides());
  auto kernel = cast<RankedTensorType>(op.getInputs()[1].getType()).getShape().slice(1, 2);
  bool isRows = kernel[0] == 1 && kernel[1] == 1 && strides[0] == 1 && strides[1] == 1;
  Expected<ConvolvedImages> images = findImages(op.getInputs()[0], isRows);
  if (!images) {
    return refuse(llvm::toString(images.takeError()));
  }
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  auto quantized = dyn_cast<QTensorType>(filter->matrix);
  auto matrix = quantized ? quantized.getExpressed() : cast<RankedTensorType>(filter->matrix);
  Value weight =
      WeightOp::create(b, filter->weight.getLoc(), filter->matrix, filter->weight.getKey());
  if (quantized) {
    weight = DequantizeOp::create(b, matrix, weight);
  }
  Value rows = makeRows(b, op, *images, isRows, matrix.getDimSize(1));
  Value init = op.getOutputs()[0];
  std::optional<Value> bias = findBias(init);
  int64_t count = cast<RankedTensorType>(rows.getType()).getDimSize(0);
  Value product =
      nn::LinearOp::create(b, RankedTensorType::get({count, type.getDimSize(3)}, b.getF32Type()),
                           rows, weight, bias.value_or(Value()));
  Value source = images->quantize ? images->quantize.getInput() : op.getInputs()[0];
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), source);
  for (int64_t axis : {1, 2, 3}) {
    sizes[axis] = b.getIndexAttr(type.getDimSize(axis));
  }
  Value result = tensor::ExpandShapeOp::create(b, type, product, matrixAxes(), sizes);
  if (!bias) {
    result = arith::AddFOp::create(b, result, init);
  }
  remark::passed(op.getLoc(), remarkOptions("Unfolded"))
      << remark::metric("Rows of", matrix.getDimSize(1));
  rewriter.replaceOp(op, result);
  return success();
}

/// Whether an elementwise op reads the images that a matrix was made to.
static bool isMatrixOfPixels(OpOperand *operand) {
  auto expand = operand->get().getDefiningOp<tensor::ExpandShapeOp>();
  return expand && expand.getReassociationIndices() == matrixAxes();
}

void UnfoldConvolutionsPass::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  patterns.add<UnfoldConvolution>(&getContext());
  populateUnfoldDepthwise(patterns);
  walkAndApplyPatterns(getOperation(), std::move(patterns));
  RewritePatternSet elementwise(&getContext());
  linalg::populateFoldReshapeOpsByCollapsingPatterns(elementwise, isMatrixOfPixels);
  tensor::CollapseShapeOp::getCanonicalizationPatterns(elementwise, &getContext());
  tensor::ExpandShapeOp::getCanonicalizationPatterns(elementwise, &getContext());
  if (failed(applyPatternsGreedily(getOperation(), std::move(elementwise)))) {
    getOperation().emitError("moving elementwise ops to matrices did not end");
    return signalPassFailure();
  }
}

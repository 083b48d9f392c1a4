//===- ChannelsLast.cpp - Convolutions with channels last -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: convolutions and pooling of images `N x C x H x W`, as ONNX has them. Output: the same on
// images `N x H x W x C`. A transposition behind a convolution moves on through all that works on
// single elements, until it meets the one before the next convolution; what is left is at the
// arguments, at the results and where the order of elements matters.
//
//===----------------------------------------------------------------------===//

#include "FilterOrder.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#define DEBUG_TYPE "quench-channels-last"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_CHANNELSLASTPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

static constexpr int64_t kToLast[] = {0, 2, 3, 1}, kToFirst[] = {0, 3, 1, 2};

/// The transposition that a value is, if it puts channels first.
static linalg::TransposeOp findToFirst(Value value) {
  auto op = value.getDefiningOp<linalg::TransposeOp>();
  return op && op.getPermutation() == Order(kToFirst) ? op : linalg::TransposeOp();
}

/// A sum that begins with zeros, or with one value for each channel, with channels last.
static Value moveInit(ImplicitLocOpBuilder &b, Value init) {
  SmallVector<OpFoldResult> sizes =
      reorder<OpFoldResult>(tensor::getMixedSizes(b, b.getLoc(), init), kToLast);
  auto empty = [&] { return tensor::EmptyOp::create(b, sizes, getElementTypeOrSelf(init)); };
  if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
    return linalg::FillOp::create(b, fill.getInputs(), ValueRange(empty())).getResult(0);
  }
  auto broadcast = init.getDefiningOp<linalg::BroadcastOp>();
  if (broadcast && broadcast.getDimensions() == ArrayRef<int64_t>{0, 2, 3}) {
    return linalg::BroadcastOp::create(b, broadcast.getInput(), empty(), ArrayRef<int64_t>{0, 1, 2})
        ->getResult(0);
  }
  return transpose(b, init, kToLast);
}

static Value moveFilter(ImplicitLocOpBuilder &b, linalg::Conv2DNchwFchwOp op) {
  return transposeFilter(b, op.getInputs()[1], kToLast);
}

static Value moveFilter(ImplicitLocOpBuilder &b, linalg::DepthwiseConv2DNchwChwOp op) {
  return transposeFilter(b, withoutUnitAxis(b, op.getInputs()[1]), {1, 2, 0});
}

namespace {

/// conv_2d_nchw_fchw(x, w) -> to_first(conv_2d_nhwc_fhwc(to_last(x), w')), and likewise for
/// depthwise_conv_2d_nchw_chw and depthwise_conv_2d_nhwc_hwc
template <typename From, typename To> struct MoveConvolution : OpRewritePattern<From> {
  using OpRewritePattern<From>::OpRewritePattern;

  LogicalResult matchAndRewrite(From op, PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics()) {
      return rewriter.notifyMatchFailure(op, "expected tensors");
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value images = transpose(b, op.getInputs()[0], kToLast);
    Value filter = moveFilter(b, op);
    Value init = moveInit(b, op.getOutputs()[0]);
    Value result = To::create(b, init.getType(), ValueRange{images, filter}, ValueRange{init},
                              op.getStrides(), op.getDilations())
                       .getResult(0);
    rewriter.replaceOp(op, transpose(b, result, kToFirst));
    return success();
  }
};

/// pooling_nchw(to_first(x)) -> to_first(pooling_nhwc(x))
template <typename From, typename To> struct MovePooling : OpRewritePattern<From> {
  using OpRewritePattern<From>::OpRewritePattern;

  LogicalResult matchAndRewrite(From op, PatternRewriter &rewriter) const override {
    linalg::TransposeOp moved = findToFirst(op.getInputs()[0]);
    if (!moved) {
      return rewriter.notifyMatchFailure(op, "expected images with channels last before it");
    }
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value init = moveInit(b, op.getOutputs()[0]);
    Value result = To::create(b, init.getType(), ValueRange{moved.getInput(), op.getInputs()[1]},
                              ValueRange{init}, op.getStrides(), op.getDilations())
                       .getResult(0);
    rewriter.replaceOp(op, transpose(b, result, kToFirst));
    return success();
  }
};

/// generic(to_first(x), y) -> to_first(generic(x, y)), where y is read in the order of x.
struct MoveElementwise : OpRewritePattern<linalg::GenericOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override;
};

/// generic(x, to_first(y)) -> generic(x, y), where y is read in the order of its elements then.
struct ReadChannelsLast : OpRewritePattern<linalg::GenericOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override;
};

/// pad(to_first(x)) -> to_first(pad(x)) and to_last(pad(x)) -> pad(to_last(x))
struct MovePad : OpRewritePattern<linalg::TransposeOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const override;
};

/// The same for quantizations by one scale.
struct MoveQuantization : OpRewritePattern<linalg::TransposeOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const override;
};

/// reduce(to_first(x)) over rows and columns -> reduce(x)
struct MoveReduction : OpRewritePattern<linalg::ReduceOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(linalg::ReduceOp op, PatternRewriter &rewriter) const override {
    linalg::TransposeOp moved =
        op.getInputs().size() == 1 ? findToFirst(op.getInputs()[0]) : linalg::TransposeOp();
    if (!moved || op.getDimensions() != ArrayRef<int64_t>{2, 3}) {
      return rewriter.notifyMatchFailure(op, "expected a reduction of rows and columns");
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputsMutable().assign(moved.getInput());
      op.setDimensions({1, 2});
    });
    return success();
  }
};

/// to_last(to_first(x)) -> x
struct CancelTranspositions : OpRewritePattern<linalg::TransposeOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const override {
    linalg::TransposeOp inner = findToFirst(op.getInput());
    if (!inner || op.getPermutation() != Order(kToLast)) {
      return rewriter.notifyMatchFailure(op, "expected two opposite transpositions");
    }
    rewriter.replaceOp(op, inner.getInput());
    return success();
  }
};

struct ChannelsLastPass : quench::impl::ChannelsLastPassBase<ChannelsLastPass> {
  using ChannelsLastPassBase::ChannelsLastPassBase;
  void runOnOperation() override;
};

} // namespace

LogicalResult MoveElementwise::matchAndRewrite(linalg::GenericOp op,
                                               PatternRewriter &rewriter) const {
  auto type = op.getNumResults() == 1 ? dyn_cast<RankedTensorType>(op.getResult(0).getType())
                                      : RankedTensorType();
  AffineMap output = type ? op.getIndexingMapsArray().back() : AffineMap();
  OpOperand *found = nullptr;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (!found && findToFirst(operand->get()) && op.getMatchingIndexingMap(operand).isIdentity()) {
      found = operand;
    }
  }
  bool readsInit = type && !op.getBody()->getArguments().back().use_empty();
  if (!found || !output.isIdentity() || op.getNumLoops() != 4 || op.getNumParallelLoops() != 4 ||
      readsInit || op.hasIndexSemantics() ||
      cast<RankedTensorType>(found->get().getType()).getShape() != type.getShape()) {
    return rewriter.notifyMatchFailure(op, "expected an elementwise op on images");
  }
  ImplicitLocOpBuilder b(op.getLoc(), rewriter);
  Value images = findToFirst(found->get()).getInput();
  // Loop i is now the loop of the axis that becomes axis i.
  SmallVector<AffineExpr> loops;
  for (int64_t axis : kToFirst) {
    loops.push_back(b.getAffineDimExpr(axis));
  }
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand).replaceDimsAndSymbols(loops, {}, 4, 0);
    linalg::TransposeOp moved = findToFirst(operand->get());
    if (moved) {
      map = AffineMap::get(4, 0, reorder<AffineExpr>(map.getResults(), kToLast), b.getContext());
    }
    inputs.push_back(moved ? moved.getInput() : operand->get());
    maps.push_back(map);
  }
  maps.push_back(b.getMultiDimIdentityMap(4));
  Value empty = tensor::EmptyOp::create(b, tensor::getMixedSizes(b, b.getLoc(), images),
                                        type.getElementType());
  SmallVector<utils::IteratorType> parallel(4, utils::IteratorType::parallel);
  auto result = linalg::GenericOp::create(b, empty.getType(), inputs, empty, maps, parallel);
  rewriter.inlineRegionBefore(op.getRegion(), result.getRegion(), result.getRegion().end());
  b.setInsertionPointAfter(result);
  rewriter.replaceOp(op, transpose(b, result.getResult(0), kToFirst));
  return success();
}

LogicalResult ReadChannelsLast::matchAndRewrite(linalg::GenericOp op,
                                                PatternRewriter &rewriter) const {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    linalg::TransposeOp moved = findToFirst(operand->get());
    if (!moved) {
      continue;
    }
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    AffineMap &map = maps[operand->getOperandNumber()];
    map = AffineMap::get(map.getNumDims(), 0, reorder<AffineExpr>(map.getResults(), kToLast),
                         op.getContext());
    if (map.isIdentity()) {
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(moved.getInput());
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
      });
      return success();
    }
  }
  return rewriter.notifyMatchFailure(op, "expected images that are read with channels last");
}

/// The only op that reads more of a value than its size; null if there are more.
static Operation *findReader(Value value) {
  Operation *reader = nullptr;
  for (Operation *user : value.getUsers()) {
    if (isa<tensor::DimOp>(user)) {
      continue;
    }
    if (reader && reader != user) {
      return nullptr;
    }
    reader = user;
  }
  return reader;
}

/// The other op, which reads the result of a transposition that puts channels first, or whose
/// result one reads that puts them last.
template <typename OpTy> static OpTy findNeighbour(linalg::TransposeOp op) {
  if (op.getPermutation() == Order(kToFirst)) {
    return dyn_cast_or_null<OpTy>(findReader(op->getResult(0)));
  }
  auto before = op.getInput().getDefiningOp<OpTy>();
  bool isLast = op.getPermutation() == Order(kToLast) && before;
  return isLast && findReader(before->getResult(0)) == op ? before : OpTy();
}

LogicalResult MovePad::matchAndRewrite(linalg::TransposeOp op, PatternRewriter &rewriter) const {
  auto pad = findNeighbour<tensor::PadOp>(op);
  Value filling = pad ? pad.getConstantPaddingValue() : Value();
  if (!filling || pad.getResultType().getRank() != 4) {
    return rewriter.notifyMatchFailure(op, "expected a pad by a constant");
  }
  bool isBefore = op.getPermutation() == Order(kToFirst);
  ImplicitLocOpBuilder b(pad.getLoc(), rewriter);
  b.setInsertionPoint(pad);
  Value source = isBefore ? op.getInput() : transpose(b, pad.getSource(), kToLast);
  auto shape = reorder<int64_t>(pad.getResultType().getShape(), kToLast);
  Value moved =
      tensor::PadOp::create(b, pad.getResultType().clone(shape), source,
                            reorder<OpFoldResult>(pad.getMixedLowPad(), kToLast),
                            reorder<OpFoldResult>(pad.getMixedHighPad(), kToLast), filling);
  if (isBefore) {
    rewriter.replaceOp(pad, transpose(b, moved, kToFirst));
  } else {
    rewriter.replaceOp(op, moved);
  }
  return success();
}

LogicalResult MoveQuantization::matchAndRewrite(linalg::TransposeOp op,
                                                PatternRewriter &rewriter) const {
  bool isBefore = op.getPermutation() == Order(kToFirst);
  QuantizeOp quantize;
  DequantizeOp dequantize;
  if (isBefore) {
    quantize = findNeighbour<QuantizeOp>(op);
    Operation *reader = quantize ? findReader(quantize.getResult()) : nullptr;
    dequantize = dyn_cast_or_null<DequantizeOp>(reader);
  } else if ((dequantize = findNeighbour<DequantizeOp>(op))) {
    quantize = dequantize.getInput().getDefiningOp<QuantizeOp>();
  }
  if (!quantize || !dequantize || findReader(quantize.getResult()) != dequantize ||
      !quantize.getResult().getType().getScheme().isPerTensor()) {
    return rewriter.notifyMatchFailure(op, "expected a quantization by one scale");
  }
  ImplicitLocOpBuilder b(quantize.getLoc(), rewriter);
  b.setInsertionPoint(dequantize);
  Value source = isBefore ? op.getInput() : transpose(b, quantize.getInput(), kToLast);
  auto moved = cast<QuantizeOp>(b.clone(*quantize));
  auto type = QTensorType::get(cast<RankedTensorType>(source.getType()),
                               quantize.getResult().getType().getScheme());
  rewriter.modifyOpInPlace(moved, [&] {
    moved.getInputMutable().assign(source);
    moved.getResult().setType(type);
  });
  Value floats = DequantizeOp::create(b, type.getExpressed(), moved.getResult());
  if (isBefore) {
    rewriter.replaceOp(dequantize, transpose(b, floats, kToFirst));
  } else {
    rewriter.replaceOp(op, floats);
  }
  return success();
}

void ChannelsLastPass::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  patterns
      .add<MoveConvolution<linalg::Conv2DNchwFchwOp, linalg::Conv2DNhwcFhwcOp>,
           MoveConvolution<linalg::DepthwiseConv2DNchwChwOp, linalg::DepthwiseConv2DNhwcHwcOp>,
           MoveElementwise, ReadChannelsLast, MovePad, MoveQuantization, MoveReduction,
           CancelTranspositions, MovePooling<linalg::PoolingNchwMaxOp, linalg::PoolingNhwcMaxOp>,
           MovePooling<linalg::PoolingNchwSumOp, linalg::PoolingNhwcSumOp>>(&getContext());
  if (failed(applyPatternsGreedily(getOperation(), std::move(patterns)))) {
    getOperation().emitError("moving transpositions did not end");
    signalPassFailure();
  }
}

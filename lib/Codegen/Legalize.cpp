//===- Legalize.cpp - Choose how contractions are computed -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a QDQ model. Output: the same model in which every contraction that the kernels compute on
// codes is a `quench.contract`, and rows of quantized tables are picked before they are decoded.
// QDQ pairs that nothing uses any more are erased.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "LegalizationRemarks.h"
#include "OpenWeights.h"

#include "quench/Codegen/ContractionPlan.h"
#include "quench/Codegen/DepthwiseKernel.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/CodeTable.h"
#include "quench/Numerics/FloatFormat.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace quench {
#define GEN_PASS_DEF_LEGALIZEPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

/// Whether a block is part of one row or covers all rows.
static bool hasBlocksOfRows(SchemeAttr scheme) {
  return scheme.getBlock()[0] == 1 || scheme.getBlock()[0] == SchemeAttr::kWhole;
}

/// What bounds the sums of products of codes, if both sides are codes.
static std::optional<BlockSumBound> bound(QTensorType activations, Value weights,
                                          const WeightStore *store) {
  return activations ? std::optional(boundBlockSum(activations.getScheme(), weights, store))
                     : std::nullopt;
}

namespace {
/// What a linear layer is computed on: dequantized values, perhaps windows of them.
struct Activations {
  DequantizeOp dequantize;
  nn::UnfoldOp unfold;

  explicit Activations(Value input) : dequantize(findDequantized(input)) {
    auto windows = input.getDefiningOp<nn::UnfoldOp>();
    auto images = windows ? windows.getInput().getDefiningOp<DequantizeOp>() : DequantizeOp();
    if (images && hasOneScale(images.getInput().getType())) {
      dequantize = images;
      unfold = windows;
    }
  }

  /// The type of their codes, null for floats.
  QTensorType type() const {
    if (!dequantize || !unfold) {
      return dequantize ? DequantizeOp(dequantize).getInput().getType() : QTensorType();
    }
    auto rows = cast<RankedTensorType>(nn::UnfoldOp(unfold).getResult().getType());
    return cast<QTensorType>(nn::UnfoldOp::rowsOf(DequantizeOp(dequantize).getInput().getType(),
                                                  rows.getDimSize(0), rows.getDimSize(1)));
  }

  /// Their codes.
  Value codes(OpBuilder &builder) {
    Value codes = dequantize.getInput();
    return unfold ? nn::UnfoldOp::create(builder, unfold.getLoc(), type(), codes,
                                         unfold.getKernelAttr(), unfold.getStridesAttr(),
                                         unfold.getDilationsAttr())
                        .getResult()
                  : codes;
  }

private:
  static bool hasOneScale(QTensorType type) {
    SchemeAttr scheme = type.getScheme();
    return scheme.isPerTensor() && scheme.hasPlainParameters();
  }
};
} // namespace

static RealizationAttr realize(MLIRContext *context, const ContractionChoice &choice) {
  return RealizationAttr::get(context, choice.form, storageType(choice.container, context),
                              StringAttr::get(context, choice.product->instruction));
}

/// The same codes with another codebook; null without one.
static QTensorType withCodebook(QTensorType type, ArrayRef<float> values) {
  SchemeAttr scheme = type.getScheme();
  if (values.empty()) {
    return nullptr;
  }
  MLIRContext *context = type.getContext();
  auto codebook = CodebookAttr::get(context, DenseF32ArrayAttr::get(context, values));
  auto rounded = SchemeAttr::get(context, codebook, scheme.getBlock(), scheme.getScale(),
                                 scheme.getZeroPoint(), scheme.getCodeMin(), scheme.getCodeMax());
  return QTensorType::get(type.getExpressed(), rounded);
}

/// The same codes with a codebook that is rounded so that bytes stand for its values; null if the
/// element is no such codebook.
static QTensorType roundCodebook(QTensorType type) {
  return withCodebook(type, numerics::roundCodebook(type.getScheme().getNumericsScheme().element));
}

/// The same codes with the nearest values that a float holds; null if the element is no codebook of
/// four bits or fewer, or if two values became one.
static QTensorType roundCodebook(QTensorType type, FloatType format) {
  numerics::Encoding element = type.getScheme().getNumericsScheme().element;
  if (!element.isCodebook() || element.bitWidth() > 4) {
    return nullptr;
  }
  auto narrow = format.isF16() ? numerics::FloatFormat::F16 : numerics::FloatFormat::BF16;
  std::vector<float> values;
  for (float value : element.codebookValues()) {
    values.push_back(numerics::decode(narrow, numerics::encode(narrow, value)));
    if (values.size() > 1 && values[values.size() - 2] >= values.back()) {
      return nullptr;
    }
  }
  return withCodebook(type, values);
}

/// A tensor of floats in f32.
static Value extend(RewriterBase &rewriter, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType().isF32()) {
    return value;
  }
  return arith::ExtFOp::create(rewriter, value.getLoc(), type.clone(rewriter.getF32Type()), value);
}

namespace {
/// nn.linear(dequantize(x), dequantize(w)) -> quench.contract(x, w)
/// nn.linear(nn.unfold(dequantize(x)), dequantize(w)) -> quench.contract(nn.unfold(x), w)
/// nn.linear(x, dequantize(w)) -> quench.contract(x, w)
/// nn.linear(extf(x), dequantize(w)) -> quench.contract(x, w), by products of 16-bit floats
/// nn.linear(dequantize(x) + outliers, dequantize(w))
///   -> quench.contract(x, w) + quench.contract(outliers, w)
class FuseDequantizedLinear : public OpRewritePattern<nn::LinearOp> {
public:
  FuseDequantizedLinear(MLIRContext *context, const Target &target, const WeightStore *store)
      : OpRewritePattern(context), target(target), store(store) {}

  LogicalResult matchAndRewrite(nn::LinearOp op, PatternRewriter &rewriter) const override {
    auto weight = op.getWeight().getDefiningOp<DequantizeOp>();
    if (!weight) {
      remark::missed(op.getLoc(), legalizationRemark())
          << (op.getWeight().getDefiningOp<OverlayOp>()
                  ? "computed in f32: some elements of the weight are kept beside its codes"
                  : "computed in f32: the weight is not quantized");
      return rewriter.notifyMatchFailure(op, "expected a dequantized weight");
    }
    QTensorType rhs = weight.getInput().getType();
    if (!hasBlocksOfRows(rhs.getScheme())) {
      remark::missed(op.getLoc(), legalizationRemark())
          << "computed in f32: blocks of the weight span several rows";
      return rewriter.notifyMatchFailure(op, "expected blocks of one row or of all rows");
    }
    Activations input(op.getInput());
    Value lhs = op.getInput(), outliers;
    Type accumulator = rewriter.getF32Type();
    QTensorType activations = input.type();
    Value narrow = findNarrow(lhs);
    Value codes = weight.getInput();
    std::optional<BlockSumBound> blockSum = bound(activations, codes, store);
    SmallVector<ContractionChoice> choices = planContraction(
        target, rhs, narrow ? activationsOf(narrow.getType()) : Type(activations), blockSum);
    QTensorType rounded = activations ? roundCodebook(rhs) : QTensorType();
    if (auto stored = codes.getDefiningOp<WeightOp>(); stored && rounded) {
      SmallVector<ContractionChoice> others = planContraction(target, rounded, activations);
      if (others.front().form == ContractionForm::Integer) {
        remark::passed(op.getLoc(), legalizationRemark())
            << "the codebook of the weight is rounded to 127ths of its largest value, which adds "
               "less than a percent to the variance of its quantization";
        choices = std::move(others);
        codes = WeightOp::create(rewriter, stored.getLoc(), rounded, stored.getKey());
        rhs = rounded;
      }
    }
    if (auto stored = codes.getDefiningOp<WeightOp>(); stored && narrow && target.isDevice()) {
      codes = roundForDevice(stored, cast<FloatType>(activationsOf(narrow.getType())), choices,
                             rewriter);
      rhs = cast<QTensorType>(codes.getType());
    }
    if (choices.front().refusal) {
      remark::missed(op.getLoc(), legalizationRemark())
          << "the target multiplies neither codes nor floats";
      return rewriter.notifyMatchFailure(op, "expected a form that the target can compute");
    }
    remarkOnChoice(op, /*isQuantized=*/activations != nullptr, blockSum && blockSum->isOfCodes,
                   choices);
    if (multipliesCodes(choices.front().form)) {
      if (auto sum = lhs.getDefiningOp<arith::AddFOp>(); sum && !input.unfold) {
        outliers = sum.getRhs();
      }
      lhs = input.codes(rewriter);
      if (choices.front().form == ContractionForm::Integer) {
        accumulator = rewriter.getI32Type();
      }
    } else if (choices.front().form == ContractionForm::ShortFloats) {
      lhs = narrow;
    }
    Value result =
        ContractOp::create(rewriter, op.getLoc(), op.getType(), lhs, codes, op.getBias(),
                           TypeAttr::get(accumulator), realize(getContext(), choices.front()));
    if (outliers) {
      remark::passed(op.getLoc(), legalizationRemark()) << "outliers have a product of their own";
      ContractionChoice ofOutliers = planContraction(target, rhs, Type()).front();
      Value others = ContractOp::create(rewriter, op.getLoc(), op.getType(), outliers, codes,
                                        /*bias=*/Value(), TypeAttr::get(rewriter.getF32Type()),
                                        realize(getContext(), ofOutliers));
      result = arith::AddFOp::create(rewriter, op.getLoc(), result, others);
    }
    rewriter.replaceOp(op, result);
    return success();
  }

private:
  /// `stored`, or the same codes with a codebook whose values a 16-bit float holds, where that lets
  /// a device look them up; and `choices` for it.
  Value roundForDevice(WeightOp stored, FloatType format, SmallVector<ContractionChoice> &choices,
                       PatternRewriter &rewriter) const {
    auto type = cast<QTensorType>(stored.getType());
    QTensorType nearest = roundCodebook(type, format);
    if (!nearest || choices.front().form == ContractionForm::ShortFloats) {
      return stored;
    }
    SmallVector<ContractionChoice> others = planContraction(target, nearest, format);
    if (others.front().form != ContractionForm::ShortFloats) {
      return stored;
    }
    remark::passed(stored.getLoc(), legalizationRemark())
        << "the values of the codebook of the weight are rounded to 16 bits";
    choices = std::move(others);
    return WeightOp::create(rewriter, stored.getLoc(), nearest, stored.getKey());
  }

  const Target &target;
  const WeightStore *store;
};

/// A contraction that somebody else wrote.
class RealizeContraction : public OpRewritePattern<ContractOp> {
public:
  RealizeContraction(MLIRContext *context, const Target &target, const WeightStore *store)
      : OpRewritePattern(context), target(target), store(store) {}

  LogicalResult matchAndRewrite(ContractOp op, PatternRewriter &rewriter) const override {
    auto weights = dyn_cast<QTensorType>(op.getRhs().getType());
    if (op.getRealization() || !weights) {
      return rewriter.notifyMatchFailure(op, "expected a quantized right side to realize");
    }
    auto activations = dyn_cast<QTensorType>(op.getLhs().getType());
    SmallVector<ContractionChoice> choices =
        planContraction(target, weights, activationsOf(op.getLhs().getType()),
                        bound(activations, op.getRhs(), store));
    bool isRefused = choices.front().refusal.has_value();
    if (isRefused || (activations && !multipliesCodes(choices.front().form))) {
      return rewriter.notifyMatchFailure(op, "expected codes that can be multiplied");
    }
    Value lhs = op.getLhs();
    if (!activations && choices.front().form != ContractionForm::ShortFloats) {
      lhs = extend(rewriter, lhs);
    }
    rewriter.modifyOpInPlace(op, [&] {
      op.getLhsMutable().assign(lhs);
      op.setRealizationAttr(realize(getContext(), choices.front()));
    });
    return success();
  }

private:
  const Target &target;
  const WeightStore *store;
};

/// nn.depthwise_conv(dequantize(x), dequantize(w)) -> nn.depthwise_conv(x, w)
struct ConvolveCodes : OpRewritePattern<nn::DepthwiseConvOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::DepthwiseConvOp op, PatternRewriter &rewriter) const override {
    auto input = op.getInput().getDefiningOp<DequantizeOp>();
    auto filter = op.getFilter().getDefiningOp<DequantizeOp>();
    if (!input || !filter) {
      return rewriter.notifyMatchFailure(op, "expected dequantized images and filters");
    }
    std::string refusal = DepthwiseKernel::refusalOfCodes(
        input.getInput().getType(), filter.getInput().getType(), op.getKernel());
    if (!refusal.empty()) {
      remark::missed(op.getLoc(), legalizationRemark())
          << "computed on f32 activations: " + refusal;
      return rewriter.notifyMatchFailure(op, refusal);
    }
    remark::passed(op.getLoc(), legalizationRemark())
        << "codes of each channel are multiplied as they are, sums proved to be exact in f32";
    rewriter.replaceOpWithNewOp<nn::DepthwiseConvOp>(
        op, op.getType(), input.getInput(), filter.getInput(), op.getBias(), op.getKernelAttr(),
        op.getStridesAttr(), op.getDilationsAttr());
    return success();
  }
};

/// nn.embedding(dequantize(table)) -> dequantize(nn.embedding(table))
struct PickCodesOfRows : OpRewritePattern<nn::EmbeddingOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::EmbeddingOp op, PatternRewriter &rewriter) const override {
    auto table = op.getTable().getDefiningOp<DequantizeOp>();
    if (!table) {
      return rewriter.notifyMatchFailure(op, "expected a dequantized table");
    }
    SchemeAttr scheme = table.getInput().getType().getScheme();
    if (!hasBlocksOfRows(scheme)) {
      remark::missed(op.getLoc(), legalizationRemark())
          << "the whole table is decoded: its blocks span several rows";
      return rewriter.notifyMatchFailure(op, "expected blocks of one row or of all rows");
    }
    remark::passed(op.getLoc(), legalizationRemark())
        << "rows are picked as codes and decoded then";
    auto expressed = cast<RankedTensorType>(op.getType());
    Value rows = nn::EmbeddingOp::create(rewriter, op.getLoc(), QTensorType::get(expressed, scheme),
                                         table.getInput(), op.getTokens());
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, expressed, rows);
    return success();
  }
};

struct LegalizePass : quench::impl::LegalizePassBase<LegalizePass> {
  using Base::Base;
  explicit LegalizePass(const WeightStore *given) : given(given) {}

  void runOnOperation() override;

  const WeightStore *given = nullptr;
};
} // namespace

void LegalizePass::runOnOperation() {
  FailureOr<Target> target = getTarget(getOperation());
  if (failed(target)) {
    return signalPassFailure();
  }
  FailureOr<StorePointer> store = openWeights(getOperation(), weights, given);
  if (failed(store)) {
    return signalPassFailure();
  }
  RewritePatternSet patterns(&getContext());
  patterns.add<FuseDequantizedLinear, RealizeContraction>(&getContext(), *target, store->get());
  patterns.add<ConvolveCodes, PickCodesOfRows>(&getContext());
  walkAndApplyPatterns(getOperation(), std::move(patterns));
  SmallVector<Operation *> operations;
  getOperation().walk([&](Operation *op) { operations.push_back(op); });
  for (Operation *op : llvm::reverse(operations)) {
    if (isa<DequantizeOp, QuantizeOp, WeightOp, nn::UnfoldOp, arith::AddFOp, arith::ExtFOp>(op) &&
        op->use_empty()) {
      op->erase();
    }
  }
}

std::unique_ptr<Pass> quench::createLegalizePass(const WeightStore *store) {
  return std::make_unique<LegalizePass>(store);
}

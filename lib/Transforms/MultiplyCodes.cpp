//===- MultiplyCodes.cpp - Contractions of linalg on their codes ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: named contractions of linalg between dequantized values (QDQ form). Output: the same
// contractions of the codes in i32, and one elementwise op that multiplies by both scales and adds
// what the float op added to. Nothing but linalg is left behind convert-quench-to-linalg.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#define DEBUG_TYPE "quench-multiply-codes"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_MULTIPLYCODESPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::Error;
using llvm::Expected;

static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category(DEBUG_TYPE);
}

/// The map of the scales of an operand, or the reason why they cannot be taken out of the sum.
static Expected<AffineMap> scaleMap(linalg::LinalgOp op, OpOperand &operand, SchemeAttr scheme) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<AffineExpr> places;
  for (auto [axis, expression] : llvm::enumerate(map.getResults())) {
    int64_t extent = scheme.getBlock()[axis];
    bool isWhole = extent == SchemeAttr::kWhole ||
                   cast<RankedTensorType>(operand.get().getType()).getDimSize(axis) == 1;
    if (!isWhole && (extent != 1 || !result.getResultPosition(expression))) {
      return llvm::createStringError("its scales change along what is summed, or by blocks");
    }
    places.push_back(isWhole ? getAffineConstantExpr(0, op.getContext()) : expression);
  }
  return AffineMap::get(map.getNumDims(), 0, places, op.getContext());
}

static Error checkCodes(SchemeAttr scheme) {
  if (!scheme.isInteger() || !scheme.getCodeType().isInteger(8) || scheme.getCodeMin() >= 0) {
    return llvm::createStringError("its codes are not signed integers of 8 bits");
  }
  if (scheme.hasZeroPoints()) {
    return llvm::createStringError("it has zero points");
  }
  return Error::success();
}

/// Whether every sum fits i32.
static Error checkSums(linalg::LinalgOp op, ArrayRef<SchemeAttr> schemes) {
  SmallVector<unsigned> loops;
  op.getReductionDims(loops);
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  double bound = 1.0;
  for (unsigned loop : loops) {
    if (ShapedType::isDynamic(sizes[loop])) {
      return llvm::createStringError("the number of its products is open");
    }
    bound *= static_cast<double>(sizes[loop]);
  }
  for (SchemeAttr scheme : schemes) {
    bound *= static_cast<double>(std::max(-scheme.getCodeMin(), scheme.getCodeMax()));
  }
  if (bound > std::numeric_limits<int32_t>::max()) {
    return llvm::createStringError("a sum of its products may be more than i32 holds");
  }
  return Error::success();
}

/// The same named op on other operands, with the region that their types ask for.
static Value createNamed(ImplicitLocOpBuilder &builder, linalg::LinalgOp op, ValueRange operands) {
  // Codes are signed, whatever an attribute says that floats do not look at.
  NamedAttrList attributes(op->getAttrs());
  attributes.erase("cast");
  OperationState state(op.getLoc(), op->getName(), operands, operands.back().getType(), attributes);
  Region *region = state.addRegion();
  Block *block = new Block;
  region->push_back(block);
  for (Value operand : operands) {
    block->addArgument(getElementTypeOrSelf(operand), op.getLoc());
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(block);
  op.getRegionBuilder()(builder, *block, attributes, {});
  builder.setInsertionPoint(op);
  return builder.create(state)->getResult(0);
}

namespace {

/// An operand that is read as codes.
struct CodedOperand {
  DequantizeOp dequantize;
  /// Zeros around it, or null.
  tensor::PadOp pad;
};

/// op(dequantize(x), dequantize(w)) + c -> f32(op(codes(x), codes(w))) * (scale(x) * scale(w)) + c
template <typename OpTy> struct MultiplyCodes : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op, PatternRewriter &rewriter) const override;
};

struct MultiplyCodesPass : quench::impl::MultiplyCodesPassBase<MultiplyCodesPass> {
  using MultiplyCodesPassBase::MultiplyCodesPassBase;
  void runOnOperation() override;
};

} // namespace

/// Both maps of scales.
static Expected<SmallVector<AffineMap>> planScales(linalg::LinalgOp op,
                                                   ArrayRef<SchemeAttr> schemes) {
  SmallVector<AffineMap> maps;
  for (auto [index, scheme] : llvm::enumerate(schemes)) {
    if (Error error = checkCodes(scheme)) {
      return error;
    }
    Expected<AffineMap> map = scaleMap(op, op->getOpOperand(index), scheme);
    if (!map) {
      return map.takeError();
    }
    maps.push_back(*map);
  }
  if (Error error = checkSums(op, schemes)) {
    return error;
  }
  return maps;
}

/// The maps of an elementwise op have the loops of the result only.
static AffineMap overResult(AffineMap map, AffineMap result) {
  SmallVector<AffineExpr> loops(map.getNumDims(), getAffineConstantExpr(0, map.getContext()));
  for (auto [axis, expression] : llvm::enumerate(result.getResults())) {
    loops[cast<AffineDimExpr>(expression).getPosition()] = getAffineDimExpr(axis, map.getContext());
  }
  return map.replaceDimsAndSymbols(loops, {}, result.getNumResults(), 0);
}

/// Zeros around it have to have its scale, so there has to be a single one.
static CodedOperand findCoded(Value value) {
  auto pad = value.getDefiningOp<tensor::PadOp>();
  Value filling = pad ? pad.getConstantPaddingValue() : Value();
  if (!filling || !matchPattern(filling, m_PosZeroFloat())) {
    return {value.getDefiningOp<DequantizeOp>(), nullptr};
  }
  auto dequantize = pad.getSource().getDefiningOp<DequantizeOp>();
  bool hasOneScale = dequantize && dequantize.getInput().getType().getScheme().isPerTensor();
  return {hasOneScale ? dequantize : DequantizeOp(), pad};
}

static Value padCodes(ImplicitLocOpBuilder &builder, tensor::PadOp pad, Value codes) {
  Type element = getElementTypeOrSelf(codes);
  Value zero = arith::ConstantOp::create(builder, builder.getIntegerAttr(element, 0));
  return tensor::PadOp::create(builder, pad.getType().clone(element), codes, pad.getMixedLowPad(),
                               pad.getMixedHighPad(), zero);
}

template <typename OpTy>
LogicalResult MultiplyCodes<OpTy>::matchAndRewrite(OpTy op, PatternRewriter &rewriter) const {
  auto structured = cast<linalg::LinalgOp>(op.getOperation());
  auto [lhs, pad] = findCoded(op->getOperand(0));
  auto rhs = op->getOperand(1).template getDefiningOp<DequantizeOp>();
  auto type = dyn_cast<RankedTensorType>(structured.getDpsInitOperand(0)->get().getType());
  AffineMap result = structured.getMatchingIndexingMap(structured.getDpsInitOperand(0));
  if (!lhs || !rhs || !type || !type.getElementType().isF32() || !result.isProjectedPermutation()) {
    return rewriter.notifyMatchFailure(op, "expected dequantized operands");
  }
  QTensorType lhsType = lhs.getInput().getType(), rhsType = rhs.getInput().getType();
  auto scales = planScales(structured, {lhsType.getScheme(), rhsType.getScheme()});
  if (!scales) {
    std::string reason = llvm::toString(scales.takeError());
    remark::missed(op.getLoc(), remarkOptions("LeftInFloat")) << remark::metric("Reason", reason);
    return rewriter.notifyMatchFailure(op, reason);
  }
  ImplicitLocOpBuilder builder(op.getLoc(), rewriter);
  auto parts = [&](DequantizeOp side, QTensorType from) {
    return DisassembleOp::create(builder, from.getCodesTensor(), from.getScalesTensor(), Type(),
                                 side.getInput());
  };
  DisassembleOp left = parts(lhs, lhsType), right = parts(rhs, rhsType);
  Value init = structured.getDpsInitOperand(0)->get();
  Value empty = tensor::EmptyOp::create(builder, tensor::getMixedSizes(builder, op.getLoc(), init),
                                        builder.getI32Type());
  Value zero = arith::ConstantOp::create(builder, builder.getI32IntegerAttr(0));
  Value zeros = linalg::FillOp::create(builder, zero, empty).getResult(0);
  Value codes = pad ? padCodes(builder, pad, left.getCodes()) : left.getCodes();
  Value sums = createNamed(builder, structured, {codes, right.getCodes(), zeros});
  SmallVector<AffineMap> maps = {builder.getMultiDimIdentityMap(type.getRank()),
                                 overResult((*scales)[0], result), overResult((*scales)[1], result),
                                 builder.getMultiDimIdentityMap(type.getRank())};
  SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
  auto scaled = linalg::GenericOp::create(
      builder, type, ValueRange{sums, left.getScales(), right.getScales()}, ValueRange{init}, maps,
      loops, [](OpBuilder &body, Location loc, ValueRange elements) {
        Value sum = arith::SIToFPOp::create(body, loc, body.getF32Type(), elements[0]);
        Value scale = arith::MulFOp::create(body, loc, elements[1], elements[2]);
        Value product = arith::MulFOp::create(body, loc, sum, scale);
        Value total = arith::AddFOp::create(body, loc, product, elements[3]);
        linalg::YieldOp::create(body, loc, total);
      });
  remark::passed(op.getLoc(), remarkOptions("Multiplied"))
      << remark::metric("Op", op->getName().getStringRef());
  rewriter.replaceOp(op, scaled);
  return success();
}

void MultiplyCodesPass::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  patterns.add<MultiplyCodes<linalg::MatmulOp>, MultiplyCodes<linalg::BatchMatmulOp>,
               MultiplyCodes<linalg::Conv2DNhwcHwcfOp>, MultiplyCodes<linalg::Conv2DNhwcFhwcOp>,
               MultiplyCodes<linalg::Conv2DNchwFchwOp>>(&getContext());
  walkAndApplyPatterns(getOperation(), std::move(patterns));
  SmallVector<Operation *> unread;
  getOperation().walk([&](DequantizeOp op) { unread.push_back(op); });
  for (Operation *op : llvm::reverse(unread)) {
    if (op->use_empty()) {
      op->erase();
    }
  }
}

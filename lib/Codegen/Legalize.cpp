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

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

#define DEBUG_TYPE "quench-legalize"

namespace quench {
#define GEN_PASS_DEF_LEGALIZEPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static remark::RemarkOpts remarkOptions() {
  return remark::RemarkOpts::name("legalize").category(DEBUG_TYPE);
}

/// The largest magnitude of code minus zero point.
static int64_t largestDifference(SchemeAttr scheme) {
  if (scheme.hasZeroPoints()) {
    return scheme.getCodeMax() - scheme.getCodeMin();
  }
  return std::max(std::abs(scheme.getCodeMin()), std::abs(scheme.getCodeMax()));
}

/// Whether a block is part of one row or covers all rows.
static bool hasBlocksOfRows(SchemeAttr scheme) {
  return scheme.getBlock()[0] == 1 || scheme.getBlock()[0] == SchemeAttr::kWhole;
}

/// Why codes cannot be multiplied as they are, or nothing.
static std::optional<std::string> refuseIntegers(QTensorType lhs, QTensorType rhs) {
  SchemeAttr left = lhs.getScheme(), right = rhs.getScheme();
  if (!left.isInteger() || !right.isInteger()) {
    return "the codes of one side are not integers";
  }
  if (left.hasZeroPoints()) {
    return "the activations have zero points";
  }
  if (right.hasRealZeroPoints()) {
    return "the zero points of the weights are real numbers";
  }
  if (!hasBlocksOfRows(left)) {
    return "blocks of the activations span several rows";
  }
  if (left.getBlock()[1] != SchemeAttr::kWhole) {
    return "the scales of the activations change along K";
  }
  int64_t block = right.getBlockShape(rhs.getShape())[1];
  int64_t bound = largestDifference(left) * largestDifference(right) * block;
  if (bound > std::numeric_limits<int32_t>::max()) {
    return "a block sum of " + std::to_string(block) + " products can reach " +
           std::to_string(bound) + ", more than i32 holds";
  }
  return std::nullopt;
}

namespace {
/// nn.linear(dequantize(x), dequantize(w)) -> quench.contract(x, w)
/// nn.linear(x, dequantize(w)) -> quench.contract(x, w)
/// nn.linear(dequantize(x) + outliers, dequantize(w))
///   -> quench.contract(x, w) + quench.contract(outliers, w)
struct FuseDequantizedLinear : OpRewritePattern<nn::LinearOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(nn::LinearOp op, PatternRewriter &rewriter) const override {
    auto weight = op.getWeight().getDefiningOp<DequantizeOp>();
    if (!weight) {
      remark::missed(op.getLoc(), remarkOptions())
          << (op.getWeight().getDefiningOp<OverlayOp>()
                  ? "computed in f32: some elements of the weight are kept beside its codes"
                  : "computed in f32: the weight is not quantized");
      return rewriter.notifyMatchFailure(op, "expected a dequantized weight");
    }
    QTensorType rhs = weight.getInput().getType();
    if (!hasBlocksOfRows(rhs.getScheme())) {
      remark::missed(op.getLoc(), remarkOptions())
          << "computed in f32: blocks of the weight span several rows";
      return rewriter.notifyMatchFailure(op, "expected blocks of one row or of all rows");
    }
    DequantizeOp input = findDequantized(op.getInput());
    Value lhs = op.getInput(), outliers;
    Type accumulator = rewriter.getF32Type();
    if (input) {
      if (std::optional<std::string> reason = refuseIntegers(input.getInput().getType(), rhs)) {
        remark::missed(op.getLoc(), remarkOptions()) << "computed on f32 activations: " + *reason;
      } else {
        if (input.getResult() != lhs) {
          outliers = lhs.getDefiningOp<arith::AddFOp>().getRhs();
        }
        lhs = input.getInput();
        accumulator = rewriter.getI32Type();
      }
    }
    remark::passed(op.getLoc(), remarkOptions())
        << (accumulator.isF32() ? "weights are decoded to f32 on the way"
                                : "codes are multiplied as they are, block sums proved to fit i32");
    Value result = ContractOp::create(rewriter, op.getLoc(), op.getType(), lhs, weight.getInput(),
                                      op.getBias(), TypeAttr::get(accumulator));
    if (outliers) {
      remark::passed(op.getLoc(), remarkOptions()) << "outliers have a product of their own";
      Value others =
          ContractOp::create(rewriter, op.getLoc(), op.getType(), outliers, weight.getInput(),
                             /*bias=*/Value(), TypeAttr::get(rewriter.getF32Type()));
      result = arith::AddFOp::create(rewriter, op.getLoc(), result, others);
    }
    rewriter.replaceOp(op, result);
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
      remark::missed(op.getLoc(), remarkOptions())
          << "the whole table is decoded: its blocks span several rows";
      return rewriter.notifyMatchFailure(op, "expected blocks of one row or of all rows");
    }
    remark::passed(op.getLoc(), remarkOptions()) << "rows are picked as codes and decoded then";
    auto expressed = cast<RankedTensorType>(op.getType());
    Value rows = nn::EmbeddingOp::create(rewriter, op.getLoc(), QTensorType::get(expressed, scheme),
                                         table.getInput(), op.getTokens());
    rewriter.replaceOpWithNewOp<DequantizeOp>(op, expressed, rows);
    return success();
  }
};

struct LegalizePass : quench::impl::LegalizePassBase<LegalizePass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void LegalizePass::runOnOperation() {
  RewritePatternSet patterns(&getContext());
  patterns.add<FuseDequantizedLinear, PickCodesOfRows>(&getContext());
  walkAndApplyPatterns(getOperation(), std::move(patterns));
  SmallVector<Operation *> operations;
  getOperation().walk([&](Operation *op) { operations.push_back(op); });
  for (Operation *op : llvm::reverse(operations)) {
    if (isa<DequantizeOp, QuantizeOp, WeightOp, arith::AddFOp>(op) && op->use_empty()) {
      op->erase();
    }
  }
}

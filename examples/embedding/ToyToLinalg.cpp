//===- ToyToLinalg.cpp - Lower toy.dense to linalg ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What this compiler does with its op anyway. It need not know that the operands may come out of
// quench.dequantize: the op is the same float op.
//
//===----------------------------------------------------------------------===//

#include "Toy.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace {

/// The bias, repeated for each row, is what linalg.matmul adds to.
struct LowerDense : OpRewritePattern<toy::DenseOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(toy::DenseOp op, PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value empty = tensor::EmptyOp::create(
        rewriter, loc, tensor::getMixedSizes(rewriter, loc, op.getResult()), rewriter.getF32Type());
    Value start =
        linalg::BroadcastOp::create(rewriter, loc, op.getBias(), empty, ArrayRef<int64_t>{0})
            ->getResult(0);
    AffineExpr m, n, k;
    bindDims(getContext(), m, n, k);
    auto maps = AffineMap::inferFromExprList({ArrayRef{m, k}, ArrayRef{n, k}, ArrayRef{m, n}},
                                             getContext());
    auto product =
        linalg::MatmulOp::create(rewriter, loc, TypeRange{op.getType()},
                                 ValueRange{op.getInput(), op.getWeight()}, ValueRange{start});
    product.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    rewriter.replaceOp(op, product);
    return success();
  }
};

struct ToyToLinalgPass : PassWrapper<ToyToLinalgPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ToyToLinalgPass)

  StringRef getArgument() const override { return "toy-to-linalg"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<linalg::LinalgDialect, tensor::TensorDialect>();
  }
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerDense>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace

std::unique_ptr<Pass> toy::createToyToLinalgPass() { return std::make_unique<ToyToLinalgPass>(); }

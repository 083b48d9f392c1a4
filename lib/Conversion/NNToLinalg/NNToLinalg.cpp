//===- NNToLinalg.cpp - Lower nn ops to linalg on tensors -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The path that always works: what no kernel takes is lowered here, and embedders get ops that
// their own pipelines know. Input: nn ops on tensors, anywhere. Output: no nn op.
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/NNToLinalg/NNToLinalg.h"

#include "Patterns.h"

#include "quench/Dialect/NN/IR/NNDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/DialectConversion.h"

#define DEBUG_TYPE "convert-nn-to-linalg"

namespace quench {
#define GEN_PASS_DEF_CONVERTNNTOLINALGPASS
#include "quench/Conversion/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

void quench::populateNNToLinalgPatterns(RewritePatternSet &patterns) {
  populateLowerLinear(patterns);
  populateLowerPointwise(patterns);
  populateLowerRotary(patterns);
  populateLowerAttention(patterns);
}

namespace {
struct ConvertNNToLinalgPass
    : public quench::impl::ConvertNNToLinalgPassBase<ConvertNNToLinalgPass> {
  using ConvertNNToLinalgPassBase::ConvertNNToLinalgPassBase;

  void runOnOperation() override;
};
} // namespace

void ConvertNNToLinalgPass::runOnOperation() {
  ConversionTarget target(getContext());
  target.addIllegalDialect<nn::NNDialect>();
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  RewritePatternSet patterns(&getContext());
  populateNNToLinalgPatterns(patterns);
  ConversionConfig config;
  config.allowPatternRollback = false;
  if (failed(applyPartialConversion(getOperation(), target, std::move(patterns), config))) {
    signalPassFailure();
  }
}

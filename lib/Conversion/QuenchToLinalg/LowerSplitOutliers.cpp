//===- LowerSplitOutliers.cpp - Channels with large values as loops -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

/// The least f32 that is not below the threshold: values of f32 reach both or neither.
static float reachable(double threshold) {
  float rounded = static_cast<float>(threshold);
  return rounded < threshold ? std::nextafter(rounded, std::numeric_limits<float>::infinity())
                             : rounded;
}

namespace {
/// quench.split_outliers %x threshold t
///   -> generic: %large[c] = or_rows |x| >= t
///   -> generic: select(%large[c], 0, x), select(%large[c], x, 0)
struct LowerSplitOutliers : public OpConversionPattern<SplitOutliersOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(SplitOutliersOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value input = op.getInput();
    RankedTensorType type = op.getInput().getType();
    int64_t channels = type.getRank() - 1;
    SmallVector<int64_t> loops = allLoops(type.getRank());
    auto flags = RankedTensorType::get({type.getDimSize(channels)}, b.getI1Type());
    Value large = b.filled(flags, {b.size(input, channels)}, b.integer(b.getI1Type(), 0));
    Value threshold = b.f32(reachable(op.getThreshold().convertToDouble()));
    large = b.generic(std::string(channels, 'r') + "p", {{input, loops}}, {large, {channels}},
                      [&](TensorBuilder &b, ValueRange v) -> Value {
                        Value magnitude = math::AbsFOp::create(b, v[0]);
                        Value reaches = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE,
                                                              magnitude, threshold);
                        return arith::OrIOp::create(b, v[1], reaches);
                      });
    LoopOperand init{b.empty(type, b.sizes(input)), loops};
    Value zero = b.f32(0.0f);
    SmallVector<Value> results =
        b.generic(parallelLoops(type.getRank()), {{input, loops}, {large, {channels}}},
                  {init, init}, [&](TensorBuilder &b, ValueRange v) -> SmallVector<Value> {
                    return {arith::SelectOp::create(b, v[1], zero, v[0]),
                            arith::SelectOp::create(b, v[1], v[0], zero)};
                  });
    rewriter.replaceOp(op, results);
    return success();
  }
};
} // namespace

void quench::populateLowerSplitOutliers(const QTensorExpansion &converter,
                                        RewritePatternSet &patterns) {
  patterns.add<LowerSplitOutliers>(converter, patterns.getContext());
}

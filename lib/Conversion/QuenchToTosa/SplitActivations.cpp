//===- SplitActivations.cpp - Floats as two bytes -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: products of floats with weights of integers. Output: sums of products of codes of 8 bits,
// of the floats and of what the first codes leave of them.
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/QuenchToTosa/SplitActivations.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quench {
#define GEN_PASS_DEF_SPLITACTIVATIONSPASS
#include "quench/Conversion/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {
/// What stands for floats together.
struct Digits {
  Value first, second;
};

struct SplitActivationsPass : quench::impl::SplitActivationsPassBase<SplitActivationsPass> {
  void runOnOperation() override;
};
} // namespace

/// Floats as codes of their rows, decoded.
static Value roundRows(ImplicitLocOpBuilder &b, Value floats) {
  auto type = cast<RankedTensorType>(floats.getType());
  auto scheme = SchemeAttr::get(b.getI8Type(), {1, SchemeAttr::kWhole}, b.getF32Type());
  Value codes = QuantizeOp::create(b, QTensorType::get(type, scheme), floats, /*scale=*/Value(),
                                   /*zeroPoint=*/Value());
  return DequantizeOp::create(b, type, codes);
}

static Digits split(Value floats) {
  ImplicitLocOpBuilder b(floats.getLoc(), floats.getContext());
  b.setInsertionPointAfterValue(floats);
  Value first = roundRows(b, floats);
  Value rest = arith::SubFOp::create(b, floats, first);
  return {first, roundRows(b, rest)};
}

/// Whether floats are multiplied with integers.
static bool isMixed(nn::LinearOp op) {
  auto weight = op.getWeight().getDefiningOp<DequantizeOp>();
  auto input = cast<RankedTensorType>(op.getInput().getType());
  return weight && weight.getInput().getType().getScheme().isInteger() && input.getRank() == 2 &&
         input.getElementType().isF32() && !op.getInput().getDefiningOp<DequantizeOp>();
}

void SplitActivationsPass::runOnOperation() {
  SmallVector<nn::LinearOp> ops;
  getOperation().walk([&](nn::LinearOp op) {
    if (isMixed(op)) {
      ops.push_back(op);
    }
  });
  DenseMap<Value, Digits> digits;
  for (nn::LinearOp op : ops) {
    auto [found, isNew] = digits.try_emplace(op.getInput());
    if (isNew) {
      found->second = split(op.getInput());
    }
    const Digits both = found->second;
    ImplicitLocOpBuilder b(op.getLoc(), op);
    Value first = nn::LinearOp::create(b, op.getType(), both.first, op.getWeight(), op.getBias());
    Value second = nn::LinearOp::create(b, op.getType(), both.second, op.getWeight(), Value());
    Value sum = arith::AddFOp::create(b, first, second);
    op.replaceAllUsesWith(sum);
    op.erase();
  }
}

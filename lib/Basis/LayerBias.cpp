//===- LayerBias.cpp - What a layer adds to its result --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerBias.h"

#include "ChannelAffine.h"

#include "quench/Basis/Rebase.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace quench;

/// Whether a body adds to what its init holds.
static bool addsToInit(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1 || op.getBlock()->getNumArguments() != op->getNumOperands()) {
    return false;
  }
  BlockArgument init = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  auto sum = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  return sum && init.hasOneUse() && *init.user_begin() == sum;
}

/// The operand that is added to the results, if there is one.
OpOperand *LayerBias::operand() const {
  Operation *op = result.getOwner();
  if (isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp>(op)) {
    bool isLast = axis == cast<RankedTensorType>(result.getType()).getRank() - 1;
    return isLast ? &op->getOpOperand(2) : nullptr;
  }
  if (auto linear = dyn_cast<nn::LinearOp>(op)) {
    return linear.getBias() && axis == 1 ? &op->getOpOperand(2) : nullptr;
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return structured && addsToInit(structured) ? structured.getDpsInitOperand(0) : nullptr;
}

bool LayerBias::isInside() const {
  return operand() || (isa<nn::LinearOp>(result.getOwner()) && axis == 1);
}

int64_t LayerBias::channels() const {
  return cast<RankedTensorType>(result.getType()).getDimSize(axis);
}

std::optional<std::vector<double>> LayerBias::read(ConstantEvaluator &evaluator) const {
  OpOperand *bias = operand();
  if (!bias) {
    return std::vector<double>(channels(), 0.0);
  }
  bool isVector = cast<RankedTensorType>(bias->get().getType()).getRank() == 1;
  return channelConstant(bias->get(), isVector ? 0 : axis, channels(), evaluator);
}

std::optional<std::string> LayerBias::whyNot(ConstantEvaluator &evaluator) const {
  if (isInside()) {
    return read(evaluator)
               ? std::nullopt
               : std::optional<std::string>("its bias is not a constant of the channels");
  }
  return isa_and_nonnull<tosa::TosaDialect>(result.getOwner()->getDialect())
             ? std::nullopt
             : std::optional<std::string>("it adds no bias");
}

/// A constant of the dialect of `op`.
static Value makeConstant(OpBuilder &builder, Operation *op, ArrayRef<double> values,
                          ArrayRef<int64_t> shape) {
  std::vector<float> rounded(values.begin(), values.end());
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  auto elements = DenseElementsAttr::get(type, ArrayRef<float>(rounded));
  if (isa<tosa::TosaDialect>(op->getDialect())) {
    return tosa::ConstOp::create(builder, op->getLoc(), type, elements);
  }
  return arith::ConstantOp::create(builder, op->getLoc(), elements);
}

void LayerBias::write(ArrayRef<double> values) {
  Operation *op = result.getOwner();
  OpBuilder builder(op);
  OpOperand *bias = operand();
  Value vector = makeConstant(builder, op, values, channels());
  if (auto linear = dyn_cast<nn::LinearOp>(op); linear && !bias) {
    linear.getBiasMutable().assign(vector);
    return;
  }
  Value old = bias->get();
  auto type = cast<RankedTensorType>(old.getType());
  if (type.getRank() == 1) {
    bias->set(vector);
  } else {
    SmallVector<int64_t> others;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (i != axis) {
        others.push_back(i);
      }
    }
    Location loc = op->getLoc();
    Value empty = tensor::EmptyOp::create(builder, loc, tensor::getMixedSizes(builder, loc, old),
                                          type.getElementType());
    bias->set(linalg::BroadcastOp::create(builder, loc, vector, empty, others)->getResult(0));
  }
  eraseUnread(old);
}

/// Of a constant that is added to the result.
SmallVector<int64_t> LayerBias::shapeBehind() const {
  SmallVector<int64_t> shape(cast<RankedTensorType>(result.getType()).getRank(), 1);
  shape[axis] = channels();
  return shape;
}

Value LayerBias::add(ArrayRef<double> shift, ConstantEvaluator &evaluator) {
  if (isInside()) {
    std::vector<double> values = *read(evaluator);
    for (auto [value, more] : llvm::zip_equal(values, shift)) {
      value += more;
    }
    write(values);
    return result;
  }
  OpBuilder builder(result.getContext());
  builder.setInsertionPointAfterValue(result);
  Value constant = makeConstant(builder, result.getOwner(), shift, shapeBehind());
  return tosa::AddOp::create(builder, result.getLoc(), result.getType(), result, constant);
}

Value LayerBias::addForReaders(ArrayRef<double> shift, ConstantEvaluator &evaluator) {
  auto reader = result.hasOneUse() ? dyn_cast<tosa::AddOp>(*result.user_begin()) : tosa::AddOp();
  if (isInside() || !reader || reader.getType() != result.getType()) {
    return add(shift, evaluator);
  }
  OpOperand &other = reader->getOpOperand(reader.getInput1() == result ? 1 : 0);
  std::optional<std::vector<double>> values =
      channelConstant(other.get(), axis, channels(), evaluator);
  if (!values) {
    return add(shift, evaluator);
  }
  for (auto [value, more] : llvm::zip_equal(*values, shift)) {
    value += more;
  }
  OpBuilder builder(reader);
  Value old = other.get();
  other.set(makeConstant(builder, reader, *values, shapeBehind()));
  eraseUnread(old);
  return result;
}

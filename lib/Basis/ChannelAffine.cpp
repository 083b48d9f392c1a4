//===- ChannelAffine.cpp - Chains of y = s x + t per channel --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ChannelAffine.h"

#include "quench/Basis/Rebase.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using Pair = std::optional<ChannelAffine>;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

static bool isConstant(const ChannelAffine &value) { return !value.base; }

/// lhs + sign rhs
static Pair add(const ChannelAffine &lhs, const ChannelAffine &rhs, double sign) {
  if (lhs.base && rhs.base && lhs.base != rhs.base) {
    return std::nullopt;
  }
  ChannelAffine sum = lhs;
  sum.base = lhs.base ? lhs.base : rhs.base;
  for (size_t i = 0; i < sum.shift.size(); ++i) {
    sum.scale[i] += sign * rhs.scale[i];
    sum.shift[i] += sign * rhs.shift[i];
  }
  return sum;
}

static Pair multiply(const ChannelAffine &lhs, const ChannelAffine &rhs) {
  if (!isConstant(lhs) && !isConstant(rhs)) {
    return std::nullopt;
  }
  ChannelAffine product = isConstant(rhs) ? lhs : rhs;
  const ChannelAffine &factor = isConstant(rhs) ? rhs : lhs;
  for (size_t i = 0; i < product.shift.size(); ++i) {
    product.scale[i] *= factor.shift[i];
    product.shift[i] *= factor.shift[i];
  }
  return product;
}

static Pair apply(const ChannelAffine &value, double (*function)(double)) {
  if (!isConstant(value)) {
    return std::nullopt;
  }
  ChannelAffine result = value;
  for (double &element : result.shift) {
    element = function(element);
  }
  return result;
}

static double reciprocal(double value) { return 1.0 / value; }
static double reciprocalRoot(double value) { return 1.0 / std::sqrt(value); }
static double root(double value) { return std::sqrt(value); }

/// What an op of scalars or, elementwise, of tensors computes.
static Pair combine(Operation *op, ArrayRef<ChannelAffine> operands) {
  if (isa<arith::AddFOp, tosa::AddOp>(op)) {
    return add(operands[0], operands[1], 1.0);
  }
  if (isa<arith::SubFOp, tosa::SubOp>(op)) {
    return add(operands[0], operands[1], -1.0);
  }
  if (isa<arith::MulFOp, tosa::MulOp>(op)) {
    return multiply(operands[0], operands[1]);
  }
  if (isa<arith::DivFOp>(op)) {
    Pair divisor = apply(operands[1], reciprocal);
    return divisor ? multiply(operands[0], *divisor) : std::nullopt;
  }
  if (isa<math::RsqrtOp, tosa::RsqrtOp>(op)) {
    return apply(operands[0], reciprocalRoot);
  }
  if (isa<math::SqrtOp>(op)) {
    return apply(operands[0], root);
  }
  if (isa<tosa::ReciprocalOp>(op)) {
    return apply(operands[0], reciprocal);
  }
  return std::nullopt;
}

static bool isArithmetic(Operation *op) {
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, math::RsqrtOp,
             math::SqrtOp, tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::RsqrtOp,
             tosa::ReciprocalOp>(op);
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

namespace {

/// Evaluates values of one chain. What is not found to be elementwise is the base.
class Reader {
public:
  Reader(int64_t channels, ConstantEvaluator &evaluator, bool entersRegions)
      : channels(channels), evaluator(evaluator), entersRegions(entersRegions) {}

  /// Of a tensor whose channels are along `axis`; without an axis it has no channels.
  Pair read(Value value, std::optional<int64_t> axis, bool isRoot);
  Pair constant(Value value, std::optional<int64_t> axis);

private:
  Pair leaf(Value value, std::optional<int64_t> axis);
  ChannelAffine uniform(double value) const {
    return {Value(), std::vector<double>(channels, 0.0), std::vector<double>(channels, value)};
  }
  Pair elements(Value value, std::optional<int64_t> axis);
  Pair reshaped(Operation *op, std::optional<int64_t> axis);
  Pair structured(linalg::LinalgOp op, std::optional<int64_t> axis);
  Pair scalar(linalg::LinalgOp op, Value value, int64_t loop);
  Pair made(linalg::LinalgOp op, Operation *inner, int64_t loop);
  Pair made(Operation *op, std::optional<int64_t> axis);

  int64_t channels;
  ConstantEvaluator &evaluator;
  bool entersRegions;
};

} // namespace

static ChannelAffine identityOf(Value base, int64_t channels) {
  return {base, std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0)};
}

/// A constant that is the same along all axes but one.
Pair Reader::elements(Value value, std::optional<int64_t> axis) {
  llvm::Expected<std::vector<double>> all = evaluator.evaluate(ConstantChain::of(value));
  if (!all) {
    llvm::consumeError(all.takeError());
    return std::nullopt;
  }
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  bool hasChannels = axis && shape[*axis] == channels;
  if (all->empty() || (axis && !hasChannels && shape[*axis] != 1)) {
    return std::nullopt;
  }
  int64_t inner = 1;
  for (int64_t dim : shape.drop_front(axis ? *axis + 1 : shape.size())) {
    inner *= dim;
  }
  ChannelAffine result = uniform(all->front());
  for (auto [index, element] : llvm::enumerate(*all)) {
    auto position = static_cast<int64_t>(index);
    int64_t channel = hasChannels ? position / inner % channels : 0;
    bool isFirst = hasChannels && position == channel * inner;
    if (isFirst) {
      result.shift[channel] = element;
    } else if (result.shift[channel] != element) {
      return std::nullopt;
    }
  }
  return result;
}

/// All elements in one axis stay in their order.
Pair Reader::reshaped(Operation *op, std::optional<int64_t> axis) {
  auto source = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  auto target = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!source || !target || !source.hasStaticShape() || !target.hasStaticShape()) {
    return std::nullopt;
  }
  std::optional<int64_t> from;
  if (source.getNumElements() != 1) {
    const auto *place = llvm::find(source.getShape(), channels);
    if (!axis || target.getDimSize(*axis) != channels || target.getNumElements() != channels ||
        place == source.getShape().end()) {
      return std::nullopt;
    }
    from = place - source.getShape().begin();
  }
  return constant(op->getOperand(0), from);
}

/// A scalar of a region, whose channels are counted by `loop`.
Pair Reader::scalar(linalg::LinalgOp op, Value value, int64_t loop) {
  APFloat number(0.0);
  if (matchPattern(value, m_ConstantFloat(&number))) {
    return uniform(number.convertToDouble());
  }
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getOwner() == op.getBlock()) {
    OpOperand &operand = op->getOpOperand(argument.getArgNumber());
    if (op.isDpsInit(&operand)) {
      return std::nullopt;
    }
    AffineMap map = op.getMatchingIndexingMap(&operand);
    std::optional<unsigned> axis = map.getResultPosition(getAffineDimExpr(loop, op.getContext()));
    std::optional<int64_t> own = axis ? std::optional<int64_t>(*axis) : std::nullopt;
    // The base is read element by element; constants are repeated as the map says.
    AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    return map == result ? read(operand.get(), own, /*isRoot=*/false)
                         : constant(operand.get(), own);
  }
  Operation *maker = value.getDefiningOp();
  if (!maker || maker->getBlock() != op.getBlock()) {
    return std::nullopt;
  }
  Pair result = isArithmetic(maker) ? made(op, maker, loop) : std::nullopt;
  bool isBase = !result && entersRegions && value.hasOneUse();
  return isBase ? identityOf(value, channels) : result;
}

Pair Reader::made(linalg::LinalgOp op, Operation *inner, int64_t loop) {
  SmallVector<ChannelAffine> parts;
  for (Value part : inner->getOperands()) {
    Pair own = scalar(op, part, loop);
    if (!own) {
      return std::nullopt;
    }
    parts.push_back(*own);
  }
  return combine(inner, parts);
}

Pair Reader::structured(linalg::LinalgOp op, std::optional<int64_t> axis) {
  if (!axis || !op.hasPureTensorSemantics() || op->getNumResults() != 1 ||
      op.getNumReductionLoops() != 0 || op.hasIndexSemantics() ||
      op.getBlock()->getNumArguments() != op->getNumOperands()) {
    return std::nullopt;
  }
  auto loop =
      dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResult(*axis));
  return loop ? scalar(op, op.getBlock()->getTerminator()->getOperand(0), loop.getPosition())
              : std::nullopt;
}

Pair Reader::made(Operation *op, std::optional<int64_t> axis) {
  if (auto generic = dyn_cast<linalg::LinalgOp>(op)) {
    return structured(generic, axis);
  }
  if (!isArithmetic(op)) {
    return std::nullopt;
  }
  SmallVector<ChannelAffine> parts;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  for (Value operand :
       op->getOperands().take_front(isa<tosa::MulOp>(op) ? 2 : op->getNumOperands())) {
    auto own = dyn_cast<RankedTensorType>(operand.getType());
    if (!own || !type || own.getRank() != type.getRank()) {
      return std::nullopt;
    }
    Pair part = own.getShape() == type.getShape() ? read(operand, axis, /*isRoot=*/false)
                                                  : constant(operand, axis);
    if (!part) {
      return std::nullopt;
    }
    parts.push_back(*part);
  }
  return combine(op, parts);
}

/// What is constant by itself, without arithmetic.
Pair Reader::leaf(Value value, std::optional<int64_t> axis) {
  if (isConstantLike(value)) {
    return elements(value, axis);
  }
  APFloat number(0.0);
  if (matchPattern(value, m_ConstantFloat(&number))) {
    return uniform(number.convertToDouble());
  }
  Operation *op = value.getDefiningOp();
  if (isa_and_nonnull<tosa::ReshapeOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op)) {
    return reshaped(op, axis);
  }
  return std::nullopt;
}

Pair Reader::constant(Value value, std::optional<int64_t> axis) {
  if (Pair known = leaf(value, axis)) {
    return known;
  }
  Operation *op = value.getDefiningOp();
  Pair result = op ? made(op, axis) : std::nullopt;
  return result && isConstant(*result) ? result : std::nullopt;
}

Pair Reader::read(Value value, std::optional<int64_t> axis, bool isRoot) {
  if (Pair known = leaf(value, axis)) {
    return known;
  }
  // What others read, too, has to be there as it is.
  Operation *op = value.getDefiningOp();
  if (Pair result = op ? made(op, axis) : std::nullopt;
      result && (isConstant(*result) || isRoot || value.hasOneUse())) {
    return result;
  }
  return identityOf(value, channels);
}

static std::optional<int64_t> channelsOf(Value value, int64_t axis) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.getElementType().isF32() || type.isDynamicDim(axis) ||
      type.getDimSize(axis) == 0) {
    return std::nullopt;
  }
  return type.getDimSize(axis);
}

std::optional<ChannelAffine>
quench::channelAffine(Value value, int64_t axis, ConstantEvaluator &evaluator, bool entersRegions) {
  std::optional<int64_t> channels = channelsOf(value, axis);
  if (!channels) {
    return std::nullopt;
  }
  Pair result = Reader(*channels, evaluator, entersRegions).read(value, axis, /*isRoot=*/true);
  bool isFunction = result && result->base && result->base != value &&
                    (result->isInRegion() || result->base.getType() == value.getType());
  return isFunction ? result : std::nullopt;
}

std::optional<std::vector<double>>
quench::channelConstant(Value value, int64_t axis, int64_t channels, ConstantEvaluator &evaluator) {
  Pair result = Reader(channels, evaluator, /*entersRegions=*/false).constant(value, axis);
  return result ? std::optional(std::move(result->shift)) : std::nullopt;
}

//===- BasisModelsTosa.cpp - TOSA under a change of basis -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"
#include "ReshapeBasis.h"

#include "quench/ExternalModels/BasisModels.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Tosa/Utils/ConversionUtils.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quench;

using Kind = BodyStep::Kind;

static RankedTensorType typeOf(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

/// A nest with room for all operands, or one that refuses tensors without a rank.
static LoopNest emptyNest(Operation *op, unsigned numLoops) {
  LoopNest nest;
  nest.operandLoops.resize(op->getNumOperands());
  nest.mixedLoops.resize(numLoops);
  if (!typeOf(op->getResult(0)) || !llvm::all_of(op->getOperands(), typeOf)) {
    nest.refusal = "its operands have no rank";
  }
  return nest;
}

static void requireZero(LoopNest &nest, Value zeroPoint) {
  if (!matchPattern(zeroPoint, m_AnyZeroFloat())) {
    nest.refusal = "it has a zero point";
  }
}

//===----------------------------------------------------------------------===//
// Contractions and pooling
//===----------------------------------------------------------------------===//

/// c[b, m, n] = Σ_k a[b, m, k] b[b, k, n]
static LoopNest nestOf(tosa::MatMulOp op) {
  LoopNest nest = emptyNest(op, 4);
  constexpr int64_t batch = 0, row = 1, column = 2, inner = 3;
  nest.operandLoops[0] = {batch, row, inner};
  nest.operandLoops[1] = {batch, inner, column};
  nest.resultLoops = {batch, row, column};
  requireZero(nest, op.getAZp());
  requireZero(nest, op.getBZp());
  int lhs = nest.addOperand(0), rhs = nest.addOperand(1);
  nest.addStep({Kind::Product, 0, lhs, rhs});
  return nest;
}

/// Channels of the input, of the output, and of the output along which the weight and the bias are
/// read. Everything else is a window.
template <typename OpTy>
static LoopNest convolution(OpTy op, ArrayRef<int64_t> weightLoops, int64_t inputLoop,
                            int64_t outputLoop) {
  LoopNest nest = emptyNest(op, 3);
  constexpr int64_t none = LoopNest::noLoop, batch = 2;
  nest.operandLoops[0] = {batch, none, none, inputLoop};
  nest.operandLoops[1].assign(weightLoops.begin(), weightLoops.end());
  nest.resultLoops = {batch, none, none, outputLoop};
  requireZero(nest, op.getInputZp());
  requireZero(nest, op.getWeightZp());
  nest.operandLoops[2] = {outputLoop};
  if (!nest.refusal.empty()) {
    return nest;
  }
  // A bias of one element is the same for all channels.
  RankedTensorType bias = typeOf(op.getBias()), result = typeOf(op.getOutput());
  if (bias.getDimSize(0) == 1 && result.getDimSize(3) != 1) {
    nest.operandLoops[2] = {none};
  }
  int input = nest.addOperand(0), weight = nest.addOperand(1);
  nest.addStep({Kind::Product, 0, input, weight});
  // The bias is what the sum starts from.
  if (!matchPattern(op.getBias(), m_AnyZeroFloat())) {
    nest.initial = 2;
  }
  return nest;
}

static LoopNest nestOf(tosa::Conv2DOp op) {
  constexpr int64_t none = LoopNest::noLoop, inputs = 0, outputs = 1;
  return convolution(op, {outputs, none, none, inputs}, inputs, outputs);
}

/// With one output channel for each input channel: they are the same loop.
static LoopNest nestOf(tosa::DepthwiseConv2DOp op) {
  constexpr int64_t none = LoopNest::noLoop;
  LoopNest nest = convolution(op, {none, none, 0, none}, 0, 0);
  RankedTensorType weight = typeOf(op.getWeight());
  if (nest.refusal.empty() && weight.getDimSize(3) != 1) {
    nest.refusal = "it makes several channels of one";
  }
  return nest;
}

/// Channels are apart; windows of pooling are the other axes.
static LoopNest pooling(Operation *op, Kind kind) {
  LoopNest nest = emptyNest(op, 2);
  constexpr int64_t none = LoopNest::noLoop;
  nest.operandLoops[0] = {0, none, none, 1};
  nest.resultLoops = {0, none, none, 1};
  int input = nest.addOperand(0);
  nest.addStep({kind, 0, input, kind == Kind::Bound ? input : -1});
  return nest;
}

static LoopNest nestOf(tosa::AvgPool2dOp op) {
  LoopNest nest = pooling(op, Kind::Same);
  requireZero(nest, op.getInputZp());
  requireZero(nest, op.getOutputZp());
  return nest;
}

static LoopNest nestOf(tosa::MaxPool2dOp op) { return pooling(op, Kind::Bound); }

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

/// Axes of size 1 are repeated along those of the result.
static LoopNest elementwise(Operation *op, unsigned numOperands) {
  RankedTensorType result = typeOf(op->getResult(0));
  LoopNest nest = emptyNest(op, result ? result.getRank() : 0);
  if (!nest.refusal.empty()) {
    return nest;
  }
  for (int64_t axis = 0; axis < result.getRank(); ++axis) {
    nest.resultLoops.push_back(axis);
  }
  for (unsigned i = 0; i < numOperands; ++i) {
    RankedTensorType type = typeOf(op->getOperand(i));
    if (type.getRank() != result.getRank()) {
      nest.refusal = "its operands have different ranks";
      return nest;
    }
    for (int64_t axis = 0; axis < result.getRank(); ++axis) {
      int64_t own = type.getDimSize(axis), all = result.getDimSize(axis);
      bool repeats = own == 1 && all != 1;
      nest.operandLoops[i].push_back(repeats ? LoopNest::noLoop : axis);
      if (!repeats && own != all) {
        nest.mixedLoops.set(axis);
      }
    }
  }
  return nest;
}

static bool isZero(Value value) { return matchPattern(value, m_AnyZeroFloat()); }

static LoopNest binary(Operation *op, Kind kind) {
  LoopNest nest = elementwise(op, 2);
  auto step = [&](unsigned index) {
    return isZero(op->getOperand(index)) ? nest.addStep({Kind::Zero}) : nest.addOperand(index);
  };
  int lhs = step(0), rhs = step(1);
  nest.addStep({kind, 0, lhs, rhs});
  return nest;
}

static LoopNest unary(Operation *op, Kind kind) {
  LoopNest nest = elementwise(op, 1);
  int input = nest.addOperand(0);
  nest.addStep({kind, 0, input});
  return nest;
}

/// max(x, 0) where there is no other bound.
static LoopNest nestOf(tosa::ClampOp op) {
  LoopNest nest = elementwise(op, 1);
  auto least = dyn_cast<FloatAttr>(op.getMinVal()), most = dyn_cast<FloatAttr>(op.getMaxVal());
  int input = nest.addOperand(0);
  bool isRectifier = least && most && least.getValue().isZero() &&
                     (most.getValue().isInfinity() || most.getValue().isLargest()) &&
                     !most.getValue().isNegative();
  if (isRectifier) {
    int zero = nest.addStep({Kind::Zero});
    nest.addStep({Kind::Bound, 0, input, zero});
  } else {
    nest.addStep({Kind::Other, 0, input});
  }
  return nest;
}

static LoopNest nestOf(tosa::NegateOp op) {
  LoopNest nest = unary(op, Kind::Same);
  requireZero(nest, op.getInput1Zp());
  requireZero(nest, op.getOutputZp());
  return nest;
}

static LoopNest nestOf(tosa::ReciprocalOp op) {
  LoopNest nest = elementwise(op, 1);
  int one = nest.addStep({Kind::Uniform}), input = nest.addOperand(0);
  nest.addStep({Kind::Quotient, 0, one, input});
  return nest;
}

static LoopNest nestOf(tosa::TransposeOp op) {
  LoopNest nest = emptyNest(op, op.getPerms().size());
  for (auto [axis, from] : llvm::enumerate(op.getPerms())) {
    nest.operandLoops[0].push_back(static_cast<int64_t>(axis));
    nest.resultLoops.push_back(from);
  }
  int input = nest.addOperand(0);
  nest.addStep({Kind::Same, 0, input});
  return nest;
}

/// Zeros around the axes that are padded, which pass whatever is linear.
static LoopNest nestOf(tosa::PadOp op) {
  LoopNest nest;
  RankedTensorType type = typeOf(op.getOutput());
  SmallVector<int64_t> padding;
  if (!type || !typeOf(op.getInput1()) ||
      !tosa::getConstShapeValues(op.getPadding().getDefiningOp(), padding)) {
    nest.refusal = "its shapes are open";
    return nest;
  }
  nest.mixedLoops.resize(type.getRank());
  nest.operandLoops.resize(op->getNumOperands());
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    bool isPadded = padding[2 * axis] != 0 || padding[2 * axis + 1] != 0;
    nest.resultLoops.push_back(isPadded ? LoopNest::noLoop : axis);
  }
  nest.operandLoops[0] = nest.resultLoops;
  int input = nest.addOperand(0);
  nest.addStep({isZero(op.getPadConst()) ? Kind::Same : Kind::Other, 0, input});
  return nest;
}

static LoopNest nestOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, LoopNest>(op)
      .Case<tosa::MatMulOp, tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::AvgPool2dOp,
            tosa::MaxPool2dOp, tosa::ClampOp, tosa::NegateOp, tosa::ReciprocalOp, tosa::TransposeOp,
            tosa::PadOp>([](auto own) { return nestOf(own); })
      .Case<tosa::AddOp, tosa::SubOp>([](auto own) { return binary(own, Kind::Sum); })
      .Case<tosa::MulOp>([](auto own) { return binary(own, Kind::Product); })
      .Case<tosa::MaximumOp, tosa::MinimumOp>([](auto own) { return binary(own, Kind::Bound); })
      .Case<tosa::AbsOp>([](auto own) {
        // The larger one of x and -x.
        LoopNest nest = elementwise(own, 1);
        int input = nest.addOperand(0);
        nest.addStep({Kind::Bound, 0, input, input});
        return nest;
      })
      .Case<tosa::PowOp>([](auto own) { return binary(own, Kind::Other); })
      .Default([](Operation *own) { return unary(own, Kind::Other); });
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

namespace {

template <typename OpTy> struct TosaModel : BasisOpInterface::ExternalModel<TosaModel<OpTy>, OpTy> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
    LoopNest nest = nestOf(op);
    nest.refuseNarrowConstants(op);
    return nest.propagate(port, use);
  }
};

struct ReshapeModel : BasisOpInterface::ExternalModel<ReshapeModel, tosa::ReshapeOp> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const;
};

} // namespace

BasisAnswer ReshapeModel::propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
  RankedTensorType source = typeOf(op->getOperand(0)), target = typeOf(op->getResult(0));
  constexpr auto input = BasisPort::operand(0), result = BasisPort::result(0);
  BasisPort other = port == input ? result : input;
  if (!source || !target || !source.hasStaticShape() || !target.hasStaticShape()) {
    return BasisAnswer::refuse("its shapes are open");
  }
  if (source == target) {
    return BasisAnswer::of({{other, use}});
  }
  bool collapses = source.getRank() > target.getRank();
  auto groups = source.getRank() == target.getRank()
                    ? std::nullopt
                    : getReassociationIndicesForReshape(source, target);
  if (!groups) {
    return BasisAnswer::refuse("it does not only join axes, or only split them");
  }
  bool fromFineSide = (port == input) == collapses;
  return fromFineSide ? fromFine(*groups, (collapses ? source : target).getShape(), other, use)
                      : fromCoarse(*groups, other, use);
}

template <typename... Ops> static void attachTo(MLIRContext *context) {
  (Ops::template attachInterface<TosaModel<Ops>>(*context), ...);
}

void quench::registerTosaBasisModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    attachTo<tosa::MatMulOp, tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::AvgPool2dOp,
             tosa::MaxPool2dOp, tosa::AddOp, tosa::SubOp, tosa::MulOp, tosa::MaximumOp,
             tosa::MinimumOp, tosa::PowOp, tosa::ClampOp, tosa::NegateOp, tosa::ReciprocalOp,
             tosa::TransposeOp, tosa::PadOp, tosa::AbsOp, tosa::ExpOp, tosa::LogOp, tosa::RsqrtOp,
             tosa::TanhOp, tosa::SigmoidOp, tosa::ErfOp, tosa::CeilOp, tosa::FloorOp, tosa::SinOp,
             tosa::CosOp>(context);
    tosa::ReshapeOp::attachInterface<ReshapeModel>(*context);
  });
}

//===- BasisModelsLinalg.cpp - Structured ops under a change of basis -----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"

#include "quench/ExternalModels/BasisModels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quench;

using Kind = BodyStep::Kind;

namespace {

/// Reads the region of an op into the steps of a nest.
class BodyReader {
public:
  BodyReader(linalg::LinalgOp op, LoopNest &nest) : op(op), nest(nest) {}

  void read();

private:
  int stepOf(Value value);
  int stepOfOp(Operation *inner);
  /// For a body that adds to what is there already, or takes a bound with it.
  void readUpdate(Value yielded, BlockArgument updated);

  linalg::LinalgOp op;
  LoopNest &nest;
  llvm::DenseMap<Value, int> known;
};

} // namespace

/// The scalar that all elements of a value are, if that is known: they need not change with others.
static Value uniformOf(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>()) {
    value = fill.getInputs().front();
  }
  bool isKnown = !isa<ShapedType>(value.getType()) || matchPattern(value, m_AnyZeroFloat()) ||
                 matchPattern(value, m_PosInfFloat()) || matchPattern(value, m_NegInfFloat());
  return isKnown ? value : Value();
}

int BodyReader::stepOf(Value value) {
  auto [place, isNew] = known.insert({value, -1});
  if (!isNew) {
    return place->second;
  }
  int step;
  if (auto argument = dyn_cast<BlockArgument>(value);
      argument && argument.getOwner() == op.getBlock()) {
    Value uniform = uniformOf(op->getOperand(argument.getArgNumber()));
    step = uniform ? nest.addUniform(uniform) : nest.addOperand(argument.getArgNumber());
  } else if (Operation *inner = value.getDefiningOp();
             inner && inner->getBlock() == op.getBlock() && !matchPattern(value, m_Constant())) {
    step = stepOfOp(inner);
  } else {
    step = nest.addUniform(value);
  }
  known[value] = step;
  return step;
}

int BodyReader::stepOfOp(Operation *inner) {
  if (auto select = dyn_cast<arith::SelectOp>(inner)) {
    // x > 0 ? y : z scales as y and z do.
    auto compare = select.getCondition().getDefiningOp<arith::CmpFOp>();
    if (compare && (matchPattern(compare.getRhs(), m_AnyZeroFloat()) ||
                    matchPattern(compare.getLhs(), m_AnyZeroFloat()))) {
      bool zeroRight = matchPattern(compare.getRhs(), m_AnyZeroFloat());
      int sign =
          nest.addStep({Kind::Sign, 0, stepOf(zeroRight ? compare.getLhs() : compare.getRhs())});
      int either = nest.addStep(
          {Kind::Bound, 0, stepOf(select.getTrueValue()), stepOf(select.getFalseValue())});
      return nest.addStep({Kind::Product, 0, sign, either});
    }
  }
  Kind kind = llvm::TypeSwitch<Operation *, Kind>(inner)
                  .Case<arith::AddFOp, arith::SubFOp>([](auto) { return Kind::Sum; })
                  .Case<arith::MulFOp>([](auto) { return Kind::Product; })
                  .Case<arith::DivFOp>([](auto) { return Kind::Quotient; })
                  .Case<arith::NegFOp, arith::ExtFOp>([](auto) { return Kind::Same; })
                  .Case<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(
                      [](auto) { return Kind::Bound; })
                  .Default([](auto) { return Kind::Other; });
  if (isa<math::AbsFOp>(inner)) {
    // The larger one of x and -x.
    int part = stepOf(inner->getOperand(0));
    return nest.addStep({Kind::Bound, 0, part, part});
  }
  // Ops with other operands become chains of steps that nothing is known about.
  int step = -1;
  for (Value operand : inner->getOperands()) {
    int part = stepOf(operand);
    step = step < 0 ? part : nest.addStep({kind, 0, step, part});
  }
  if (inner->getNumOperands() == 2) {
    return step;
  }
  return nest.addStep({inner->getNumOperands() == 1 ? kind : Kind::Other, 0, step});
}

void BodyReader::readUpdate(Value yielded, BlockArgument updated) {
  Operation *root = yielded.getDefiningOp();
  bool adds = isa_and_nonnull<arith::AddFOp>(root) ||
              (isa_and_nonnull<arith::SubFOp>(root) && root->getOperand(0) == updated);
  bool bounds =
      isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp, arith::MinNumFOp>(
          root);
  if (!(adds || bounds) || !updated.hasOneUse() ||
      !llvm::is_contained(root->getOperands(), updated)) {
    if (op.getNumReductionLoops() > 0) {
      nest.refusal = "its reduction is neither a sum nor a bound";
    }
    nest.addStep({Kind::Same, 0, stepOf(yielded)});
    return;
  }
  Value start = uniformOf(op->getOperand(updated.getArgNumber()));
  if (!start || (adds && !matchPattern(start, m_AnyZeroFloat()))) {
    nest.initial = updated.getArgNumber();
  }
  Value other = root->getOperand(root->getOperand(0) == updated ? 1 : 0);
  nest.addStep({Kind::Same, 0, stepOf(adds ? other : yielded)});
}

void BodyReader::read() {
  Value yielded = op.getBlock()->getTerminator()->getOperand(0);
  BlockArgument updated = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  if (updated.use_empty()) {
    if (op.getNumReductionLoops() > 0) {
      nest.refusal = "its reduction is neither a sum nor a bound";
    }
    nest.addStep({Kind::Same, 0, stepOf(yielded)});
  } else {
    readUpdate(yielded, updated);
  }
}

static SmallVector<int64_t> loopsOf(AffineMap map, llvm::SmallBitVector &mixed) {
  SmallVector<int64_t> loops;
  for (AffineExpr axis : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(axis);
    loops.push_back(dim ? dim.getPosition() : LoopNest::noLoop);
    if (dim) {
      continue;
    }
    axis.walk([&](AffineExpr part) {
      if (auto inner = dyn_cast<AffineDimExpr>(part)) {
        mixed.set(inner.getPosition());
      }
    });
  }
  return loops;
}

static LoopNest nestOf(linalg::LinalgOp op) {
  LoopNest nest;
  if (!op.hasPureTensorSemantics() || op->getNumResults() != 1 || op.hasIndexSemantics() ||
      op.getBlock()->getNumArguments() != op->getNumOperands()) {
    nest.refusal = "it has several results, or depends on positions";
    return nest;
  }
  nest.mixedLoops.resize(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    nest.operandLoops.push_back(loopsOf(op.getMatchingIndexingMap(&operand), nest.mixedLoops));
  }
  nest.resultLoops = nest.operandLoops[op.getDpsInitOperand(0)->getOperandNumber()];
  BodyReader(op, nest).read();
  nest.refuseNarrowConstants(op);
  return nest;
}

namespace {

template <typename OpTy>
struct LoopNestModel : BasisOpInterface::ExternalModel<LoopNestModel<OpTy>, OpTy> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
    return nestOf(cast<linalg::LinalgOp>(op)).propagate(port, use);
  }
};

} // namespace

template <typename... Ops> static void attachTo(MLIRContext *context) {
  (Ops::template attachInterface<LoopNestModel<Ops>>(*context), ...);
}

void quench::registerLinalgBasisModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attachTo<
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
        >(context);
  });
}

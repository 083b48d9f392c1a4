//===- WeightedAxis.cpp - Which axis an op weighs and sums ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightedAxis.h"

#include "quench/Basis/Rebase.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace quench;

static bool isElementwise(Operation *op) {
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return op->hasTrait<OpTrait::Elementwise>() ||
         op->hasTrait<OpTrait::tosa::TosaElementwiseOperator>() || isa<tosa::MulOp>(op) ||
         (structured && linalg::isElementwise(structured));
}

/// Whether one of the answers only changes constants, and changes some.
static bool onlyConstantsFollow(BasisOpInterface op, unsigned index, const BasisUse &use) {
  BasisAnswer answer = op.propagateBasis(BasisPort::operand(index), use);
  return llvm::any_of(answer.alternatives, [&](const BasisAlternative &alternative) {
    bool some = false;
    for (const auto &[port, own] : alternative) {
      bool follows = !own.isIdentity();
      if (follows && (port.isResult || !isConstantLike(op->getOperand(port.index)))) {
        return false;
      }
      some |= follows;
    }
    return some;
  });
}

std::optional<int64_t> quench::weightedAxis(OpOperand &operand) {
  auto op = dyn_cast<BasisOpInterface>(operand.getOwner());
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  if (!op || !type || !isa<FloatType>(type.getElementType()) || isConstantLike(operand.get()) ||
      isElementwise(op)) {
    return std::nullopt;
  }
  for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
    int64_t size = type.getDimSize(axis);
    if (ShapedType::isDynamic(size) || size == 0) {
      continue;
    }
    std::vector<double> twos(size, 2.0);
    BasisUse probe{axis, 1, diagonalOf(op.getContext(), twos)};
    if (onlyConstantsFollow(op, operand.getOperandNumber(), probe)) {
      return axis;
    }
  }
  return std::nullopt;
}

bool quench::holdsWeights(OpOperand &operand, int64_t axis) {
  auto type = cast<RankedTensorType>(operand.get().getType());
  auto structured = dyn_cast<linalg::LinalgOp>(operand.getOwner());
  if (type.getRank() < 2 || (structured && structured.isDpsInit(&operand))) {
    return false;
  }
  return !isElementwise(operand.getOwner()) || type.getNumElements() > type.getDimSize(axis);
}

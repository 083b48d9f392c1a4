//===- BasisModelsArith.cpp - Arithmetic under a change of basis ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

/// All operands and results in the same basis.
static BasisAnswer sameEverywhere(Operation *op, BasisPort port, const BasisUse &use) {
  BasisAlternative others;
  for (unsigned i = 0; i < op->getNumOperands(); ++i) {
    others.push_back({BasisPort::operand(i), use});
  }
  others.push_back({BasisPort::result(0), use});
  llvm::erase_if(others, [&](const auto &other) { return other.first == port; });
  return BasisAnswer::of(others);
}

namespace {

/// (x + y) M = x M + y M, also for differences, negations and extensions
template <typename OpTy>
struct LinearModel : BasisOpInterface::ExternalModel<LinearModel<OpTy>, OpTy> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
    return sameEverywhere(op, port, use);
  }
};

/// (x P) * (y P) = (x * y) P for permutations, (x D) * y = (x * y) D for diagonals
struct ProductModel : BasisOpInterface::ExternalModel<ProductModel, arith::MulFOp> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const;
};

/// (x P) / (y P) = (x / y) P for permutations; (x D) / y = (x / y) D for diagonals
struct QuotientModel : BasisOpInterface::ExternalModel<QuotientModel, arith::DivFOp> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const;
};

/// Elementwise; max(x D, 0) = max(x, 0) D for positive diagonals
template <typename OpTy>
struct BoundModel : BasisOpInterface::ExternalModel<BoundModel<OpTy>, OpTy> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const;
};

} // namespace

/// The answer that a factor or the product takes the diagonal and the third stays.
static BasisAlternative exchange(BasisPort changed, const BasisUse &use, BasisPort kept) {
  return {{changed, use}, {kept, BasisUse()}};
}

BasisAnswer ProductModel::propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
  constexpr auto lhs = BasisPort::operand(0), rhs = BasisPort::operand(1),
                 result = BasisPort::result(0);
  if (isPermutation(use.map)) {
    return sameEverywhere(op, port, use);
  }
  if (!isDiagonal(use.map)) {
    return BasisAnswer::refuse("only permutations and diagonals pass a product");
  }
  BasisAnswer answer;
  if (port == result) {
    answer.alternatives = {exchange(lhs, use, rhs), exchange(rhs, use, lhs)};
  } else {
    BasisPort other = port == lhs ? rhs : lhs;
    answer.alternatives = {exchange(result, use, other), exchange(other, invert(use), result)};
  }
  return answer;
}

BasisAnswer QuotientModel::propagateBasis(Operation *op, BasisPort port,
                                          const BasisUse &use) const {
  constexpr auto lhs = BasisPort::operand(0), rhs = BasisPort::operand(1),
                 result = BasisPort::result(0);
  if (isPermutation(use.map)) {
    return sameEverywhere(op, port, use);
  }
  if (!isDiagonal(use.map)) {
    return BasisAnswer::refuse("only permutations and diagonals pass a quotient");
  }
  BasisAnswer answer;
  if (port == result) {
    answer.alternatives = {exchange(lhs, use, rhs), exchange(rhs, invert(use), lhs)};
  } else if (port == lhs) {
    answer.alternatives = {exchange(result, use, rhs), exchange(rhs, use, result)};
  } else {
    answer.alternatives = {exchange(result, invert(use), lhs), exchange(lhs, use, result)};
  }
  return answer;
}

template <typename OpTy>
BasisAnswer BoundModel<OpTy>::propagateBasis(Operation *op, BasisPort port,
                                             const BasisUse &use) const {
  if (isPermutation(use.map)) {
    return sameEverywhere(op, port, use);
  }
  for (unsigned zero : {1u, 0u}) {
    BasisPort value = BasisPort::operand(1 - zero), result = BasisPort::result(0);
    if (matchPattern(op->getOperand(zero), m_AnyZeroFloat()) && port != BasisPort::operand(zero) &&
        isPositiveDiagonal(use.map)) {
      return BasisAnswer::of(
          exchange(port == value ? result : value, use, BasisPort::operand(zero)));
    }
  }
  return BasisAnswer::refuse("only permutations pass it, and positive diagonals where it compares "
                             "with 0");
}

void quench::registerArithBasisModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, arith::ArithDialect *) {
    arith::AddFOp::attachInterface<LinearModel<arith::AddFOp>>(*context);
    arith::SubFOp::attachInterface<LinearModel<arith::SubFOp>>(*context);
    arith::NegFOp::attachInterface<LinearModel<arith::NegFOp>>(*context);
    arith::ExtFOp::attachInterface<LinearModel<arith::ExtFOp>>(*context);
    arith::MulFOp::attachInterface<ProductModel>(*context);
    arith::DivFOp::attachInterface<QuotientModel>(*context);
    arith::MaximumFOp::attachInterface<BoundModel<arith::MaximumFOp>>(*context);
    arith::MinimumFOp::attachInterface<BoundModel<arith::MinimumFOp>>(*context);
  });
}

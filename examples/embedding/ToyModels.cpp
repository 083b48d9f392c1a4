//===- ToyModels.cpp - How toy.dense joins the passes of Quench -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Neither the op nor Quench knows of the other. These two models are all that stands between them.
//
//===----------------------------------------------------------------------===//

#include "Toy.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Interfaces/BasisOpInterface.h"
#include "quench/Interfaces/QuantizableOpInterface.h"

using namespace mlir;
using quench::BasisAlternative;
using quench::BasisAnswer;
using quench::BasisPort;
using quench::BasisUse;

namespace {

/// What is quantized: the input is an activation, the weight a weight, and both are summed over
/// their second axis.
struct QuantizableDense
    : quench::QuantizableOpInterface::ExternalModel<QuantizableDense, toy::DenseOp> {
  OpOperand &getActivationOperand(Operation *op) const { return op->getOpOperand(0); }
  OpOperand &getWeightOperand(Operation *op) const { return op->getOpOperand(1); }
  int64_t getActivationReductionAxis(Operation *) const { return 1; }
  int64_t getWeightReductionAxis(Operation *) const { return 1; }
  int64_t getWeightOutputAxis(Operation *) const { return 0; }
};

/// What a change of basis of one operand or result asks of the others, for y = x Wᵀ + b:
///   x M asks for W M⁻ᵀ along rows, and the other way round;
///   y N asks for Nᵀ W, which is N along the first axis of W, and b N.
struct BasisOfDense : quench::BasisOpInterface::ExternalModel<BasisOfDense, toy::DenseOp> {
  BasisAnswer propagateBasis(Operation *, BasisPort port, const BasisUse &use) const {
    constexpr auto input = BasisPort::operand(0), weight = BasisPort::operand(1),
                   bias = BasisPort::operand(2), result = BasisPort::result(0);
    if (use.numAxes != 1) {
      return BasisAnswer::refuse("its axes cannot be mixed");
    }
    auto along = [&](int64_t axis) { return BasisUse{axis, 1, use.map}; };
    if (port == input && use.firstAxis == 1) {
      return BasisAnswer::of({{weight, contragredient(use)}});
    }
    if (port == weight && use.firstAxis == 1) {
      return BasisAnswer::of({{input, contragredient(use)}});
    }
    if (port == input || (port == result && use.firstAxis == 0)) {
      return BasisAnswer::refuse("its examples cannot be mixed");
    }
    BasisAlternative others;
    for (auto [other, axis] : {std::make_pair(result, 1), {weight, 0}, {bias, 0}}) {
      if (other != port) {
        others.push_back({other, along(axis)});
      }
    }
    return BasisAnswer::of(others);
  }
};

} // namespace

void toy::registerQuenchModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ToyDialect *) {
    DenseOp::attachInterface<QuantizableDense, BasisOfDense>(*context);
  });
}

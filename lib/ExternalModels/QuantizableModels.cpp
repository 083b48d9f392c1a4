//===- QuantizableModels.cpp - Contractions of upstream dialects as layers ===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/ExternalModels/QuantizableModels.h"

#include "quench/Interfaces/QuantizableOpInterface.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace quench;

/// The first loop of a kind that an operand counts one by one, as an axis of it. In all the ops
/// here there is one; a map of a user that has none gets axis 0.
static int64_t axisOfLoop(Operation *op, unsigned index, utils::IteratorType kind, bool isShared) {
  auto structured = cast<linalg::LinalgOp>(op);
  SmallVector<AffineMap> maps = structured.getIndexingMapsArray();
  SmallVector<utils::IteratorType> kinds = structured.getIteratorTypesArray();
  AffineMap other = maps[1 - index];
  for (auto [axis, expression] : llvm::enumerate(maps[index].getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(expression);
    if (loop && kinds[loop.getPosition()] == kind &&
        other.getResultPosition(expression).has_value() == isShared) {
      return static_cast<int64_t>(axis);
    }
  }
  return 0;
}

namespace {

template <typename OpTy>
struct ContractionModel : QuantizableOpInterface::ExternalModel<ContractionModel<OpTy>, OpTy> {
  OpOperand &getActivationOperand(Operation *op) const { return op->getOpOperand(0); }
  OpOperand &getWeightOperand(Operation *op) const { return op->getOpOperand(1); }
  int64_t getActivationReductionAxis(Operation *op) const {
    return axisOfLoop(op, 0, utils::IteratorType::reduction, /*isShared=*/true);
  }
  int64_t getWeightReductionAxis(Operation *op) const {
    return axisOfLoop(op, 1, utils::IteratorType::reduction, /*isShared=*/true);
  }
  int64_t getWeightOutputAxis(Operation *op) const {
    return axisOfLoop(op, 1, utils::IteratorType::parallel, /*isShared=*/false);
  }
};

/// A filter `KH x KW x C` sees each channel by itself: scales of pixels span channels, those of
/// groups a row of the window.
struct DepthwiseModel
    : QuantizableOpInterface::ExternalModel<DepthwiseModel, linalg::DepthwiseConv2DNhwcHwcOp> {
  OpOperand &getActivationOperand(Operation *op) const { return op->getOpOperand(0); }
  OpOperand &getWeightOperand(Operation *op) const { return op->getOpOperand(1); }
  int64_t getActivationReductionAxis(Operation *) const { return 3; }
  int64_t getWeightReductionAxis(Operation *) const { return 1; }
  int64_t getWeightOutputAxis(Operation *) const { return 2; }
};

/// Of these all axes are known: those of the activation and of the weight that are summed over, and
/// that of the weight for outputs.
template <typename OpTy, int64_t activationAxis, int64_t weightAxis, int64_t outputAxis>
struct TosaModel
    : QuantizableOpInterface::ExternalModel<TosaModel<OpTy, activationAxis, weightAxis, outputAxis>,
                                            OpTy> {
  OpOperand &getActivationOperand(Operation *op) const { return op->getOpOperand(0); }
  OpOperand &getWeightOperand(Operation *op) const { return op->getOpOperand(1); }
  int64_t getActivationReductionAxis(Operation *) const { return activationAxis; }
  int64_t getWeightReductionAxis(Operation *) const { return weightAxis; }
  int64_t getWeightOutputAxis(Operation *) const { return outputAxis; }
};

} // namespace

template <typename... Ops> static void attachTo(MLIRContext *context) {
  (Ops::template attachInterface<ContractionModel<Ops>>(*context), ...);
}

void quench::registerQuantizableModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attachTo<linalg::MatmulOp, linalg::BatchMatmulOp, linalg::Conv2DNhwcHwcfOp,
             linalg::Conv2DNhwcFhwcOp, linalg::Conv2DNchwFchwOp>(context);
    linalg::DepthwiseConv2DNhwcHwcOp::attachInterface<DepthwiseModel>(*context);
  });
  registry.addExtension(+[](MLIRContext *context, tosa::TosaDialect *) {
    tosa::MatMulOp::attachInterface<TosaModel<tosa::MatMulOp, 2, 1, 2>>(*context);
    tosa::Conv2DOp::attachInterface<TosaModel<tosa::Conv2DOp, 3, 3, 0>>(*context);
  });
}

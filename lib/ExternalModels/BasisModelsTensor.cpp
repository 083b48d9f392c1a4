//===- BasisModelsTensor.cpp - Reshapes under a change of basis -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReshapeBasis.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

namespace {

struct ExpandModel : BasisOpInterface::ExternalModel<ExpandModel, tensor::ExpandShapeOp> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    SmallVector<ReassociationIndices> groups = expand.getReassociationIndices();
    return port.isResult
               ? fromFine(groups, expand.getResultType().getShape(), BasisPort::operand(0), use)
               : fromCoarse(groups, BasisPort::result(0), use);
  }
};

struct CollapseModel : BasisOpInterface::ExternalModel<CollapseModel, tensor::CollapseShapeOp> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
    auto collapse = cast<tensor::CollapseShapeOp>(op);
    SmallVector<ReassociationIndices> groups = collapse.getReassociationIndices();
    return port.isResult
               ? fromCoarse(groups, BasisPort::operand(0), use)
               : fromFine(groups, collapse.getSrcType().getShape(), BasisPort::result(0), use);
  }
};

/// Zeros around axes that the map does not act on.
struct PadModel : BasisOpInterface::ExternalModel<PadModel, tensor::PadOp> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const;
};

struct CastModel : BasisOpInterface::ExternalModel<CastModel, tensor::CastOp> {
  BasisAnswer propagateBasis(Operation *, BasisPort port, const BasisUse &use) const {
    return BasisAnswer::of({{port.isResult ? BasisPort::operand(0) : BasisPort::result(0), use}});
  }
};

/// What an empty tensor holds is nothing to anyone.
struct EmptyModel : BasisOpInterface::ExternalModel<EmptyModel, tensor::EmptyOp> {
  BasisAnswer propagateBasis(Operation *, BasisPort, const BasisUse &) const {
    return BasisAnswer::of({});
  }
};

/// Sizes have no basis.
struct DimModel : BasisOpInterface::ExternalModel<DimModel, tensor::DimOp> {
  BasisAnswer propagateBasis(Operation *, BasisPort, const BasisUse &) const {
    return BasisAnswer::of({});
  }
};

/// A slice along other axes than those of the map.
struct SliceModel : BasisOpInterface::ExternalModel<SliceModel, tensor::ExtractSliceOp> {
  BasisAnswer propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const;
};

} // namespace

BasisAnswer SliceModel::propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
  auto slice = cast<tensor::ExtractSliceOp>(op);
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  // The axis of the result that an axis of the source becomes; what is dropped counts for the next.
  auto resultAxis = [&](int64_t axis) {
    int64_t before = 0;
    for (int64_t i = 0; i < axis; ++i) {
      before += dropped[i] ? 0 : 1;
    }
    return before;
  };
  SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(), sizes = slice.getMixedSizes(),
                            strides = slice.getMixedStrides();
  ArrayRef<int64_t> shape = slice.getSourceType().getShape();
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < static_cast<int64_t>(shape.size()); ++axis) {
    int64_t own = port.isResult ? resultAxis(axis) : axis;
    if (own < use.firstAxis || own >= use.endAxis() || (port.isResult && dropped[axis])) {
      continue;
    }
    if (dropped[axis] || !isConstantIntValue(offsets[axis], 0) ||
        !isConstantIntValue(sizes[axis], shape[axis]) || !isConstantIntValue(strides[axis], 1)) {
      return BasisAnswer::refuse("it takes a slice along an axis of the map");
    }
    axes.push_back(axis);
  }
  if (axes.back() - axes.front() + 1 != use.numAxes) {
    return BasisAnswer::refuse("it drops an axis between those of the map");
  }
  BasisUse other = use;
  other.firstAxis = port.isResult ? axes.front() : resultAxis(axes.front());
  return BasisAnswer::of({{port.isResult ? BasisPort::operand(0) : BasisPort::result(0), other}});
}

BasisAnswer PadModel::propagateBasis(Operation *op, BasisPort port, const BasisUse &use) const {
  auto pad = cast<tensor::PadOp>(op);
  for (int64_t axis = use.firstAxis; axis < use.endAxis(); ++axis) {
    if (getConstantIntValue(pad.getMixedLowPad()[axis]) != 0 ||
        getConstantIntValue(pad.getMixedHighPad()[axis]) != 0) {
      return BasisAnswer::refuse("it pads that axis");
    }
  }
  Value value = pad.getConstantPaddingValue();
  if (!isPermutation(use.map) && !(value && matchPattern(value, m_AnyZeroFloat()))) {
    return BasisAnswer::refuse("it pads with something else than 0, which only permutations pass");
  }
  return BasisAnswer::of({{port.isResult ? BasisPort::operand(0) : BasisPort::result(0), use}});
}

void quench::registerTensorBasisModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExpandShapeOp::attachInterface<ExpandModel>(*context);
    tensor::CollapseShapeOp::attachInterface<CollapseModel>(*context);
    tensor::EmptyOp::attachInterface<EmptyModel>(*context);
    tensor::PadOp::attachInterface<PadModel>(*context);
    tensor::CastOp::attachInterface<CastModel>(*context);
    tensor::DimOp::attachInterface<DimModel>(*context);
    tensor::ExtractSliceOp::attachInterface<SliceModel>(*context);
  });
}

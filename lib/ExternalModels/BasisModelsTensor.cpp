//===- BasisModelsTensor.cpp - Reshapes under a change of basis -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace quench;

/// From the side of a reshape with more axes: a use on whole groups is one on the axes that the
/// groups become.
static BasisAnswer fromFine(ArrayRef<ReassociationIndices> groups, ArrayRef<int64_t> shape,
                            BasisPort coarse, const BasisUse &use) {
  auto groupOf = [&](int64_t axis) {
    auto *place = llvm::find_if(groups, [&](const ReassociationIndices &group) {
      return group.front() <= axis && axis <= group.back();
    });
    return place - groups.begin();
  };
  int64_t first = groupOf(use.firstAxis), last = groupOf(use.endAxis() - 1);
  std::optional<MapUse> whole = widen(use, shape, groups[first].front(), groups[last].back() + 1);
  if (!whole) {
    return BasisAnswer::refuse("it joins axes in a way that the map cannot be written for");
  }
  return BasisAnswer::of({{coarse, BasisUse{first, last - first + 1, *whole}}});
}

/// From the side with fewer axes: flattening is row-major on both sides.
static BasisAnswer fromCoarse(ArrayRef<ReassociationIndices> groups, BasisPort fine,
                              const BasisUse &use) {
  int64_t first = groups[use.firstAxis].front(), end = groups[use.endAxis() - 1].back() + 1;
  return BasisAnswer::of({{fine, BasisUse{first, end - first, use.map}}});
}

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

void quench::registerTensorBasisModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::ExpandShapeOp::attachInterface<ExpandModel>(*context);
    tensor::CollapseShapeOp::attachInterface<CollapseModel>(*context);
    tensor::DimOp::attachInterface<DimModel>(*context);
    tensor::ExtractSliceOp::attachInterface<SliceModel>(*context);
  });
}

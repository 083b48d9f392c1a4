//===- ReshapeBasis.h - Bases on both sides of a reshape --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A reshape joins groups of consecutive axes on its fine side into the axes of its coarse side.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_EXTERNALMODELS_RESHAPEBASIS_H
#define QUENCH_LIB_EXTERNALMODELS_RESHAPEBASIS_H

#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

namespace quench {

/// From the side of a reshape with more axes: a use on whole groups is one on the axes that the
/// groups become. `shape` is that of this side, `coarse` the other port.
BasisAnswer fromFine(llvm::ArrayRef<mlir::ReassociationIndices> groups,
                     llvm::ArrayRef<int64_t> shape, BasisPort coarse, const BasisUse &use);

/// From the side with fewer axes: flattening is row-major on both sides.
BasisAnswer fromCoarse(llvm::ArrayRef<mlir::ReassociationIndices> groups, BasisPort fine,
                       const BasisUse &use);

} // namespace quench

#endif // QUENCH_LIB_EXTERNALMODELS_RESHAPEBASIS_H

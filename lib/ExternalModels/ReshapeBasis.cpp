//===- ReshapeBasis.cpp - Bases on both sides of a reshape ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReshapeBasis.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quench;

BasisAnswer quench::fromFine(ArrayRef<ReassociationIndices> groups, ArrayRef<int64_t> shape,
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

BasisAnswer quench::fromCoarse(ArrayRef<ReassociationIndices> groups, BasisPort fine,
                               const BasisUse &use) {
  int64_t first = groups[use.firstAxis].front(), end = groups[use.endAxis() - 1].back() + 1;
  return BasisAnswer::of({{fine, BasisUse{first, end - first, use.map}}});
}

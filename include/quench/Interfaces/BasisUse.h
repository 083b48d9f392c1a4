//===- BasisUse.h - How a value's basis differs -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A map M can be used in four ways: x M, x M⁻¹, x Mᵀ, x M⁻ᵀ. The last two and the inverse are kept
// as flags and never evaluated before they must, so that the formal inverse of a singular diagonal
// does no harm as long as it cancels. What can be done with uses is in
// quench/Dialect/Quench/IR/BasisAlgebra.h.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INTERFACES_BASISUSE_H
#define QUENCH_INTERFACES_BASISUSE_H

#include "quench/Interfaces/BasisMapAttrInterface.h"

namespace quench {

/// A map with the flags of its use. Without a map it is the identity.
struct MapUse {
  BasisMapAttrInterface map;
  bool inverse = false;
  bool transposed = false;

  bool isIdentity() const { return !map; }
  friend bool operator==(const MapUse &lhs, const MapUse &rhs) {
    return lhs.map == rhs.map && lhs.inverse == rhs.inverse && lhs.transposed == rhs.transposed;
  }
  friend bool operator!=(const MapUse &lhs, const MapUse &rhs) { return !(lhs == rhs); }
};

/// A use on the row-major flattening of the consecutive axes [firstAxis, firstAxis + numAxes) of a
/// tensor: every row along them is multiplied by the map. The identity has no axes.
struct BasisUse {
  int64_t firstAxis = 0;
  int64_t numAxes = 0;
  MapUse map;

  bool isIdentity() const { return map.isIdentity(); }
  int64_t endAxis() const { return firstAxis + numAxes; }
  friend bool operator==(const BasisUse &lhs, const BasisUse &rhs) {
    return lhs.map == rhs.map &&
           (lhs.isIdentity() || (lhs.firstAxis == rhs.firstAxis && lhs.numAxes == rhs.numAxes));
  }
  friend bool operator!=(const BasisUse &lhs, const BasisUse &rhs) { return !(lhs == rhs); }
};

} // namespace quench

#endif // QUENCH_INTERFACES_BASISUSE_H

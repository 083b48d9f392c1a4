//===- BasisMapAttrInterface.td - Invertible maps of one axis -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INTERFACES_BASISMAPATTRINTERFACE_TD
#define QUENCH_INTERFACES_BASISMAPATTRINTERFACE_TD

include "mlir/IR/OpBase.td"

def BasisMapAttrInterface : AttrInterface<"BasisMapAttrInterface"> {
  let cppNamespace = "::quench";
  let description = [{
    A square matrix M that is known by its structure and acts on row vectors: `y = x M`. What an attribute does not
    claim may be true nevertheless; what it claims holds.
  }];
  let methods = [
    InterfaceMethod<"The number of rows and columns.", "int64_t", "getDimension">,
    InterfaceMethod<"The same map without MLIR. Fails when its data is a resource that is not there.",
      "::llvm::Expected<::quench::numerics::BasisMap>", "getNumericsMap">,
    InterfaceMethod<"Whether M Mᵀ = I.", "bool", "isOrthogonal", (ins), "", "return false;">,
    InterfaceMethod<"Whether M = Mᵀ.", "bool", "isSymmetric", (ins), "", "return false;">,
    InterfaceMethod<"Whether all entries off the diagonal are 0.", "bool", "isDiagonal", (ins), "", "return false;">,
    InterfaceMethod<"Whether M reorders the elements of a row.", "bool", "isPermutation", (ins), "", "return false;">
  ];
}

#endif // QUENCH_INTERFACES_BASISMAPATTRINTERFACE_TD

//===- BasisOpInterface.td - What an op does when a basis changes -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INTERFACES_BASISOPINTERFACE_TD
#define QUENCH_INTERFACES_BASISOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def BasisOpInterface : OpInterface<"BasisOpInterface"> {
  let cppNamespace = "::quench";
  let description = [{
    An op that stays the same op when some of its operands and results live in another basis. For
    `y = linear(x, W)`: when x becomes x M, the same op computes the same y if W becomes W M⁻ᵀ along its last axis.

    An op answers for one port at a time. The ports that an answer names belong together; about ports that it does not
    name it says nothing, they may be in any basis that their own answers allow. A port that has to stay as it is is
    named with the identity. Ports have to be independent in this sense: the function is kept when the answers of all
    ports that are not in their old basis hold together.
  }];
  let methods = [
    InterfaceMethod<[{
      What the other ports must be when `port` is used as `use` says. `use` is normalized (see BasisAlgebra.h), not
      the identity, and fits the type of the port. Several alternatives stand in order of preference.
    }], "::quench::BasisAnswer", "propagateBasis", (ins "::quench::BasisPort":$port, "const ::quench::BasisUse &":$use)>,
    InterfaceMethod<[{
      Called after the element type of an operand that holds constants became f32, where it was narrower: the op takes
      the result types that follow.
    }], "void", "widenToOperands", (ins), "", "return;">
  ];
}

#endif // QUENCH_INTERFACES_BASISOPINTERFACE_TD

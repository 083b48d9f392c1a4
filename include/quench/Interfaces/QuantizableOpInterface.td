//===- QuantizableOpInterface.td - Ops whose operands can be quantized -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INTERFACES_QUANTIZABLEOPINTERFACE_TD
#define QUENCH_INTERFACES_QUANTIZABLEOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def QuantizableOpInterface : OpInterface<"QuantizableOpInterface"> {
  let cppNamespace = "::quench";
  let description = [{
    A contraction `y = x * W` with one activation and one weight operand, both of which may pass through codes.
    Passes that observe, choose schemes or quantize weights talk to this interface and never to a list of ops.
  }];
  let methods = [
    InterfaceMethod<"The operand that carries activations.", "::mlir::OpOperand &", "getActivationOperand">,
    InterfaceMethod<"The operand that carries weights.", "::mlir::OpOperand &", "getWeightOperand">,
    InterfaceMethod<"The axis of the activation that is summed over.", "int64_t", "getActivationReductionAxis">,
    InterfaceMethod<"The axis of the weight that is summed over.", "int64_t", "getWeightReductionAxis">,
    InterfaceMethod<"The axis of the weight that makes output channels.", "int64_t", "getWeightOutputAxis">
  ];
}

#endif // QUENCH_INTERFACES_QUANTIZABLEOPINTERFACE_TD

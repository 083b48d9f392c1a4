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

def QuantizableTableOpInterface : OpInterface<"QuantizableTableOpInterface"> {
  let cppNamespace = "::quench";
  let description = [{
    An op that picks rows of a table of weights. The table may pass through codes; there is no activation that could.
  }];
  let methods = [
    InterfaceMethod<"The operand that is the table.", "::mlir::OpOperand &", "getTableOperand">,
    InterfaceMethod<"The axis of the table that is picked from.", "int64_t", "getTableRowAxis">,
    InterfaceMethod<"The axis of the table along which a row lies.", "int64_t", "getTableColumnAxis">
  ];
}

def QuantizableCacheOpInterface : OpInterface<"QuantizableCacheOpInterface"> {
  let cppNamespace = "::quench";
  let description = [{
    An op that keeps keys or values of tokens for later ones. What it keeps, f32 of tokens x heads x elements of a head,
    may pass through codes.
  }];
  let methods = [
    InterfaceMethod<"The operand that is kept.", "::mlir::OpOperand &", "getKeptOperand">
  ];
}

#endif // QUENCH_INTERFACES_QUANTIZABLEOPINTERFACE_TD

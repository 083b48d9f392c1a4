//===- QuenchDialect.td - The quench dialect -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHDIALECT_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHDIALECT_TD

include "mlir/IR/OpBase.td"

def QuenchDialect : Dialect {
  let name = "quench";
  let cppNamespace = "::quench";
  let summary = "Quantized tensors, how they are stored, and what is decided about them";
  let description = [{
    The dialect knows tensors and number formats and nothing about networks.

    The life of a value: a float tensor on an edge is watched by `quench.observe`; a recipe gives it a
    *scheme* (`#quench.scheme`), written as a `quench.quantize` / `quench.dequantize` pair around the
    unchanged float op (QDQ form), so that the IR stays runnable and exact in meaning; legalization fuses
    `linear(dequantize(x), dequantize(w))` into a `quench.contract` on quantized tensors when the target
    multiplies such codes; at the end every `!quench.qtensor` expands into plain tensors of codes, scales
    and zero points, and nothing of this dialect is left.

    Weights are `quench.weight @key` references into a weight store, so that IR stays small enough to read.
    Scales are data, never part of a type.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

class Quench_Op<string mnemonic, list<Trait> traits = []> : Op<QuenchDialect, mnemonic, traits>;

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHDIALECT_TD

//===- NNDialect.td - The nn dialect -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NNDIALECT_TD
#define QUENCH_DIALECT_NN_IR_NNDIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

def NNDialect : Dialect {
  let name = "nn";
  let cppNamespace = "::quench::nn";
  let summary = "Operations of neural networks that upstream has no named op for";
  let description = [{
    Value semantics, tensors only, one sequence at a time: the first axis of an activation counts tokens and is
    usually dynamic, so that one function serves prefill (many tokens) and decode (one). What upstream can say is said
    with upstream ops: residual adds and gated products are `arith.addf` and `arith.mulf` on tensors, heads are split
    and joined by `tensor.expand_shape` and `tensor.collapse_shape`.

    A causal language model is a function with the unit attribute `nn.causal_lm` and the type
    `(tokens: tensor<?xi32>, position: index, first: index, caches...) -> (logits: tensor<?xVxf32>, caches...)`:
    `tokens` continue a sequence of which `position` tokens are already in the caches; the logits are those of the
    tokens `first` and later. Results other than the logits are the updated caches, in the order of the arguments.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
                               "::quench::QuenchDialect"];
}

/// `tensor.dim` of a result becomes one of an operand.
defvar NN_ShapesOfResults = DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>;

class NN_Op<string mnemonic, list<Trait> traits = []> : Op<NNDialect, mnemonic, traits>;

#endif // QUENCH_DIALECT_NN_IR_NNDIALECT_TD

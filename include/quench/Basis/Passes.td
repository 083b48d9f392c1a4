//===- Passes.td - Changes of basis as passes -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All of them insert `T⁻¹ T` on edges and let the engine of quench/Basis/Rebase.h push both halves into
// weights, where they wait as `quench.change_basis` for quench-fold-weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_BASIS_PASSES_TD
#define QUENCH_BASIS_PASSES_TD

include "mlir/Pass/PassBase.td"
include "quench/Workspace/WorkspaceOptions.td"

def FoldNormsPass : Pass<"quench-fold-norms", "::mlir::ModuleOp"> {
  let summary = "Move the gains of norms into the layers that read them";
  let description = [{
    The gain of an RMS norm becomes a diagonal on the weights of all its readers, and the norm has none afterwards: what
    rotations of the residual stream need. The gains are read from the weight store or from constants; nothing is
    divided by them.

    ```mlir
    %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
    %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
    // becomes
    %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x2xf32>
    %v = quench.change_basis %w by #quench.diagonal<…> axes [1] : tensor<3x2xf32>
    %y = nn.linear %n, %v : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
    ```

    A norm with a reader that cannot take the gain in keeps it; a `missed` remark says which reader and why.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options;
}

def RotatePass : Pass<"quench-rotate", "::mlir::ModuleOp"> {
  let summary = "Rotate the activations of a transformer so that no channel stands out";
  let description = [{
    The four rotations of QuaRot and SpinQuant (arXiv 2404.00456, 2405.16406), each a change of basis:

    * `r1`: of the residual stream, from the embedding to the last norm. Everything is absorbed by weights.
    * `r2`: of the values of each attention, within heads, up to the layer that reads the heads. Absorbed.
    * `r3`: of queries and keys behind the rotary embedding, within heads. Online; the key cache is rotated.
    * `r4`: of the inputs of linear layers that are made by nonlinear ops, such as gated products. Online, the layer
      absorbs the inverse.

    `kind` says which matrices r1 and r2 are: `hadamard`, `random-hadamard` (diag(signs) H with signs from NumPy's
    `default_rng(seed)`: first those of r1, then those of r2 for each layer), `random` (orthogonal, uniform), or
    `file`, a safetensors file with `R1` and `layers.N.R2` or `model.layers.N.self_attn.R2`. The matrices of r3 and r4
    are Hadamard matrices without signs.

    A dimension that has no known Hadamard matrix is an error unless `fallback` is `hartley` or `blocks`. A rotation
    that an op refuses is an error that names the op: a gain that is not folded (run quench-fold-norms first), a
    residual stream with another reader. The IR does not change then.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = [
    Option<"r1", "r1", "bool", "true", "Rotate the residual stream">,
    Option<"r2", "r2", "bool", "true", "Rotate values within heads">,
    Option<"r3", "r3", "bool", "true", "Rotate queries and keys within heads, online">,
    Option<"r4", "r4", "bool", "true", "Rotate what nonlinear ops give to linear layers, online">,
    Option<"kind", "kind", "std::string", "\"hadamard\"", "hadamard, random-hadamard, random or file">,
    Option<"seed", "seed", "uint64_t", "0", "Of random matrices">,
    Option<"matrices", "matrices", "std::string", "\"\"", "The safetensors file with learned matrices">,
    Option<"fallback", "fallback", "std::string", "\"none\"",
           "Where no Hadamard matrix is known: none, hartley or blocks">
  ];
}

def FoldWeightsPass : Pass<"quench-fold-weights", "::mlir::ModuleOp"> {
  let summary = "Evaluate changes of basis of weights";
  let description = [{
    Every `quench.change_basis` of a weight or a constant is evaluated in double, rounded to f32 once, and gone. Constants
    stay in the IR. Weights are written to the workspace, one at a time: under their key when all that reads the key
    reads the same new values, else under the name of the layer that does (`lm_head.weight` where it was tied to the
    embedding). With `output` the tensors that the module then refers to are written to that file.

    ```mlir
    %w = quench.weight @up_proj.weight : tensor<768x256xbf16>
    %e = arith.extf %w : tensor<768x256xbf16> to tensor<768x256xf32>
    %v = quench.change_basis %e by #quench.hadamard<256> axes [1] : tensor<768x256xf32>
    // becomes
    %v = quench.weight @up_proj.weight : tensor<768x256xf32>
    ```

    What cannot be evaluated is an error that names the tensor, such as the inverse of a diagonal with a zero. The IR
    does not change then.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"output", "output", "std::string", "\"\"", "The safetensors file to write">
  ];
}

#endif // QUENCH_BASIS_PASSES_TD

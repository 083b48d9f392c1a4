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
  let summary = "Move the gains of norms into layers";
  let description = [{
    The gain of an RMS norm or a layer norm becomes a diagonal on the weights W of all its readers, and the norm has
    none afterwards: what rotations of the residual stream need. The bias b of a layer norm becomes W b in the biases of
    its readers, which have to be layers then. Gains and biases are read from the weight store or from constants;
    nothing is divided by them.

    ```mlir
    %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
    %y = nn.linear %n, %w : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
    // becomes
    %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x2xf32>
    %v = quench.change_basis %w by #quench.diagonal<…> axes [1] : tensor<3x2xf32>
    %y = nn.linear %n, %v : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
    ```

    A norm with a reader that cannot take the gain in keeps it; a `missed` remark says which reader and why.

    In `linalg`, `tosa` and `arith` there are no norms, but what is left of them: chains of elementwise ops with
    constants that make `s x + t` with one s and one t for each channel, whichever ops and regions they are written
    with. A batch norm at inference goes into what makes x: the weights of the convolution or product take s in, its
    bias takes t in. The gain and bias of a layer norm, or a batch norm behind a nonlinear op, go into all that read the
    chain, as above; a convolution that pads its input with zeros reads no shift. Where readers refuse and what makes x
    has no bias, as in `tosa.matmul`, one addition stays.

    ```mlir
    %h = tosa.conv2d %x, %w, %b, %zp, %zp {…}
    %m = tosa.mul %h, %s, %shift
    %y = tosa.add %m, %t
    // becomes
    %v = quench.change_basis %w by #quench.diagonal<…> axes [0]
    %y = tosa.conv2d %x, %v, %c, %zp, %zp {…}        // %c = %b * %s + %t
    ```

    A chain stays when neither direction takes it in; a `missed` remark says why for both.
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
      absorbs the inverse. In `linalg` and `tosa`, of what any op makes for a matrix product or a convolution with
      constant weights: along its channels, and online only where the weights before it cannot take it in. What is
      refused there stays, with a `missed` remark.

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

def EqualizePass : Pass<"quench-equalize", "::mlir::ModuleOp"> {
  let summary = "Scale channels between layers so that both sides have the same ranges";
  let description = [{
    Cross-layer equalization (arXiv 1906.04721). Where layers make the channels that other layers read, with nothing
    between but what scales pass (a rectifier, one side of a product, attention from its values), channel i is divided
    by `sqrt(r1 / r2)`: r1 is the largest weight that makes it, r2 the largest that reads it. Both are
    `sqrt(r1 r2)` afterwards. Edges are visited until no scale changes by more than 1e-4, or 30 times.

    ```mlir
    %h = nn.linear %x, %w1 : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    %y = nn.linear %h, %w2 : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
    // becomes
    %v1 = quench.change_basis %w1 by #scales axes [0] inverse : tensor<2x2xf32>
    %h = nn.linear %x, %v1 : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
    %v2 = quench.change_basis %w2 by #scales axes [1] : tensor<3x2xf32>
    %y = nn.linear %h, %v2 : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
    ```

    An edge where an op refuses, or that no layer makes, has a `missed` remark.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options;
}

def PermutePass : Pass<"quench-permute", "::mlir::ModuleOp"> {
  let summary = "Spread outliers by block rotations with a permutation between them";
  let description = [{
    DuQuant (arXiv 2406.01721). The input of each group of linear layers is multiplied online by
    `(I ⊗ R1) P (I ⊗ R2)`, which their weights absorb. R1 and R2 are orthogonal matrices of a block of channels, found
    from the largest magnitudes that calibration saw on each channel: time and again the channel of the largest value is
    spread over its block, and what leaves the least peak is kept. P deals the channels to blocks in zigzag, so that
    all have their share of large ones. Smoothing is a pass of its own (quench-smooth, then quench-calibrate).

    ```mlir
    %p = quench.change_basis %x by #quench.composed<[#quench.block_diagonal<#r1, copies = 2>, #quench.permutation<[…]>,
         #quench.block_diagonal<#r2, copies = 2>]> axes [1] : tensor<?x256xf32>
    ```

    With a recipe, inputs of layers whose activations it leaves in float are left alone. An input that is not a
    multiple of a block, that was not calibrated, or that an op other than a layer reads has a `missed` remark.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"block", "block", "int64_t", "128", "Channels of a block">,
    Option<"steps", "steps", "unsigned", "256", "The most steps of a rotation">,
    Option<"seed", "seed", "uint64_t", "0", "Of the rotations that the steps are made of">
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

//===- Passes.td - Passes that run the model while they change it -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_PASSES_TD
#define QUENCH_TUNING_PASSES_TD

include "quench/Workspace/WorkspaceOptions.td"

include "mlir/Pass/PassBase.td"

def CalibratePass : Pass<"quench-calibrate", "::mlir::ModuleOp"> {
  let summary = "Run the model as it is now and take its statistics";
  let description = [{
    Runs the samples of the calibration archive through the model and replaces the statistics of the workspace by those
    of the values that observers see now: behind passes that move outliers from one edge to another, ranges have to be
    chosen from what is left. The archive is as good as one made by `quench calibrate` with the same `collect`.

    The model runs one decoder block after the other with all samples (see SegmentRunner.h), so that memory is that of
    a block and of the hidden states. The IR does not change.

    A recipe that rotates and then quantizes activations with static scales has these passes:

    ```yaml
    passes:
      - quench-fold-norms
      - quench-rotate
      - quench-fold-weights
      - quench-insert-observers
      - quench-calibrate
      - quench-annotate-calibration{method=percentile}
      - quench-quantize
      - quench-strip-observers
    ```

    A function that is no causal language model runs on tensors, which `samples` names a safetensors file of: one tensor
    for each argument, "0", "1" and so on, whose first axis counts samples. With `output` the passes that look at
    statistics (`quench-smooth`, `quench-permute`, `quench-annotate-calibration`) work on such functions, too:

    ```
    quench-opt f.mlir --quench-insert-observers --quench-calibrate='samples=x.safetensors output=f.archive' -o /dev/null
    quench-opt f.mlir --quench-smooth='archive=f.archive inputs=all'
    ```

    Samples that the model cannot run (a token outside of the vocabulary, more tokens than positions), an activation
    that is not finite, and a module without observers are errors.
  }];
  let options = WorkspaceOptions.options # [
    Option<"collect", "collect", "std::string", "\"channels,histogram\"",
           "What is kept beyond ranges: channels, histogram, gram, channel-ranges, channel-histograms, or none">,
    Option<"samples", "samples", "std::string", "\"\"", "A safetensors file with the arguments of a function">,
    Option<"output", "output", "std::string", "\"\"", "An archive to write the statistics to">
  ];
}

def GptqPass : Pass<"quench-gptq", "::mlir::ModuleOp"> {
  let summary = "Quantize weights so that errors make up for each other on the inputs that layers really have";
  let description = [{
    GPTQ (arXiv 2210.17323). Runs the samples of the calibration archive through the model, one decoder block after the
    other, and measures the Gram matrix `E[x xᵀ]` of the inputs of its linear layers. Their weights are then rounded
    column by column, the error of each column being spread over the columns behind it, and the block runs again with
    the rounded weights, so that the next block is fitted to what it will really be given. Layers with the same input
    share a Gram matrix.

    What is quantized, and how, is what the recipe says about weights; activations stay float, and so do layers that
    the recipe leaves in float. `quench-quantize` behind this pass does what is still to be done. Codes and scales are
    added to the weights of the workspace.

    ```mlir
    %0 = quench.weight @model.layers.0.mlp.up_proj.weight : !quench.qtensor<768x256xf32, #w4>
    %w = quench.dequantize %0 : !quench.qtensor<768x256xf32, #w4> to tensor<768x256xf32>
    %y = nn.linear %x, %w : tensor<?x256xf32>, tensor<768x256xf32> -> tensor<?x768xf32>
    ```

    In a module without a causal language model nothing is run: the Gram matrices are those among the statistics of an
    archive (`quench-calibrate{samples=… collect=gram}`), of the inputs that layers have while nothing is quantized.

    With `activation-order` the columns with the largest inputs are rounded first, while many are left to make up for
    them. Groups are then runs of that order, so that columns of the weight are stored in it and the layer is given a
    permuted input, or, with `static-groups`, they are those of the original columns and nothing has to be permuted.

    ```mlir
    %p = quench.change_basis %x by #quench.permutation<[...]> axes [1] : tensor<?x256xf32>
    %y = nn.linear %p, %w : tensor<?x256xf32>, tensor<768x256xf32> -> tensor<?x768xf32>
    ```

    With `refine` coordinate descent goes on from the codes of GPTQ, under their scales: one code at a time takes its
    best value given all others of its row, above, below or further away, until none can be improved alone. The loss
    that the remark tells is then that of the refined codes.

    A Gram matrix that is not positive definite climbs a ladder of dampings; a layer for which even the last does not
    help is rounded to nearest, and its remark says so.

    When it fails the IR and the workspace are unchanged.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"damping", "damping", "double", "0.01",
           "What is added to the diagonal of the Gram matrix, in units of its mean">,
    Option<"activationOrder", "activation-order", "bool", "false", "Round the columns with the largest inputs first">,
    Option<"staticGroups", "static-groups", "bool", "false",
           "Groups of the original columns, with scales from the original weights">,
    Option<"sequential", "sequential", "std::string", "\"block\"",
           "How often inputs are measured: once a 'block', or again behind each 'layer' that was quantized">,
    Option<"refine", "refine", "bool", "false", "Improve the codes one by one until none can be improved alone">
  ];
}

def KeepOutliersPass : Pass<"quench-keep-outliers", "::mlir::ModuleOp"> {
  let summary = "Keep the weights as floats that cost most when they are rounded";
  let description = [{
    In the manner of SpQR (arXiv 2306.03078). Runs the samples of the calibration archive through the model and measures
    the Gram matrix H of the inputs of each layer whose weights the recipe quantizes. Of the elements of a weight those
    are kept that rounding to nearest changes much and that the others cannot make up for, the first by
    `(w - round(w))² / [(H + damping)⁻¹]_jj`. They lie over the weight, which computes what it did:

    ```mlir
    %f = quench.weight @up_proj.weight : tensor<768x256xf32>
    %i = quench.weight @up_proj.weight.kept.indices : tensor<1966xi32>
    %v = quench.weight @up_proj.weight.kept.values : tensor<1966xf32>
    %w = quench.overlay %f at %i with %v : tensor<768x256xf32>, tensor<1966xi32>, tensor<1966xf32>
    ```

    Whatever quantizes `%f` behind this pass, `quench-gptq` or `quench-quantize`, leaves these elements out when it
    chooses scales, and GPTQ lets them make up for the errors of the columns before them. Values are of the type that
    the weight is stored in. Changes of basis have to be done before.

    When it fails the IR and the workspace are unchanged.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"fraction", "fraction", "double", "0.01", "The share of the elements of a weight to keep">
  ];
}

def AllocateBitsPass : Pass<"quench-allocate-bits", "::mlir::ModuleOp"> {
  let summary = "Choose the bits of each layer's weights under a budget for all of them";
  let description = [{
    Mixed precision by sensitivity. With one weight W rounded to nearest by V as the recipe says, the model's
    distributions of the next token diverge from those of the float model by some number of nats, on the first eight
    samples of the calibration archive. For each other number of bits in `widths` the divergence is taken to change as

        tr((V - W) G (V - W)ᵀ)

    does, with the Gram matrix `G = E[x xᵀ]` of the inputs of the layer over all samples. The sum of the divergences is made small while
    all weights together, scales included, take no more than `bits` for each element: a knapsack as in HAWQ-V3 (arXiv
    2011.10680). Everything else about formats, groups and scales, is what the recipe says. The model runs on these samples
    once for each weight.

    The choice is a rule for the layer that the passes behind this one find in the recipe (`quench-gptq`,
    `quench-quantize`); the IR does not change. A remark tells the format of each layer and its loss.

    In a module without a causal language model nothing is run: the Gram matrices are those among the statistics of an
    archive (`quench-calibrate{samples=… collect=gram}`), and instead of the divergence counts the share of the power of
    a layer's output, `tr(W G Wᵀ)`, that rounding loses.
  }];
  let options = WorkspaceOptions.options # [
    Option<"bits", "bits", "double", "0",
           "The budget, bits for each weight with its share of scales; 0 for as many as the recipe takes">,
    ListOption<"widths", "widths", "unsigned",
               "Numbers of bits of a code to choose from, 2 to 8; 2, 3, 4, 5, 6 and 8 when missing">
  ];
}

def ClipWeightsPass : Pass<"quench-clip-weights", "::mlir::ModuleOp"> {
  let summary = "Clamp weights where smaller steps are worth more than the largest values";
  let description = [{
    The clip search of AWQ (arXiv 2306.00978). Runs the samples of the calibration archive through the model and
    measures the Gram matrix of the inputs of each layer whose weights the recipe quantizes. Each block that shares a
    scale is then clamped to `±p absmax`, with the p of 1.00, 0.95, ..., 0.55 for which rounding to nearest changes the
    output least. Projections to queries and keys are left alone, whose errors the softmax multiplies.

    Weights stay float; `quench-quantize` rounds them. New values are f32 tensors of the workspace under the old keys.

    When it fails the IR and the workspace are unchanged.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options;
}

def CorrectBiasPass : Pass<"quench-correct-bias", "::mlir::ModuleOp"> {
  let summary = "Let biases take back what rounding has done to the means of outputs";
  let description = [{
    Bias correction (arXiv 1906.04721, section 4.2). Rounding a weight W to V shifts the mean of an output, and so does
    rounding its input x to z: by `V E[z] - W E[x]`, with means over the samples of the calibration archive. This pass
    stands behind those that quantize and subtracts that from the bias of each quantized `nn.linear`; a layer without
    bias gets one.

    ```mlir
    %b = quench.weight @model.layers.0.mlp.up_proj.bias : tensor<768xf32>
    %y = nn.linear %z, %v bias(%b) : tensor<?x256xf32>, tensor<768x256xf32>, tensor<768xf32> -> tensor<?x768xf32>
    ```

    The model runs as it is now, one decoder block after the other: the means of a block are those behind blocks that
    are quantized and corrected. W is what the workspace still has under the key of the weight, as it was right before
    it was rounded: clipped, scaled or rotated. New biases are f32 tensors of the workspace.

    A `missed` remark tells why a quantized layer was left alone: its codes are constants, or were made in an earlier
    run, so that its float weights are not known; its input is permuted as `activation-order` of quench-gptq may do; the
    logits do not depend on it.

    When it fails the IR and the workspace are unchanged.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options;
}

def ScaleSalientPass : Pass<"quench-scale-salient", "::mlir::ModuleOp"> {
  let summary = "Divide inputs of layers by scales that make their weights easier to round";
  let description = [{
    AWQ (arXiv 2306.00978). Weights that meet large inputs matter most. For the common input of some layers, with
    magnitudes `mean |x|` over the samples of the calibration archive, the columns of their weights are multiplied by
    `s = (mean |x|)^a`, normalized so that `max s * min s = 1`, and the input is divided by `s`. The exponent is that of
    0, 0.05, ..., 0.95 for which rounding the weights as the recipe says changes least

    - with `loss=module`, the result of the module: the mean squared change of what all the layers lead to before the
      next residual is added, on the samples 0, `every`, 2 `every`, ...;
    - with `loss=linear`, the outputs of the layers: the sum of `tr(dW H dWᵀ)`, with the Gram matrix H of all samples.

    The change of basis is moved into what makes the input: the gain of a norm, the rows of a layer before it. Inputs
    for which that is impossible are left alone, and a remark says who refused. Weights stay float, under a
    `quench.change_basis` that `quench-fold-weights` evaluates; the model computes what it did.

    ```mlir
    %h = quench.change_basis %g by #quench.diagonal<dense<[0.5, 2.0]> : tensor<2xf32>> axes [0] inverse : tensor<2xf32>
    %n = nn.rms_norm %x gain(%h : tensor<2xf32>) epsilon 1.0e-5 : tensor<?x2xf32>
    %v = quench.change_basis %w by #quench.diagonal<dense<[0.5, 2.0]> : tensor<2xf32>> axes [1] : tensor<3x2xf32>
    %y = nn.linear %n, %v : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32>
    ```

    When it fails the IR is unchanged.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"loss", "loss", "std::string", "\"module\"", "What may change least: module or linear">,
    Option<"every", "every", "unsigned", "4", "With loss=module, measures on every so manieth sample">
  ];
}

def SmoothPass : Pass<"quench-smooth", "::mlir::ModuleOp"> {
  let summary = "Move the difficulty of quantizing activations into weights";
  let description = [{
    SmoothQuant (arXiv 2211.10438). Channel j of an input of linear layers is divided by
    `s_j = max|x_j|^alpha / max|w_j|^(1 - alpha)`, with the largest magnitudes that calibration saw, and the largest
    weights of all layers that read it; both and s are at least 1e-5. The columns of the layers are multiplied by s; what
    makes the input takes the inverse in: the gain of a norm, and with `inputs=all` also the rows of a linear layer,
    through attention (query heads that share a key head then share scales) and one side of a product.

    ```mlir
    %h = quench.change_basis %g by #scales axes [0] inverse : tensor<256xf32>
    %n = nn.rms_norm %x gain(%h : tensor<256xf32>) epsilon 1.0e-5 : tensor<?x256xf32>
    %v = quench.change_basis %w by #scales axes [1] : tensor<768x256xf32>
    %y = nn.linear %n, %v : tensor<?x256xf32>, tensor<768x256xf32> -> tensor<?x768xf32>
    ```

    With `search` each input gets the alpha of 0, 0.05, ..., 1 that makes the outputs of its layers least wrong when
    their weights and inputs are quantized as the recipe says, on `rows` tokens of the samples; one that no alpha helps
    is left alone. That runs the model, one decoder block after the other.

    With a recipe, inputs of layers whose activations it leaves in float are left alone. An input that cannot be scaled,
    or that was not calibrated, has a `missed` remark with the reason. Ranges have to be calibrated anew (quench-calibrate)
    where they are static.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"alpha", "alpha", "double", "0.5", "How much of the difficulty moves: 0 is none">,
    Option<"inputs", "inputs", "std::string", "\"norms\"", "Which inputs: those that norms make, or all">,
    Option<"search", "search", "bool", "false", "Choose alpha for each input by the error of the outputs">,
    Option<"rows", "rows", "unsigned", "512", "About how many tokens a search looks at">
  ];
}

#endif // QUENCH_TUNING_PASSES_TD

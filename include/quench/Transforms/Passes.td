//===- Passes.td - Passes that calibrate and quantize models -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_PASSES_TD
#define QUENCH_TRANSFORMS_PASSES_TD

include "quench/Workspace/WorkspaceOptions.td"

include "mlir/Pass/PassBase.td"

def InsertObserversPass : Pass<"quench-insert-observers", "::mlir::ModuleOp"> {
  let summary = "Watch the activations of everything that can be quantized";
  let description = [{
    Puts a `quench.observe` on the activation operand of every op with `QuantizableOpInterface`, one for each value.
    An edge is named after the layers that read it: one layer gives its own name, several give their common module and
    the sorted rest. Layers are named by the key of their weight, else by the name of their location, else by a number.
    A value that is observed already is left alone.

    ```mlir
    quench.observe %x as "model.layers.0.self_attn.{k_proj,q_proj,v_proj}" : tensor<?x256xf32>
    %q = nn.linear %x, %wq : tensor<?x256xf32>, tensor<256x256xf32> -> tensor<?x256xf32>
    ```
  }];
  let dependentDialects = ["::quench::QuenchDialect"];
}

def AnnotateCalibrationPass : Pass<"quench-annotate-calibration", "::mlir::ModuleOp"> {
  let summary = "Write what calibration saw onto the observers";
  let description = [{
    Gives every `quench.observe` a range that `method` chooses from the statistics of its edge: all that was seen, or
    less, because a few large values cost all others precision. Methods that minimize an error do it for the format
    that the recipe gives the activation, 8-bit integers where it gives none. Where nothing else is said, a method
    chooses the largest magnitude T, and the range is what was seen, clipped to [-T, T].

    | method | T |
    |---|---|
    | `minmax` | the largest magnitude |
    | `moving-average` | of the largest magnitudes of the samples, at a rate of 0.1 |
    | `percentile` | not exceeded by `percentile` percent of the values; with a zero point, that many are in the range |
    | `mse` | of i/100 of what was seen, the one with the least squared error |
    | `entropy` | the least Kullback-Leibler divergence over 2048 bins |
    | `entropy-nvidia` | the same in the form of NVIDIA's tools |
    | `octav` | the least squared error by the fixed point of OCTAV (Sakr et al., 2022) |

    An archive that is unfinished, that misses an edge or a statistic, or that was made from other weights than those
    of `weights` is an error, and nothing changes.

    ```mlir
    quench.observe %x as "model.layers.0.mlp.down_proj" range [-3.5, 4.25] : tensor<?x768xf32>
    ```
  }];
  let options = WorkspaceOptions.options # [
    Option<"method", "method", "::quench::RangeMethod", "::quench::RangeMethod::MinMax", "How the range is chosen", [{
      ::llvm::cl::values(
        clEnumValN(::quench::RangeMethod::MinMax, "minmax", "all that was seen"),
        clEnumValN(::quench::RangeMethod::MovingAverage, "moving-average", "a moving average over samples"),
        clEnumValN(::quench::RangeMethod::Percentile, "percentile", "a percentage of all values"),
        clEnumValN(::quench::RangeMethod::Mse, "mse", "the least squared error"),
        clEnumValN(::quench::RangeMethod::Entropy, "entropy", "the least divergence"),
        clEnumValN(::quench::RangeMethod::EntropyNvidia, "entropy-nvidia", "the least divergence, NVIDIA's form"),
        clEnumValN(::quench::RangeMethod::Octav, "octav", "the least squared error, by fixed point"))
    }]>,
    Option<"percentile", "percentile", "double", "99.99", "The percentage of `method=percentile`">
  ];
}

def StripObserversPass : Pass<"quench-strip-observers", "::mlir::ModuleOp"> {
  let summary = "Remove all observers";
}

def QuantizePass : Pass<"quench-quantize", "::mlir::ModuleOp"> {
  let summary = "Quantize weights and activations as a recipe says, in QDQ form";
  let description = [{
    Weights are rounded to nearest and become `quench.weight` of quantized type with a `quench.dequantize`; constants in
    the IR become a `quench.assemble` of codes and scales. Activations get a `quench.quantize` / `quench.dequantize`
    pair, shared by all layers that want the same one; static scales come from the range on the observer of the value.
    The float ops stay as they are.

    What enters key/value caches gets such a pair when the recipe has a format for caches, with scales for each token and
    head or for groups within.

    Weights that are codes already are left alone, and their layers get activations all the same. Codes and scales are
    added to the weights of the workspace, one layer at a time. With `output` the tensors that the module then refers
    to are written to a file; a pass that has no workspace attached and a weight store needs it.
    Every layer that is not quantized has a `missed` remark with the reason, every other one a `passed` remark with its
    formats and the signal-to-noise ratio of its weights; so have caches.

    ```mlir
    %0 = quench.weight @model.layers.0.mlp.up_proj.weight : !quench.qtensor<768x256xf32, #w4>
    %w = quench.dequantize %0 : !quench.qtensor<768x256xf32, #w4> to tensor<768x256xf32>
    %1 = quench.quantize %x : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a8>
    %y = quench.dequantize %1 : !quench.qtensor<?x256xf32, #a8> to tensor<?x256xf32>
    %z = nn.linear %y, %w : tensor<?x256xf32>, tensor<768x256xf32> -> tensor<?x768xf32>
    ```

    When it fails the IR is unchanged and no output file appears, unless it is the output that cannot be written.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options # [
    Option<"output", "output", "std::string", "\"\"", "The safetensors file to write">
  ];
}

def NormalizeLayersPass : Pass<"quench-normalize-layers", "::mlir::ModuleOp"> {
  let summary = "Write layers of upstream dialects as other passes look for them";
  let description = [{
    Front ends write what is a layer in many ways. Here a `linalg.generic` that is a matrix product becomes the named op
    that computes it, and a weight becomes a dense constant if it is one whose data is a resource, or one that is
    transposed, broadcast, copied or reshaped by ops of linalg, tensor or tosa. Other readers of that constant keep it.

    ```mlir
    %t = linalg.transpose ins(%w : tensor<5x8xf32>) outs(%e : tensor<8x5xf32>) permutation = [1, 0]
    %y = linalg.generic {…} ins(%x, %t : tensor<?x8xf32>, tensor<8x5xf32>) outs(%z : tensor<?x5xf32>) { … }
    // becomes
    %t = arith.constant dense<…> : tensor<8x5xf32>
    %y = linalg.matmul ins(%x, %t : tensor<?x8xf32>, tensor<8x5xf32>) outs(%z : tensor<?x5xf32>)
    ```

    A resource without its data is an error.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
}

def MultiplyCodesPass : Pass<"quench-multiply-codes", "::mlir::ModuleOp"> {
  let summary = "Compute contractions of linalg on their codes";
  let description = [{
    What quench-quantize made of `linalg.matmul`, `linalg.batch_matmul` and convolutions of two axes is a float op between
    dequantizations. Where both sides have signed 8-bit codes without zero points, and scales that do not change along
    what is summed, the same op multiplies the codes and sums in i32, and one elementwise op applies the scales and adds
    what the float op added to. Sums are proved to fit. Zeros around an input with a single scale are padded as codes.

    ```mlir
    %x = quench.dequantize %xq : !quench.qtensor<4x8xf32, #a8> to tensor<4x8xf32>
    %w = quench.dequantize %wq : !quench.qtensor<8x3xf32, #w8> to tensor<8x3xf32>
    %y = linalg.matmul ins(%x, %w : …) outs(%b : tensor<4x3xf32>) -> tensor<4x3xf32>
    // becomes
    %xc, %xs = quench.disassemble %xq : !quench.qtensor<4x8xf32, #a8> to tensor<4x8xi8>, tensor<4x1xf32>
    %wc, %ws = quench.disassemble %wq : !quench.qtensor<8x3xf32, #w8> to tensor<8x3xi8>, tensor<1x3xf32>
    %s = linalg.matmul ins(%xc, %wc : tensor<4x8xi8>, tensor<8x3xi8>) outs(%zeros : tensor<4x3xi32>) -> tensor<4x3xi32>
    %y = linalg.generic {…} ins(%s, %xs, %ws : …) outs(%b : …) { f32(%s) * (%xs * %ws) + %b }
    ```

    Behind convert-quench-to-linalg all ops are those of upstream dialects. What stays has a `missed` remark.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ChannelsLastPass : Pass<"quench-channels-last", "::mlir::ModuleOp"> {
  let summary = "Compute convolutions with channels last";
  let description = [{
    `linalg.conv_2d_nchw_fchw` becomes `linalg.conv_2d_nhwc_fhwc` between transpositions, `linalg.depthwise_conv_2d_nchw_chw`
    `linalg.depthwise_conv_2d_nhwc_hwc`; constant filters, and codes of constants, are put into another order. A transposition behind a convolution moves on through elementwise ops, pads
    by constants, pooling, means of images, and quantizations by one scale, to the next convolution, where two opposite
    ones cancel. Arguments and results stay as they are.

    ```mlir
    %y = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<?x4x6x6xf32>, tensor<8x4x3x3xf32>) outs(%i : …) -> tensor<?x8x4x4xf32>
    // becomes
    %t = linalg.transpose ins(%x : tensor<?x4x6x6xf32>) outs(…) permutation = [0, 2, 3, 1]
    %c = linalg.conv_2d_nhwc_fhwc ins(%t, %v : tensor<?x6x6x4xf32>, tensor<8x3x3x4xf32>) outs(…) -> tensor<?x4x4x8xf32>
    %y = linalg.transpose ins(%c : tensor<?x4x4x8xf32>) outs(…) permutation = [0, 3, 1, 2]
    ```
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def UnfoldConvolutionsPass : Pass<"quench-unfold-convolutions", "::mlir::ModuleOp"> {
  let summary = "Compute convolutions as products of matrices";
  let description = [{
    A convolution with channels last (`linalg.conv_2d_nhwc_fhwc`) is a product of the windows of its images and of its
    filters, which lie row by row in the weight store already: only the type of `quench.weight` changes. Filters are
    stored weights, in codes or in floats; images may be quantized by one scale, or by one for each pixel if the
    filters are pixels. What the convolution adds to is the bias. Elementwise ops behind it work on the matrix.

    ```mlir
    %w = quench.weight @conv : !quench.qtensor<16x3x3x8xf32, #w8>
    %wf = quench.dequantize %w : !quench.qtensor<16x3x3x8xf32, #w8> to tensor<16x3x3x8xf32>
    %y = linalg.conv_2d_nhwc_fhwc ins(%x, %wf : …) outs(%b : tensor<?x14x14x16xf32>) -> tensor<?x14x14x16xf32>
    // becomes
    %w = quench.weight @conv : !quench.qtensor<16x72xf32, #w8>
    %wf = quench.dequantize %w : !quench.qtensor<16x72xf32, #w8> to tensor<16x72xf32>
    %rows = nn.unfold %x kernel [3, 3] : tensor<?x16x16x8xf32> -> tensor<?x72xf32>
    %product = nn.linear %rows, %wf bias(%bias) : tensor<?x72xf32>, tensor<16x72xf32>, tensor<16xf32> -> tensor<?x16xf32>
    %y = tensor.expand_shape %product [[0, 1, 2], [3]] …
    ```

    Convolutions of each channel by itself (`linalg.depthwise_conv_2d_nhwc_hwc`) become `nn.depthwise_conv`, whose filters are stored
    tap by tap. What stays a convolution has a `missed` remark.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::quench::nn::NNDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def HqqPass : Pass<"quench-hqq", "::mlir::ModuleOp"> {
  let summary = "Quantize weights with real zero points that are chosen without data";
  let description = [{
    Half-quadratic quantization: for each block with a scale, alternates between taking out the errors of outliers and
    moving the zero point, so that most weights have small errors. It needs no samples. Weights whose format in the
    recipe has real zero points (`zero_point: f32`, or another float type) become codes in QDQ form; all others are
    left to the passes behind, with a remark.

    ```mlir
    %0 = quench.weight @model.layers.0.mlp.up_proj.weight
       : !quench.qtensor<768x256xf32, #quench.scheme<ui4, block = [1, 64], scale = f32, zero_point = f32>>
    %w = quench.dequantize %0 : !quench.qtensor<...> to tensor<768x256xf32>
    ```

    When it fails the IR is unchanged.
  }];
  let dependentDialects = ["::quench::QuenchDialect", "::mlir::arith::ArithDialect"];
  let options = WorkspaceOptions.options;
}

#endif // QUENCH_TRANSFORMS_PASSES_TD

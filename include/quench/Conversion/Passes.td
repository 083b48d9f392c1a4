//===- Passes.td - Conversions between dialects -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CONVERSION_PASSES_TD
#define QUENCH_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertNNToLinalgPass : Pass<"convert-nn-to-linalg"> {
  let summary = "Lower nn ops to linalg on tensors";
  let description = [{
    Every op of the `nn` dialect becomes `linalg.generic` ops and slices, with whatever dimensions are dynamic. Sums
    are taken in f32 in the order of the index; f16 and bf16 weights are widened where they are multiplied. Rotary
    angles and their cosines are computed in f64 and rounded once.

    Two things that the ops leave to run time stay the caller's duty, because nothing is checked in the loops: tokens
    have to be inside the table of an embedding, and the new tokens have to fit into the cache.

    Refused: head counts and head sizes that are dynamic.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def ConvertQuenchToLinalgPass : Pass<"convert-quench-to-linalg"> {
  let summary = "Expand quantized tensors into plain ones, and lower their ops to linalg";
  let description = [{
    Every `!quench.qtensor` becomes two or three tensors, in signatures, calls, branches and loops of `scf` as well:

    | part        | element | |
    |-------------|---------|-|
    | codes       | i8, or i16 for codes of 16 bits | integers extended by their sign, other codes as bit patterns |
    | scales      | f32     | one for each block, after any nested scheme is resolved |
    | zero points | i32     | only when the scheme has them |

    Every op becomes `linalg.generic` ops with the arithmetic of its definition: true divisions, ties to even, clamps
    before conversions to integers, integer block sums in i32 and their scaling by `math.fma` in ascending order of the
    blocks. Codes of floats and codebooks are decoded by a table of constants; floats are encoded by exact arithmetic
    on powers of two, codebooks by a binary search among the midpoints. The conversions of `arith` to and from 8-bit
    and smaller floats, and those of the `quant` dialect, are not used: upstream has none that are right on CPUs.

    A dynamic scale of an f16 or bf16 scheme that leaves the format is the largest value of the format.

    A quantized `quench.weight` becomes one `quench.weight` for each part, with the same key:

    ```mlir
    %codes = quench.weight @w {quench.part = "codes", quench.source = !w} : tensor<768x256xi8>
    %scales = quench.weight @w {quench.part = "scales", quench.source = !w} : tensor<768x8xf32>
    ```

    The weight store keeps codes and zero points bit packed, and scales in their own format or nested; whatever
    materializes a part unpacks it to the type that is written here. Plain weights stay as they are.

    Refused: contractions with blocks along a dynamic K.
  }];
  let options = [
    Option<"keepObservers", "keep-observers", "bool", "false",
           "Leave quench.observe to a handler that runs later; otherwise it is erased">
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"];
}

def HoistQuantizationPass : Pass<"quench-hoist-quantization", "::mlir::func::FuncOp"> {
  let summary = "Round before elements are moved, compared or bounded";
  let description = [{
    Networks round where a product begins: behind transposes, reshapes, slices and padding, behind the maxima of windows
    (`linalg.pooling_nhwc_max`) and behind bounds (rectifiers, `min(max(x, 0), 6)`). Rounding by one scale keeps the order of
    numbers, so that the same codes come out when what these ops read is rounded first. They then work on codes, for which
    machines of integers have all of them, and the arguments of a network are quantized before anything else.

    ```mlir
    %y = linalg.generic … arith.maximumf …            // a rectifier
    %p = tensor.pad %y …
    %q = quench.quantize %p scale(%s) …
    // becomes
    %xq = quench.quantize %x scale(%s) …
    %xd = quench.dequantize %xq …
    %y = linalg.generic … arith.maximumf …
    %yq = quench.quantize %y scale(%s) …
    %yd = quench.dequantize %yq …
    %p = tensor.pad %yd …
    %q = quench.quantize %p scale(%s) …
    ```

    All quantizations but the first change nothing; behind bounds they say that the result is codes again. A scale is one
    constant for the whole tensor, and each op above has one reader. Codes of another scale are left as they are.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def SplitActivationsPass : Pass<"quench-split-activations", "::mlir::func::FuncOp"> {
  let summary = "Multiply floats with integers as two codes of 8 bits";
  let description = [{
    A machine of integers takes no floats, but what 8 bits leave of a row can be rounded to 8 bits once more. Each
    `nn.linear` of floats with a weight of integers becomes two of codes, which are added. Both have one scale for a row, computed at run
    time; an element is off by half a step of the second at most, 2^-15.9 of the largest magnitude of its row.

    ```mlir
    %y = nn.linear %x, %w : …
    // becomes
    %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
    %first = quench.dequantize %q : …
    %rest = arith.subf %x, %first : …
    %r = quench.quantize %rest : …
    %second = quench.dequantize %r : …
    %a = nn.linear %first, %w : …
    %b = nn.linear %second, %w : …
    %y = arith.addf %a, %b : …
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::quench::QuenchDialect"];
}

def ConvertQuenchToTosaPass : Pass<"convert-quench-to-tosa", "::mlir::ModuleOp"> {
  let summary = "Compute what is between static quantizations in TOSA's integer profile";
  let description = [{
    A function in QDQ form whose arguments are quantized before anything else, and all of whose results can be had from
    integers, becomes a function on codes, in ops that `--tosa-validate` accepts for `pro_int`. Floats are gone: where the
    float form has scales there is one `tosa.rescale` for each value that is rounded, with a multiplier of 31 bits and a
    shift for each channel. They are proved to be legal for every input there can be: by the codes of the weights
    themselves, no sum leaves i32, and no value that is rescaled has more bits than its shift. The scale of each argument and
    result is an attribute: a real number is `(integer - quench.zero_point) * quench.scale`.

    | float form | integers |
    |---|---|
    | `nn.linear` of 8-bit codes; weights of up to 8 bits | `tosa.matmul` into i32; for each block along K one, rescaled and added |
    | `linalg.conv_2d_nhwc_fhwc`, `linalg.depthwise_conv_2d_nhwc_hwc` of 8-bit codes, with zeros around | `tosa.conv2d`, `tosa.depthwise_conv2d` into i32 |
    | `linalg.pooling_nhwc_max`, with minus infinity around | `tosa.max_pool2d` of codes; maxima of slices of sums |
    | `linalg.pooling_nhwc_sum`, `linalg.reduce` | a depthwise convolution of codes by ones, sums of slices of sums; `tosa.reduce_sum`, `tosa.reduce_max` |
    | transposes, reshapes, slices, padding, concatenations | the same of integers in one scale |
    | sums and differences | both sides rescaled to a common scale in i32, `tosa.add`, `tosa.sub` |
    | products of two values; with a constant above 0 | `tosa.mul` in i32; nothing but another scale |
    | maxima and minima with constants | `tosa.clamp` of codes, `tosa.maximum` and `tosa.minimum` of sums |
    | any other function of one value of 8-bit codes, also in several ops | `tosa.table`: the code itself where a quantization follows, else two tables for 16 bits |
    | `quench.quantize` with a scale that is given | `tosa.rescale`, rounding half up; a zero point is added behind |

    What is elementwise is an op on tensors or the body of a `linalg.generic`. Codes are signed: unsigned ones are written 128 less,
    and so is their zero point. Networks round behind bounds, padding and pooling; `quench-hoist-quantization` before this pass makes
    these ops on codes.

    ```mlir
    %s = tosa.matmul %x, %w, %zx, %zw : (tensor<1x4x8xi8>, tensor<1x8x3xi8>, …) -> tensor<1x4x3xi32>
    %y = tosa.rescale %s, %multipliers, %shifts, %zero, %zy {per_channel = true, scale32 = true, …}
       : (tensor<1x4x3xi32>, tensor<3xi32>, tensor<3xi8>, …) -> tensor<1x4x3xi8>
    ```

    Codes may differ by one from those of the float form where that is within a rounding error of a tie, and the
    errors of a step are those that later steps begin with.

    Of any other function, each value that can be had from integers by at least one product, and that something else reads,
    becomes such a function of its own. The host calls it with codes and multiplies what it returns by its scale. Where scales of
    rows are computed at run time, the host does that, too: each `nn.linear` is a function without bias whose result the host
    multiplies by them, and `quench.scaled_at_run_time` stands beside `quench.scale`. What stays with the host has a `missed` remark,
    `on-host`, with the reason. It is an error if that is all.

    TOSA has static shapes: the one dynamic dimension that a tensor may have is taken to be `rows`.
  }];
  let options = [
    Option<"rows", "rows", "int64_t", "1", "What a dynamic dimension is in a call">,
    Option<"weights", "weights", "std::string", "\"\"", "The weight store: a safetensors file or a folder">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::mlir::tosa::TosaDialect", "::quench::QuenchDialect"];
}

def ConvertQuenchToQuantPass : Pass<"convert-quench-to-quant"> {
  let summary = "Write codes with constant scales in upstream's !quant.uniform types";
  let description = [{
    `quench.quantize`, `quench.assemble` and `quench.dequantize` become `quant.qcast`, `quant.scast` and `quant.dcast`,
    whose types hold scales and zero points. That is possible for integers with constant scales, one for the
    tensor or one for each index of an axis; all else is an error that names the place, and nothing has changed then.

    ```mlir
    %q = quant.qcast %x : tensor<?x4xf32> to tensor<?x4x!quant.uniform<i8:f32, 5.000000e-01:3>>
    %y = quant.dcast %q : tensor<?x4x!quant.uniform<i8:f32, 5.000000e-01:3>> to tensor<?x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect", "::mlir::tensor::TensorDialect"];
}

def ConvertQuantToQuenchPass : Pass<"convert-quant-to-quench"> {
  let summary = "Read upstream's !quant.uniform types as schemes";
  let description = [{
    The inverse of `convert-quench-to-quant`. Scales become f32 constants; a scheme has zero points if any of a tensor
    is not 0. `quant.dcast` has to read what `quant.qcast` or `quant.scast` made; types with scales of blocks, with
    expressed ranges alone, and uses by other ops are errors that name the place, and nothing has changed then.

    ```mlir
    %q = quench.quantize %x scale(%s) zero_point(%z) : tensor<?x4xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<?x4xf32, #a8>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::quench::QuenchDialect"];
}

#endif // QUENCH_CONVERSION_PASSES_TD

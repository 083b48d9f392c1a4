//===- QuenchOpsQuantization.td - From float tensors to codes and back -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHOPSQUANTIZATION_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHOPSQUANTIZATION_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/Quench/IR/QuenchEnums.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"

def Quench_QuantizeOp : Quench_Op<"quantize", [Pure, AttrSizedOperandSegments]> {
  let summary = "Encode a float tensor by a scheme";
  let description = [{
    `code = clamp(roundeven(x / s) + z, min, max)` for each element with the scale `s` and zero point `z` of its
    block. With `scale` the scales are given (static quantization). Without, they are computed from the values of
    each block (dynamic quantization): symmetric schemes take `s = max|x| / M`, `M` the largest magnitude that the
    encoding has (`2^(b-1) - 1` for signed integers of `b` bits, or the bound of a restricted range); schemes with a
    zero point take `s = (hi - lo) / (max - min)` with `lo = min(0, min x)`, `hi = max(0, max x)` and
    `z = clamp(roundeven(-lo / s) + min, min, max)`, or `z = min * s - lo` when zero points are real. A block of zeros has scale 1; a scale that would
    underflow is the smallest positive one. f8E8M0FNU scales are powers of two by a rule, `2^-127` for zeros. Scales can
    only be computed from finite values. `clip` shrinks the range of a block first: `lo` and `hi`, or `max|x|`, are
    multiplied by it, and what is outside saturates.

    ```mlir
    %q = quench.quantize %x : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a8>
    %r = quench.quantize %x scale(%s) : tensor<?x256xf32>, tensor<1x1xf32> to !quench.qtensor<?x256xf32, #t8>
    %c = quench.quantize %x clip 9.0e-1 : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a8>
    %m = quench.quantize %x rule rceil : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #mxfp4>
    ```

    - C1: the result expresses the type of the input.
    - C2: a given scale has the shape that the scheme gives to the tensor of scales, and type f32.
    - C3: a zero point is given exactly when a scale is given and the scheme has zero points; its type is i32, or f32
      when zero points are real.
    - C4: clip is in (0, 1]; below 1 no scale is given.
    - C5: a rule other than `floor` goes with f8E8M0FNU scales that are not given, `even` not with codebooks.
  }];
  let arguments = (ins Quench_FloatTensor:$input, Optional<RankedTensorOf<[F32]>>:$scale,
                       Optional<RankedTensorOf<[I32, F32]>>:$zeroPoint,
                       DefaultValuedAttr<F64Attr, "1.0">:$clip,
                       DefaultValuedAttr<Quench_ScaleRule, "ScaleRule::Floor">:$rule);
  let results = (outs Quench_QTensorType:$result);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `)`)? (`zero_point` `(` $zeroPoint^ `)`)? (`clip` $clip^)? (`rule` $rule^)? attr-dict `:`
    type($input) (`,` type($scale)^)? (`,` type($zeroPoint)^)? `to` qualified(type($result))
  }];
  let builders = [
    OpBuilder<(ins "::quench::QTensorType":$type, "::mlir::Value":$input, "::mlir::Value":$scale,
                   "::mlir::Value":$zeroPoint), [{
      build($_builder, $_state, type, input, scale, zeroPoint, ::llvm::APFloat(1.0), ScaleRule::Floor);
    }]>
  ];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether the scales are computed from the data at run time.
    bool isDynamic() { return !getScale(); }
  }];
}

def Quench_DequantizeOp : Quench_Op<"dequantize", [Pure]> {
  let summary = "Decode a quantized tensor";
  let description = [{
    `x = (code - z) * s` for integers and `x = value(code) * s` for floats and codebooks, in f32, one rounding;
    `x = code * s - z` with real zero points, two roundings.

    ```mlir
    %x = quench.dequantize %q : !quench.qtensor<?x256xf32, #a8> to tensor<?x256xf32>
    ```

    - C1: the result is the type that the input expresses.
  }];
  let arguments = (ins Quench_QTensorType:$input);
  let results = (outs Quench_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` qualified(type($input)) `to` type($result)";
  let hasVerifier = 1;
}

def Quench_SplitOutliersOp : Quench_Op<"split_outliers", [Pure, AllTypesMatch<["input", "dense", "outliers"]>]> {
  let summary = "Take channels with large values out of a tensor";
  let description = [{
    A channel is an index of the last axis. Those with `|x| >= threshold` anywhere are in `outliers`, all others in
    `dense`; both have zeros elsewhere, so that their sum is the input. A few channels of the inputs of language models
    are much larger than the rest: taken out, they need not share scales with the others (LLM.int8(), arXiv 2208.07339).

    ```mlir
    %d, %o = quench.split_outliers %x threshold 6.0 : tensor<?x256xf32>
    %q = quench.quantize %d : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a8>
    %e = quench.dequantize %q : !quench.qtensor<?x256xf32, #a8> to tensor<?x256xf32>
    %z = arith.addf %e, %o : tensor<?x256xf32>
    %y = nn.linear %z, %w : tensor<?x256xf32>, tensor<768x256xf32> -> tensor<?x768xf32>
    ```

    Which channels that are depends on all rows together.

    - C1: the rank is at least 1.
    - C2: the threshold is finite and above 0.
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, F64Attr:$threshold);
  let results = (outs RankedTensorOf<[F32]>:$dense, RankedTensorOf<[F32]>:$outliers);
  let assemblyFormat = "$input `threshold` $threshold attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Quench_FakeQuantizeOp : Quench_Op<"fake_quantize", [Pure, AttrSizedOperandSegments,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "Round a float tensor to the values that a scheme can represent";
  let description = [{
    `dequantize(quantize(x))` as one op.

    ```mlir
    %y = quench.fake_quantize %x scale(%s) : tensor<?x256xf32>, tensor<1x1xf32> as #t8
    ```

    - C1: the scheme has one block extent for each dimension of the input.
    - C2 to C5: as C2 to C5 of `quench.quantize`.
  }];
  let arguments = (ins Quench_FloatTensor:$input, Optional<RankedTensorOf<[F32]>>:$scale,
                       Optional<RankedTensorOf<[I32, F32]>>:$zeroPoint,
                       DefaultValuedAttr<F64Attr, "1.0">:$clip,
                       DefaultValuedAttr<Quench_ScaleRule, "ScaleRule::Floor">:$rule, Quench_SchemeAttr:$scheme);
  let results = (outs Quench_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `)`)? (`zero_point` `(` $zeroPoint^ `)`)? (`clip` $clip^)? (`rule` $rule^)? attr-dict `:`
    type($input) (`,` type($scale)^)? (`,` type($zeroPoint)^)? `as` qualified($scheme)
  }];
  let hasVerifier = 1;
}

def Quench_RequantizeOp : Quench_Op<"requantize", [Pure]> {
  let summary = "Rescale integers by a fixed-point ratio";
  let description = [{
    `y = clamp(round((x - input_zero_point) * multiplier * 2^-shift) + output_zero_point)` in 64-bit integers: the
    step from an i32 accumulator to the codes of the next tensor. The ratio `Sx * Sw / Sy` is
    `multiplier * 2^-shift`; one pair for the tensor, or one for each index of the last axis. The rounding mode is
    part of the op because producers of models disagree about it. The result is clamped to its type.

    ```mlir
    %y = quench.requantize %acc multiplier [1073741824] shift [31] rounding single output_zero_point -3
         : tensor<?x768xi32> to tensor<?x768xi8>
    ```

    - C1: input and result have the same shape.
    - C2: as many shifts as multipliers: one, or as many as the last dimension.
    - C3: multipliers are not negative; shifts are in 2..62 (TOSA RESCALE).
    - C4: the output zero point is inside the range of the result type.
  }];
  let arguments = (ins RankedTensorOf<[I8, I16, I32]>:$input,
                       DenseI32ArrayAttr:$multiplier, DenseI32ArrayAttr:$shift,
                       Quench_RequantizeRounding:$rounding,
                       DefaultValuedAttr<I32Attr, "0">:$inputZeroPoint,
                       DefaultValuedAttr<I32Attr, "0">:$outputZeroPoint);
  let results = (outs RankedTensorOf<[I8, I16, I32]>:$result);
  let assemblyFormat = [{
    $input `multiplier` $multiplier `shift` $shift `rounding` $rounding
    (`input_zero_point` $inputZeroPoint^)? (`output_zero_point` $outputZeroPoint^)? attr-dict `:`
    type($input) `to` type($result)
  }];
  let hasVerifier = 1;
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHOPSQUANTIZATION_TD

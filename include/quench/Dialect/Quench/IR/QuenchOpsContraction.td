//===- QuenchOpsContraction.td - Contractions of quantized tensors -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHOPSCONTRACTION_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHOPSCONTRACTION_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"

def Quench_RealizationAttr : Quench_Attr<"Realization", "realization"> {
  let summary = "How a target computes a contraction";
  let description = [{
    What legalization chose: the form, what weights are stored in (see `#quench.panels`), and the instruction of the
    target that multiplies. `quench-verify-legal` proves it against the target.

    ```mlir
    #quench.realization<codes, container = i4, product = "vpdpbusd">
    ```
  }];
  let parameters = (ins EnumParameter<Quench_ContractionForm>:$form, "::mlir::Type":$container,
                        "::mlir::StringAttr":$product);
  let assemblyFormat = "`<` $form `,` struct($container, $product) `>`";
}

def Quench_ContractOp : Quench_Op<"contract", [Pure]> {
  let summary = "A matrix product of codes";
  let description = [{
    `result[m, n] = sum_k lhs[m, k] * rhs[n, k] + bias[n]`, computed on the codes. It is what legalization makes of a
    linear layer between dequantizations. Arithmetic, so that every target computes the same bits from the same codes:

    *integer* (both sides quantized to integers): K is cut into the finest common blocks of both schemes. In each block
    `g`, `acc_g = sum (lhs - zl) * (rhs - zr)` is exact in the accumulator type. Then in f32, for ascending `g`,
    `t = fma(f32(acc_g), sr[n, g], t)` from `t = 0`, then `t = t * sl[m]`, then `t = t + bias[n]`. When `lhs` has
    several scales along K, the second factor is `sl[m, g] * sr[n, g]`, rounded once, and `t = t * sl[m]` is left out.
    The codes of `rhs` may also stand for multiples of one unit, as those of f4E2M1FN do for halves: then these multiples
    are multiplied instead of codes, and `sr` is the scale times the unit, rounded (quench/Numerics/CodeTable.h).

    *float codes* (both sides quantized to floats of eight bits): the same, but `acc_g` is a sum of the values that codes
    stand for, in f32. Each product is exact; they are summed in any fixed order, and instructions for matrices may keep
    fewer bits of them than f32 has (docs/gpu-code.md says which).

    *mixed* (float `lhs`): `rhs` is dequantized to f32 and the products are summed in f32 in any fixed order.

    *short floats* (`lhs` of f16 or bf16): the same of what `lhs` is in f32. Products of 16-bit floats may also be taken
    instead of products of f32: then codes of `rhs` that are integers, or multiples of a unit, are multiplied exactly
    and scales multiply the sums of their blocks; other elements of `rhs` are first rounded to the type of `lhs`, which
    moves a product by a factor of 1 + e with |e| at most 2^-9 (bf16) or 2^-11 (f16). Operands below the smallest normal
    number may count as zero.

    Legalization says beside it how the target does that.

    ```mlir
    %y = quench.contract %x, %w accumulator i32 by <codes, container = i4, product = "vpdpbusd">
       : !quench.qtensor<?x256xf32, #a8>, !quench.qtensor<768x256xf32, #w4> -> tensor<?x768xf32>
    %z = quench.contract %h, %w accumulator f32 by <short_floats, container = i4, product = "vdpbf16ps">
       : tensor<?x256xbf16>, !quench.qtensor<768x256xf32, #w4> -> tensor<?x768xf32>
    ```

    - C1: both sides have rank 2 and the same K.
    - C2: the result is `M x N`, a bias has `N` elements.
    - C3: two quantized sides have an i32 accumulator; the left one has an integer scheme, the right one too, or one
      of at most four bits whose values are multiples of a 127th of the largest or of a coarser unit. Or both have floats of
      eight bits, and an f32 accumulator. With a float left side the accumulator is f32.
    - C4: the block extents of both schemes along K are multiples of each other, or whole.
    - C5: the blocks of neither side span several rows, unless they cover all of them.
    - C6: zero points of an integer contraction are integers.
  }];
  let arguments = (ins AnyTypeOf<[RankedTensorOf<[F32, F16, BF16]>, Quench_QTensorType]>:$lhs,
                       AnyTypeOf<[RankedTensorOf<[F32]>, Quench_QTensorType]>:$rhs,
                       Optional<RankedTensorOf<[F32]>>:$bias, TypeAttr:$accumulator,
                       OptionalAttr<Quench_RealizationAttr>:$realization);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`bias` `(` $bias^ `:` type($bias) `)`)? `accumulator` $accumulator
    (`by` $realization^)? attr-dict `:`
    type($lhs) `,` type($rhs) `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHOPSCONTRACTION_TD

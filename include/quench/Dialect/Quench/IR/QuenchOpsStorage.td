//===- QuenchOpsStorage.td - Weights, observers, and the parts of a quantized tensor -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHOPSSTORAGE_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHOPSSTORAGE_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"

def Quench_WeightOp : Quench_Op<"weight", [Pure]> {
  let summary = "A tensor of the weight store";
  let description = [{
    Refers to a tensor of the model's weight store by its key. A quantized weight is stored under `key.codes`,
    `key.scale` and `key.zero_point`; scales and zero points with a scheme of their own under `key.scale.codes` and so
    on.

    ```mlir
    %w = quench.weight @model.layers.0.mlp.up_proj.weight : tensor<768x256xf32>
    %q = quench.weight @model.layers.0.mlp.up_proj.weight : !quench.qtensor<768x256xf32, #w4>
    ```

    - C1: the key is not empty.
    - C2: the type has a static shape.
  }];
  let arguments = (ins StrAttr:$key);
  let results = (outs AnyTypeOf<[AnyRankedTensor, Quench_QTensorType]>:$result);
  let assemblyFormat = "custom<Key>($key) attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Quench_OverlayOp : Quench_Op<"overlay", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Some elements of a tensor replaced by others";
  let description = [{
    `result[indices[i]] = values[i]`, indices counting elements in row-major order; all other elements are those of the
    input. A weight whose few costliest elements are kept as floats beside the codes of all others reads

    ```mlir
    %d = quench.dequantize %q : !quench.qtensor<768x256xf32, #w3> to tensor<768x256xf32>
    %w = quench.overlay %d at %indices with %values : tensor<768x256xf32>, tensor<1966xi32>, tensor<1966xf16>
    ```

    Indices are ascending, so that no two are equal, and below the number of elements.

    - C1: the input has a static shape of at most 2^31 - 1 elements.
    - C2: indices and values have the same static size, at most the number of elements of the input.
    - C3: values are of the element type of the input, or the input is of f32.
  }];
  let arguments = (ins Quench_FloatTensor:$input, 1DTensorOf<[I32]>:$indices,
                       1DTensorOf<[F16, BF16, F32]>:$values);
  let results = (outs Quench_FloatTensor:$result);
  let assemblyFormat = [{
    $input `at` $indices `with` $values attr-dict `:` type($input) `,` type($indices) `,` type($values)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The number of elements that are replaced.
    int64_t getNumKept() { return getIndices().getType().getDimSize(0); }
    /// Bits that indices and values take, for each element of the result.
    double getBitsPerElement();
  }];
}

def Quench_ObserveOp : Quench_Op<"observe", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Name an edge whose values calibration watches";
  let description = [{
    During a calibration run the values of the input are added to the statistics of `name`. Elsewhere it does
    nothing; `quench-strip-observers` removes it.

    ```mlir
    quench.observe %x as "layers.0.attn_in" : tensor<?x256xf32>
    quench.observe %x as "layers.0.attn_in" range [-3.5, 4.25] : tensor<?x256xf32>
    ```

    `range` is what values are to be represented, from the smallest to the largest, written by
    `quench-annotate-calibration`: one range, or one for each index on the last axis, one after the other.

    - C1: the name is not empty.
    - C2: a range has two finite bounds in ascending order.
    - C3: there is one range, or as many as the last axis has elements.
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, StrAttr:$name, OptionalAttr<DenseF32ArrayAttr>:$range);
  let assemblyFormat = "$input `as` $name (`range` custom<ExactFloats>($range)^)? attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Quench_AssembleOp : Quench_Op<"assemble", [Pure]> {
  let summary = "Make a quantized tensor of its parts";
  let description = [{
    Codes are given one to an element; scales in f32; zero points in i32, or in f32 when they are real.

    ```mlir
    %q = quench.assemble %codes, %scales : tensor<4x8xi4>, tensor<4x1xf32> to !quench.qtensor<4x8xf32, #w4>
    ```

    - C1: codes, scales and zero points have the types that the result names for them.
  }];
  let arguments = (ins AnyRankedTensor:$codes, RankedTensorOf<[F32]>:$scales,
                       Optional<RankedTensorOf<[I32, F32]>>:$zeroPoints);
  let results = (outs Quench_QTensorType:$result);
  let assemblyFormat = [{
    $codes `,` $scales (`,` $zeroPoints^)? attr-dict `:` type($codes) `,` type($scales) (`,` type($zeroPoints)^)?
    `to` qualified(type($result))
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Quench_DisassembleOp : Quench_Op<"disassemble", [Pure]> {
  let summary = "The parts of a quantized tensor";
  let description = [{
    ```mlir
    %codes, %scales = quench.disassemble %q : !quench.qtensor<4x8xf32, #w4> to tensor<4x8xi4>, tensor<4x1xf32>
    ```

    - C1: codes, scales and zero points have the types that the input names for them.
  }];
  let arguments = (ins Quench_QTensorType:$input);
  let results = (outs AnyRankedTensor:$codes, RankedTensorOf<[F32]>:$scales,
                      Optional<RankedTensorOf<[I32, F32]>>:$zeroPoints);
  let assemblyFormat = [{
    $input attr-dict `:` qualified(type($input)) `to` type($codes) `,` type($scales) (`,` type($zeroPoints)^)?
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHOPSSTORAGE_TD

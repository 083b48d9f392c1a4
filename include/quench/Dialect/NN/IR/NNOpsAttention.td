//===- NNOpsAttention.td - Attention, its cache and its positions -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NNOPSATTENTION_TD
#define QUENCH_DIALECT_NN_IR_NNOPSATTENTION_TD

include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/NN/IR/NNDialect.td"
include "quench/Interfaces/BasisOpInterface.td"
include "quench/Interfaces/QuantizableOpInterface.td"

def NN_RotaryTableOp : NN_Op<"rotary_table", [Pure, NN_ShapesOfResults, AllTypesMatch<["cosine", "sine"]>]> {
  let summary = "Cosines and sines of rotary position embedding";
  let description = [{
    `cosine[t, i] = cos((position + t) * frequencies[i])`, `sine` likewise, for `length` tokens. Whatever scaling a
    model applies to its rotary frequencies is already in them.

    ```mlir
    %cos, %sin = nn.rotary_table %frequencies from %position length %n : tensor<32xf32> -> tensor<?x32xf32>
    ```

    - C1: the second axis of the results has the size of the frequencies.
  }];
  let arguments = (ins 1DTensorOf<[F32]>:$frequencies, Index:$position, Index:$length);
  let results = (outs 2DTensorOf<[F32]>:$cosine, 2DTensorOf<[F32]>:$sine);
  let assemblyFormat = [{
    $frequencies `from` $position `length` $length attr-dict `:` type($frequencies) `->` type($cosine)
  }];
  let hasVerifier = 1;
}

def NN_RotaryEmbeddingOp : NN_Op<"rotary_embedding", [Pure, NN_ShapesOfResults, DeclareOpInterfaceMethods<BasisOpInterface>, AllTypesMatch<["input", "result"]>,
    AllTypesMatch<["cosine", "sine"]>]> {
  let summary = "Rotate the halves of each head by its position";
  let description = [{
    With `d` the size of a head and `i < d/2` (Su et al., 2021, in the half-split order that Llama models use):
    `result[t, h, i] = input[t, h, i] * cosine[t, i] - input[t, h, i + d/2] * sine[t, i]`,
    `result[t, h, i + d/2] = input[t, h, i + d/2] * cosine[t, i] + input[t, h, i] * sine[t, i]`.

    ```mlir
    %r = nn.rotary_embedding %q, %cos, %sin : tensor<?x4x64xf32>, tensor<?x32xf32>
    ```

    - C1: the head size is even, and the tables have half as many columns.
    - C2: input and tables have the same number of tokens.
  }];
  let arguments = (ins 3DTensorOf<[F32]>:$input, 2DTensorOf<[F32]>:$cosine, 2DTensorOf<[F32]>:$sine);
  let results = (outs 3DTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `,` $cosine `,` $sine attr-dict `:` type($input) `,` type($cosine)";
  let hasVerifier = 1;
}

def NN_CacheUpdateOp : NN_Op<"cache_update", [Pure, NN_ShapesOfResults, DeclareOpInterfaceMethods<BasisOpInterface>,
    DeclareOpInterfaceMethods<QuantizableCacheOpInterface>,
    AllTypesMatch<["cache", "result"]>]> {
  let summary = "Write keys or values of new tokens into their cache";
  let description = [{
    `result[position + t, :, :] = input[t, :, :]`; other rows are those of `cache`. Compiled in place. Writing past
    the end is an error at run time.

    ```mlir
    %c = nn.cache_update %k into %cache at %position : tensor<?x2x64xf32> into tensor<512x2x64xf32>
    ```

    - C1: input and cache have the same heads, head size and element type.
    - C2: the cache has a static shape.
  }];
  let arguments = (ins 3DTensorOf<[F32]>:$input, 3DTensorOf<[F32]>:$cache, Index:$position);
  let results = (outs 3DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $input `into` $cache `at` $position attr-dict `:` type($input) `into` type($cache)
  }];
  let hasVerifier = 1;
}

def NN_AttentionOp : NN_Op<"attention", [Pure, NN_ShapesOfResults, DeclareOpInterfaceMethods<BasisOpInterface>,
    AllTypesMatch<["query", "result"]>, AllTypesMatch<["keys", "values"]>]> {
  let summary = "Causal grouped-query attention over a cache";
  let description = [{
    With `g` = query heads / key heads, for token `t`, query head `h` and cached tokens `j <= position + t`:
    `p[j] = softmax_j(scale * sum_d query[t, h, d] * keys[j, h / g, d])`,
    `result[t, h, d] = sum_j p[j] * values[j, h / g, d]`. Softmax subtracts the maximum.

    ```mlir
    %o = nn.attention %q, %keys, %values at %position scale 1.25e-1
       : tensor<?x4x64xf32>, tensor<512x2x64xf32>
    ```

    - C1: keys and values have the same type.
    - C2: query and keys have the same head size; the query heads are a multiple of the key heads.
    - C3: the scale is finite and positive.
  }];
  let arguments = (ins 3DTensorOf<[F32]>:$query, 3DTensorOf<[F32]>:$keys, 3DTensorOf<[F32]>:$values,
                       Index:$position, F32Attr:$scale);
  let results = (outs 3DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $query `,` $keys `,` $values `at` $position `scale` custom<F32>($scale) attr-dict `:` type($query) `,` type($keys)
  }];
  let hasVerifier = 1;
}

#endif // QUENCH_DIALECT_NN_IR_NNOPSATTENTION_TD

//===- NNOpsLinear.td - Embeddings and linear layers -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NNOPSLINEAR_TD
#define QUENCH_DIALECT_NN_IR_NNOPSLINEAR_TD

include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/NN/IR/NNDialect.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"
include "quench/Interfaces/BasisOpInterface.td"
include "quench/Interfaces/QuantizableOpInterface.td"

def NN_EmbeddingOp : NN_Op<"embedding", [Pure, NN_ShapesOfResults, DeclareOpInterfaceMethods<QuantizableTableOpInterface>,
    DeclareOpInterfaceMethods<BasisOpInterface, ["widenToOperands"]>]> {
  let summary = "Rows of a table, picked by tokens";
  let description = [{
    `result[t, :] = table[tokens[t], :]`. A token outside the table is an error at run time.

    ```mlir
    %x = nn.embedding %table[%tokens] : tensor<256x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
    %q = nn.embedding %codes[%tokens]
       : !quench.qtensor<256x64xf32, #w8>, tensor<?xi32> -> !quench.qtensor<?x64xf32, #w8>
    ```

    Rows of a quantized table are picked as they are stored, with the scales and zero points of their blocks.

    - C1: the table has rank 2, the tokens rank 1.
    - C2: the result is tokens x width of the table, of the table's element type.
    - C3: the rows of a quantized table have the scheme of the table, whose blocks are parts of one row or cover all
      rows.
  }];
  let arguments = (ins AnyTypeOf<[2DTensorOf<[F32, F16, BF16]>, Quench_QTensorType]>:$table,
                       1DTensorOf<[I32]>:$tokens);
  let results = (outs AnyTypeOf<[2DTensorOf<[F32, F16, BF16]>, Quench_QTensorType]>:$result);
  let assemblyFormat = "$table `[` $tokens `]` attr-dict `:` type($table) `,` type($tokens) `->` type($result)";
  let hasVerifier = 1;
}

def NN_LinearOp : NN_Op<"linear", [Pure, NN_ShapesOfResults, DeclareOpInterfaceMethods<BasisOpInterface>,
    DeclareOpInterfaceMethods<QuantizableOpInterface>]> {
  let summary = "A linear layer with the weight as it is stored";
  let description = [{
    `result[m, n] = sum_k input[m, k] * weight[n, k] + bias[n]`, products summed in f32.

    ```mlir
    %y = nn.linear %x, %w bias(%b) : tensor<?x64xf32>, tensor<96x64xf32>, tensor<96xf32> -> tensor<?x96xf32>
    ```

    - C1: input and weight have rank 2 and the same K.
    - C2: the result is M x N; a bias has N elements.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, 2DTensorOf<[F32, F16, BF16]>:$weight,
                       Optional<1DTensorOf<[F32]>>:$bias);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` type($input) `,` type($weight) (`,` type($bias)^)?
    `->` type($result)
  }];
  let hasVerifier = 1;
}

#endif // QUENCH_DIALECT_NN_IR_NNOPSLINEAR_TD

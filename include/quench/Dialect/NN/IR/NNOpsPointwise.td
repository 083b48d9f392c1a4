//===- NNOpsPointwise.td - Norms and activation functions -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NNOPSPOINTWISE_TD
#define QUENCH_DIALECT_NN_IR_NNOPSPOINTWISE_TD

include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/NN/IR/NNDialect.td"
include "quench/Interfaces/BasisOpInterface.td"

def NN_RMSNormOp : NN_Op<"rms_norm", [Pure, NN_ShapesOfResults, DeclareOpInterfaceMethods<BasisOpInterface>,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "Root mean square normalization";
  let description = [{
    `result[t, c] = input[t, c] / sqrt(mean_c(input[t, c]^2) + epsilon) * gain[c]`, without the gain when none is
    given (Zhang and Sennrich, 2019).

    ```mlir
    %y = nn.rms_norm %x gain(%g : tensor<64xf32>) epsilon 1.0e-5 : tensor<?x64xf32>
    ```

    - C1: the gain has as many elements as the last axis of the input.
    - C2: epsilon is finite and not negative.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, Optional<1DTensorOf<[F32]>>:$gain, F32Attr:$epsilon);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $input (`gain` `(` $gain^ `:` type($gain) `)`)? `epsilon` custom<F32>($epsilon) attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def NN_LayerNormOp : NN_Op<"layer_norm", [Pure, NN_ShapesOfResults, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<BasisOpInterface>, AllTypesMatch<["input", "result"]>]> {
  let summary = "Layer normalization";
  let description = [{
    With the mean `m[t]` and the variance `v[t] = mean_c((input[t, c] - m[t])^2)` of a row,
    `result[t, c] = (input[t, c] - m[t]) / sqrt(v[t] + epsilon) * gain[c] + bias[c]`, without the gain or the bias when
    none is given (Ba, Kiros and Hinton, 2016).

    ```mlir
    %y = nn.layer_norm %x gain(%g : tensor<64xf32>) bias(%b : tensor<64xf32>) epsilon 1.0e-5 : tensor<?x64xf32>
    ```

    - C1: gain and bias have as many elements as the last axis of the input.
    - C2: epsilon is finite and not negative.
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, Optional<1DTensorOf<[F32]>>:$gain, Optional<1DTensorOf<[F32]>>:$bias,
                       F32Attr:$epsilon);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $input (`gain` `(` $gain^ `:` type($gain) `)`)? (`bias` `(` $bias^ `:` type($bias) `)`)?
    `epsilon` custom<F32>($epsilon) attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def NN_SiLUOp : NN_Op<"silu", [Pure, NN_ShapesOfResults, Elementwise, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<BasisOpInterface>]> {
  let summary = "Sigmoid-weighted linear unit";
  let description = [{
    `result = input / (1 + exp(-input))`.

    ```mlir
    %y = nn.silu %x : tensor<?x64xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

#endif // QUENCH_DIALECT_NN_IR_NNOPSPOINTWISE_TD

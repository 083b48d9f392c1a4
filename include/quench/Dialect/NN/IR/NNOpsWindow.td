//===- NNOpsWindow.td - Windows of images -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NNOPSWINDOW_TD
#define QUENCH_DIALECT_NN_IR_NNOPSWINDOW_TD

include "mlir/IR/CommonTypeConstraints.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/NN/IR/NNDialect.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"

def NN_UnfoldOp : NN_Op<"unfold", [Pure, NN_ShapesOfResults]> {
  let summary = "The windows of images as rows of a matrix";
  let description = [{
    Images `N x H x W x C` have windows of `KH x KW` pixels, `OH x OW` in each image. Each window is a row:
    `result[(n OH + y) OW + x, (i KW + j) C + c] = input[n, y strides[0] + i dilations[0], x strides[1] + j dilations[1], c]`.
    A convolution is the product of these rows with filters `F x (KH KW C)`.

    ```mlir
    %rows = nn.unfold %x kernel [3, 3] strides [2, 2] : tensor<?x33x33x8xf32> -> tensor<?x72xf32>
    %codes = nn.unfold %q kernel [3, 3]
      : !quench.qtensor<?x16x16x8xf32, #a8> -> !quench.qtensor<?x72xf32, #r8>
    ```

    There is no padding: that is `tensor.pad` before it.

    - C1: kernel, strides and dilations are two numbers each, from 1 to 2^20.
    - C2: the input has rank 4, and windows fit into the image.
    - C3: the result is `(N OH OW) x (KH KW C)`, of the element type of the input.
    - C4: a quantized input has one scale for all elements, and the result has the same.
  }];
  let arguments = (ins AnyTypeOf<[RankedTensorOf<[F32]>, Quench_QTensorType]>:$input,
                       DenseI64ArrayAttr:$kernel,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs AnyTypeOf<[2DTensorOf<[F32]>, Quench_QTensorType]>:$result);
  let assemblyFormat = [{
    $input `kernel` $kernel (`strides` $strides^)? (`dilations` $dilations^)? attr-dict `:` type($input)
    `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// The type of the rows of an input, with `rows` of them.
    static ::mlir::Type rowsOf(::mlir::Type input, int64_t rows, int64_t columns);
  }];
  let hasVerifier = 1;
}

def NN_DepthwiseConvOp : NN_Op<"depthwise_conv", [Pure, NN_ShapesOfResults]> {
  let summary = "Windows of each channel by a filter of its own";
  let description = [{
    `result[(n OH + y) OW + x, c] = sum_ij input[n, y strides[0] + i dilations[0], x strides[1] + j dilations[1], c]
    * filter[i KW + j, c] + bias[c]`: a row for each window, as `nn.unfold` has them. Products of floats are summed in f32 in any
    fixed order. Of codes, `acc = sum (input - zi) * (filter - zf)` is exact in i32, and the result is
    `f32(acc) * sf[c] * si + bias[c]`, from left to right, which is what `quench.contract` computes of one block.

    ```mlir
    %y = nn.depthwise_conv %x, %w bias(%b) kernel [3, 3] strides [2, 2]
       : tensor<?x33x33x8xf32>, tensor<9x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
    %z = nn.depthwise_conv %q, %wq kernel [3, 3]
       : !quench.qtensor<?x16x16x8xf32, #a8>, !quench.qtensor<9x8xf32, #w8> -> tensor<?x8xf32>
    ```

    There is no padding: that is `tensor.pad` before it.

    - C1: kernel, strides and dilations are two numbers each, from 1 to 2^20.
    - C2: the input has rank 4, and windows fit into the image.
    - C3: the filter is `(KH KW) x C`, a bias has `C` elements, and the result is `(N OH OW) x C`.
    - C4: both sides are f32, or both have integer codes and no real zero points: the input with one scale for all
      elements, the filter with one for each channel or for all.
    - C5: sums of codes fit i32.
  }];
  let arguments = (ins AnyTypeOf<[RankedTensorOf<[F32]>, Quench_QTensorType]>:$input,
                       AnyTypeOf<[2DTensorOf<[F32]>, Quench_QTensorType]>:$filter,
                       Optional<1DTensorOf<[F32]>>:$bias,
                       DenseI64ArrayAttr:$kernel,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$strides,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{1, 1}">:$dilations);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $input `,` $filter (`bias` `(` $bias^ `)`)? `kernel` $kernel (`strides` $strides^)? (`dilations` $dilations^)?
    attr-dict `:` type($input) `,` type($filter) (`,` type($bias)^)? `->` type($result)
  }];
  let extraClassDeclaration = [{
    /// How large a sum of differences of codes and zero points can be, for so many taps.
    static double boundOfSums(SchemeAttr input, SchemeAttr filter, int64_t taps);
  }];
  let hasVerifier = 1;
}

#endif // QUENCH_DIALECT_NN_IR_NNOPSWINDOW_TD

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
    /// How many windows fit along an axis, 0 for rows and 1 for columns, of so many pixels.
    int64_t countWindows(int64_t axis, int64_t size);
    /// The type of the rows of an input, with `rows` of them.
    static ::mlir::Type rowsOf(::mlir::Type input, int64_t rows, int64_t columns);
  }];
  let hasVerifier = 1;
}

#endif // QUENCH_DIALECT_NN_IR_NNOPSWINDOW_TD

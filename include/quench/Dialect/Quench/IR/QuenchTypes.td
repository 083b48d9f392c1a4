//===- QuenchTypes.td - The quantized tensor type -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHTYPES_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHTYPES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/CommonTypeConstraints.td"
include "quench/Dialect/Quench/IR/QuenchAttributes.td"

def Quench_QTensorType : TypeDef<QuenchDialect, "QTensor"> {
  let mnemonic = "qtensor";
  let summary = "A tensor stored as codes, scales and perhaps zero points";
  let description = [{
    One SSA value that stands for the codes of a tensor, the scales of its blocks and, for asymmetric schemes,
    their zero points. `!quench.qtensor<768x256xf32, #s>` dequantizes to `tensor<768x256xf32>`. It expands into
    plain tensors late, in one pass: codes in the smallest byte-sized integer that holds them, scales in f32,
    zero points in i32, or in f32 when they are real.

    - C1: the expressed element type is f32, f16 or bf16, and the expressed tensor has no encoding.
    - C2: the scheme has one block extent for each dimension.
  }];
  let parameters = (ins "::mlir::RankedTensorType":$expressed, "::quench::SchemeAttr":$scheme);
  let builders = [
    TypeBuilderWithInferredContext<(ins "::mlir::RankedTensorType":$expressed, "::quench::SchemeAttr":$scheme), [{
      return $_get(expressed.getContext(), expressed, scheme);
    }]>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<int64_t> getShape() const { return getExpressed().getShape(); }
    int64_t getRank() const { return getExpressed().getRank(); }
    bool hasStaticShape() const { return getExpressed().hasStaticShape(); }
    /// The plain tensor of codes, one element each: `tensor<768x256xi4>`.
    ::mlir::RankedTensorType getCodesTensor() const;
    /// The plain tensor of scales in f32, after any nested scheme is resolved: `tensor<768x8xf32>`.
    ::mlir::RankedTensorType getScalesTensor() const;
    /// The plain tensor of zero points in i32 or, for real ones, in f32; null without zero points.
    ::mlir::RankedTensorType getZeroPointsTensor() const;
  }];
}

def Quench_FloatTensor : RankedTensorOf<[F32, F16, BF16]>;

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHTYPES_TD

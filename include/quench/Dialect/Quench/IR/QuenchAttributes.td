//===- QuenchAttributes.td - Schemes: how a tensor is stored -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHATTRIBUTES_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHATTRIBUTES_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "quench/Dialect/Quench/IR/QuenchDialect.td"

class Quench_Attr<string name, string mnemonicName, list<Trait> traits = []> : AttrDef<QuenchDialect, name, traits> {
  let mnemonic = mnemonicName;
}

def Quench_CodebookAttr : Quench_Attr<"Codebook", "codebook"> {
  let summary = "A table of the values that codes stand for";
  let description = [{
    Code `c` stands for `values[c]`. The table has 2, 4, 8, ... 256 finite values in ascending order. The
    nearest value is chosen, midpoints go to the lower code.

    ```mlir
    #quench.codebook<[-1.0, -0.33, 0.33, 1.0]>
    ```
  }];
  let parameters = (ins "::mlir::DenseF32ArrayAttr":$table);
  let assemblyFormat = "`<` custom<ExactFloats>($table) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<float> getValues() const { return getTable().asArrayRef(); }
  }];
}

def Quench_SchemeAttr : Quench_Attr<"Scheme", "scheme"> {
  let summary = "How a tensor is stored in few bits";
  let description = [{
    A scheme says in which encoding the elements of a tensor are stored, over which blocks they share a
    scale, how the scales are stored, and whether a block has a zero point:

    ```mlir
    #quench.scheme<i4, block = [1, 32], scale = f16>               // signed groups of 32 along the last axis
    #quench.scheme<ui4, block = [1, 128], scale = f32, zero_point> // asymmetric
    #quench.scheme<i8, range = [-127, 127], block = [1, *], scale = f32> // restricted range, one scale a row
    #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>          // one scale for the tensor
    // NVFP4: the scales of 16-element blocks are themselves f8E4M3FN under one f32.
    #quench.scheme<f4E2M1FN, block = [1, 16], scale = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>>
    // HQQ: zero points are real numbers. Q4_K of llama.cpp: 6-bit scales and zero points under f16.
    #quench.scheme<ui4, block = [1, 64], scale = f16, zero_point = f16>
    #quench.scheme<ui4, block = [1, 32], scale = #six, zero_point = #six> // #six: <ui6, block = [1, 8], scale = f16>
    ```

    *Value.* Element `e` with code `c` in block `b` is worth `(c - z[b]) * s[b]` for integers and
    `value(c) * s[b]` for floats and codebooks. *Code.* `clamp(roundeven(e / s[b]) + z[b], min, max)` in f32
    with a true division; NaN takes the smallest code. `i4` means signed; `ui4` unsigned.

    *Zero points.* `zero_point` alone: `z[b]` is an integer, one of the codes. `zero_point = T` with a float type or
    the scheme of the tensor of zero points: `z[b]` is a real number, `e = c * s[b] - z[b]`, and the code of `e` is
    `clamp(roundeven((e + z[b]) / s[b]), min, max)`, each step rounded to f32.

    *Blocks.* One extent for each axis; `*` is the whole axis; the last block of an axis may be shorter. The
    tensor of scales has the shape `ceil(dim / extent)` for each axis, 1 for `*`.

    *Scales.* A float type, or a scheme for the tensor of scales. A scale is rounded to its stored form before
    any code is computed. Scales of zero blocks are 1.

    - C1: the element is an integer type of 1 to 8 or 16 bits, a float type of at most 16 bits, or a codebook.
    - C2: a range is ascending, inside the range of the integer type, and only integers have one; without a zero point
      it includes 0.
    - C3: block extents are positive or `*`.
    - C4: the scale is f32, f16, bf16, f8E8M0FNU, or a scheme without a zero point.
    - C5: only integer elements have a zero point, and not under f8E8M0FNU scales.
    - C6: a real zero point is stored in f32, f16, bf16, or by a scheme, which has negative codes or a zero point
      itself unless the codes of the element are not negative.
  }];
  let parameters = (ins
    "::mlir::Attribute":$element,
    ArrayRefParameter<"int64_t">:$block,
    "::mlir::Attribute":$scale,
    OptionalParameter<"::mlir::Attribute">:$zeroPoint,
    "int64_t":$codeMin,
    "int64_t":$codeMax);
  let builders = [
    AttrBuilderWithInferredContext<(ins "::mlir::Type":$element, "::llvm::ArrayRef<int64_t>":$block,
                                        "::mlir::Type":$scale, CArg<"bool", "false">:$zeroPoint)>
  ];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The extent of a block that covers a whole axis, printed `*`.
    static constexpr int64_t kWhole = -1;

    /// The type of the elements, null for a codebook.
    ::mlir::Type getElementType() const;
    /// The type of the stored codes: the element type itself, or an unsigned integer for a codebook.
    ::mlir::Type getCodeType() const;
    bool isInteger() const;
    /// Whether codes are floats of eight bits.
    bool isByteFloat() const;
    bool hasRestrictedRange() const;
    bool hasZeroPoints() const { return static_cast<bool>(getZeroPoint()); }
    /// Whether zero points are numbers in f32, not codes in i32.
    bool hasRealZeroPoints() const { return hasZeroPoints() && !::llvm::isa<::mlir::UnitAttr>(getZeroPoint()); }
    /// Whether scales have no scheme, and zero points, if any, are codes.
    bool hasPlainParameters() const { return !getScaleScheme() && !hasRealZeroPoints(); }
    /// Whether all elements share a scale: blocks are `*` along each axis.
    bool isPerTensor() const {
      return ::llvm::all_of(getBlock(), [](int64_t extent) { return extent == kWhole; });
    }
    /// The same scheme over other blocks, of any rank.
    SchemeAttr withBlock(::llvm::ArrayRef<int64_t> block) const;
    /// The stored type of one scale: of the innermost codes when the scales have a scheme themselves.
    ::mlir::Type getScaleType() const;
    /// Null unless the scales have a scheme.
    SchemeAttr getScaleScheme() const;
    /// The extents of a block in a tensor of this shape: `*` resolved to the dimension.
    ::llvm::SmallVector<int64_t> getBlockShape(::llvm::ArrayRef<int64_t> shape) const;
    /// The shape of the tensor of scales; dynamic where the shape is dynamic.
    ::llvm::SmallVector<int64_t> getScaleShape(::llvm::ArrayRef<int64_t> shape) const;
    /// Bits for codes, scales and zero points per element of a tensor of this static shape.
    double getBitsPerElement(::llvm::ArrayRef<int64_t> shape) const;
    /// The same description without MLIR, for `quench/Numerics`.
    ::quench::numerics::Scheme getNumericsScheme() const;
  }];
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHATTRIBUTES_TD

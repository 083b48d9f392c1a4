//===- QuenchOpsBasis.td - Changes of basis -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHOPSBASIS_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHOPSBASIS_TD

include "mlir/Interfaces/SideEffectInterfaces.td"
include "quench/Dialect/Quench/IR/QuenchBasisAttributes.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"

def Quench_ChangeBasisOp : Quench_Op<"change_basis", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Multiply rows along some axes by an invertible map";
  let description = [{
    `result = input M` for every row x along `axes`, flattened in row-major order; `x M⁻¹`, `x Mᵀ` or `x M⁻ᵀ` with
    the flags. Sums are in f32 or better; what is stored is of the element type.

    SmoothQuant, rotations, channel reordering and norm folding insert `T⁻¹ T` on an edge and push both halves until
    they vanish into weights (`quench-fold-weights` evaluates them). What cannot be absorbed stays and runs online.

    ```mlir
    %y = quench.change_basis %x by #quench.hadamard<256, seed = 7> axes [1] : tensor<?x256xf32>
    %z = quench.change_basis %y by #quench.hadamard<256, seed = 7> axes [1] inverse : tensor<?x256xf32>
    ```

    - C1: the axes are consecutive, ascending, at least one, and axes of the input.
    - C2: the input has static extents along the axes.
    - C3: the product of the extents is the dimension of the map.
  }];
  let arguments = (ins Quench_FloatTensor:$input, BasisMapAttrInterface:$map, DenseI64ArrayAttr:$axes,
                       UnitAttr:$inverse, UnitAttr:$transposed);
  let results = (outs Quench_FloatTensor:$result);
  let assemblyFormat = [{
    $input `by` $map `axes` $axes (`inverse` $inverse^)? (`transposed` $transposed^)? attr-dict `:` type($input)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "const ::quench::BasisUse &":$use)>];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// Map, flags and axes as they are written.
    ::quench::BasisUse getUse();
  }];
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHOPSBASIS_TD

//===- QuenchBasisAttributes.td - Invertible maps, by their structure -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A map is an n x n matrix M that acts on row vectors, `y = x M`. Attributes keep its structure, so that
// maps compose, cancel and commute without being multiplied out; quench/Numerics/BasisMap.h applies them.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHBASISATTRIBUTES_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCHBASISATTRIBUTES_TD

include "mlir/IR/BuiltinAttributeInterfaces.td"
include "quench/Dialect/Quench/IR/QuenchAttributes.td"
include "quench/Interfaces/BasisMapAttrInterface.td"

class Quench_MapAttr<string name, string mnemonicName, list<string> claims> : Quench_Attr<name, mnemonicName,
    [DeclareAttrInterfaceMethods<BasisMapAttrInterface, claims>]> {
  let genVerifyDecl = 1;
}

def Quench_DiagonalAttr : Quench_MapAttr<"Diagonal", "diagonal", ["isOrthogonal", "isSymmetric", "isDiagonal"]> {
  let summary = "Scale each element: y[j] = x[j] * entries[j]";
  let description = [{
    Entries may be 0: a scale that is folded into weights is never inverted.

    ```mlir
    #quench.diagonal<dense<[0.5, 2.0, 1.0]> : tensor<3xf32>>
    #quench.diagonal<dense_resource<scales> : tensor<4096xf32>>
    ```

    - C1: the entries are a tensor of rank 1 of f32 or f64 that is not empty.
    - C2: the entries are finite.
  }];
  let parameters = (ins "::mlir::ElementsAttr":$entries);
  let assemblyFormat = "`<` $entries `>`";
  let extraClassDeclaration = [{
    /// Nothing when the data of a resource is not there.
    ::std::optional<::std::vector<double>> getValues() const;
    /// Whether all entries are known and positive.
    bool isPositive() const;
  }];
}

def Quench_PermutationAttr : Quench_MapAttr<"Permutation", "permutation",
    ["isOrthogonal", "isSymmetric", "isDiagonal", "isPermutation"]> {
  let summary = "Reorder elements: y[j] = x[sources[j]]";
  let description = [{
    ```mlir
    #quench.permutation<[2, 0, 1]>
    ```

    - C1: every index below the number of sources occurs once.
  }];
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$sources);
  let assemblyFormat = "`<` $sources `>`";
}

def Quench_HadamardAttr : Quench_MapAttr<"Hadamard", "hadamard", ["isOrthogonal", "isSymmetric"]> {
  let summary = "The orthonormal Hadamard matrix of an order, perhaps with random signs in front";
  let description = [{
    `M = diag(signs) H / sqrt(n)`. H is the matrix that quench/Numerics builds for the order: Sylvester's for powers
    of two, else the product of one of Paley, Williamson or Goethals-Seidel type with a power of two. Without a seed
    all signs are 1. With one they are the draws `skip`, `skip + 1`, … of 0 or 1, as `2 draw - 1`, of the
    generator PCG64 that NumPy's `default_rng(seed).integers(0, 2)` reads.

    ```mlir
    #quench.hadamard<256>
    #quench.hadamard<64, seed = 7, skip = 256>
    ```

    - C1: a Hadamard matrix of this order is known.
    - C2: only a seeded matrix skips draws, and not a negative number of them.
  }];
  let parameters = (ins "int64_t":$order, "::std::optional<uint64_t>":$seed, "int64_t":$skip);
  let builders = [
    AttrBuilder<(ins "int64_t":$order), [{ return $_get($_ctxt, order, ::std::nullopt, 0); }]>
  ];
  let hasCustomAssemblyFormat = 1;
}

def Quench_HartleyAttr : Quench_MapAttr<"Hartley", "hartley", ["isOrthogonal", "isSymmetric"]> {
  let summary = "An orthonormal matrix of any order that spreads almost as well as a Hadamard matrix";
  let description = [{
    Hartley's kernel `(cos(2 pi i j / K) + sin(2 pi i j / K)) / sqrt(K)` of the odd part K of the order, times
    Sylvester's matrix of the power of two that is left. No entry exceeds those of a Hadamard matrix of the order by
    more than the square root of two. For orders that have no known Hadamard matrix.

    ```mlir
    #quench.hartley<428>
    ```

    - C1: the order is positive and its odd part at most 8192.
  }];
  let parameters = (ins "int64_t":$order);
  let assemblyFormat = "`<` $order `>`";
}

def Quench_OrthogonalAttr : Quench_MapAttr<"Orthogonal", "orthogonal", ["isOrthogonal"]> {
  let summary = "An orthogonal matrix given by its entries";
  let description = [{
    ```mlir
    #quench.orthogonal<dense<[[0.6, 0.8], [-0.8, 0.6]]> : tensor<2x2xf64>>
    ```

    - C1: the entries are a square tensor of rank 2 of f32 or f64 that is not empty.
    - C2: `M Mᵀ` differs from the identity by at most 1e-4 in each entry.
  }];
  let parameters = (ins "::mlir::ElementsAttr":$entries);
  let assemblyFormat = "`<` $entries `>`";
  let extraClassDeclaration = [{
    /// Row-major. Nothing when the data of a resource is not there.
    ::std::optional<::std::vector<double>> getValues() const;
  }];
}

def Quench_BlockDiagonalAttr : Quench_MapAttr<"BlockDiagonal", "block_diagonal",
    ["isOrthogonal", "isSymmetric", "isDiagonal", "isPermutation"]> {
  let summary = "Maps of consecutive runs of elements";
  let description = [{
    `copies` times the same map, or one map after the other.

    ```mlir
    #quench.block_diagonal<#quench.hadamard<64>, copies = 4>
    #quench.block_diagonal<[#quench.hadamard<2>, #quench.permutation<[2, 0, 1]>]>
    ```

    - C1: there are at least two blocks.
    - C2: only a single map has copies.
  }];
  let parameters = (ins ArrayRefParameter<"::quench::BasisMapAttrInterface">:$blocks, "int64_t":$copies);
  let hasCustomAssemblyFormat = 1;
}

def Quench_ComposedAttr : Quench_MapAttr<"Composed", "composed", ["isOrthogonal"]> {
  let summary = "One map after the other: x (A B) = (x A) B";
  let description = [{
    Factors have flags like uses: `inverse` and `transposed`.

    ```mlir
    #quench.composed<[#quench.permutation<[1, 0]>, inverse #quench.hadamard<2, seed = 3>]>
    ```

    - C1: there is at least one factor, and all have the same dimension.
  }];
  let parameters = (ins ArrayRefParameter<"::quench::BasisMapAttrInterface">:$maps, ArrayRefParameter<"uint8_t">:$flags);
  let builders = [AttrBuilder<(ins "::llvm::ArrayRef<::quench::MapUse>":$factors)>];
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// The maps with their flags.
    ::llvm::SmallVector<::quench::MapUse> getFactors() const;
  }];
}

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHBASISATTRIBUTES_TD

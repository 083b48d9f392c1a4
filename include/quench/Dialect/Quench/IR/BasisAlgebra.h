//===- BasisAlgebra.h - Composing and cancelling maps -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The algebra of changes of basis, on their structure alone: nothing is multiplied out and no
// inverse is evaluated. All functions take any uses and return normalized ones, and equal maps of
// the same structure have equal normalized uses:
//
//   * the flags of orthogonal maps, symmetric maps, diagonals and permutations are as few as can
//     be; those of compositions and of blocks are on the factors and around the blocks;
//   * neighbours in a composition that are inverse to each other are gone, neighbouring
//     permutations and neighbouring diagonals are one;
//   * blocks that are all diagonal, all permutations or all equal are one diagonal, one
//     permutation, copies of one map;
//   * a use is on the fewest axes: I ⊗ B on [heads, channels] is B on [channels].
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_BASISALGEBRA_H
#define QUENCH_DIALECT_QUENCH_IR_BASISALGEBRA_H

#include "quench/Dialect/Quench/IR/QuenchAttributes.h"
#include "quench/Interfaces/BasisUse.h"

#include <optional>
#include <string>

namespace quench {

//===----------------------------------------------------------------------===//
// Uses of maps
//===----------------------------------------------------------------------===//

MapUse normalize(MapUse use);
/// M⁻¹.
MapUse invert(MapUse use);
/// Mᵀ.
MapUse transpose(MapUse use);
/// M⁻ᵀ: what the weight of a linear layer takes when its input takes M.
MapUse contragredient(MapUse use);
/// First `first`, then `second`; both of the same dimension.
MapUse compose(MapUse first, MapUse second);

bool isOrthogonal(MapUse use);
bool isDiagonal(MapUse use);
bool isPermutation(MapUse use);
/// Whether all entries of a diagonal are known to be positive.
bool isPositiveDiagonal(MapUse use);

/// The diagonal with these entries, in f32 when they all are exact values of it, else in f64.
MapUse diagonalOf(mlir::MLIRContext *context, llvm::ArrayRef<double> entries);

/// I ⊗ M: M on each of `copies` consecutive runs.
MapUse repeat(MapUse use, int64_t copies);
/// One after the other on consecutive runs of `blockDimension` elements, which is the dimension of
/// every block that is not the identity.
MapUse join(mlir::MLIRContext *context, llvm::ArrayRef<MapUse> blocks, int64_t blockDimension);
/// The maps of `count` equal runs; nothing when the structure does not show that they are apart.
std::optional<llvm::SmallVector<MapUse>> split(MapUse use, int64_t count);
/// M ⊗ I of `inner` elements: whole runs are scaled or moved. Nothing unless M is made of diagonals
/// and permutations.
std::optional<MapUse> spread(MapUse use, int64_t inner);

/// "hadamard of 256", "inverse diagonal of 64": for messages.
std::string describe(MapUse use);

//===----------------------------------------------------------------------===//
// Uses on axes
//===----------------------------------------------------------------------===//

/// Of a tensor of this shape, in which the axes of the use are static.
BasisUse normalize(BasisUse use, llvm::ArrayRef<int64_t> shape);
BasisUse invert(BasisUse use);
BasisUse contragredient(BasisUse use);

/// The same map as one of the axes [firstAxis, endAxis), which contain those of the use. Nothing
/// when one of them is dynamic or the map cannot be spread.
std::optional<MapUse> widen(const BasisUse &use, llvm::ArrayRef<int64_t> shape, int64_t firstAxis,
                            int64_t endAxis);
/// First `first`, then `second`. Nothing when their axes differ and cannot be made the same.
std::optional<BasisUse> compose(const BasisUse &first, const BasisUse &second,
                                llvm::ArrayRef<int64_t> shape);

} // namespace quench

#endif // QUENCH_DIALECT_QUENCH_IR_BASISALGEBRA_H

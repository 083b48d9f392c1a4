//===- MapParts.h - What the algebra of maps is made of ---------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DIALECT_QUENCH_IR_MAPPARTS_H
#define QUENCH_LIB_DIALECT_QUENCH_IR_MAPPARTS_H

#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

namespace quench::basis {

/// y[j] = x[sources[j]]; the identity when nothing moves.
MapUse permutationOf(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> sources);
/// 0, 1, …, size - 1.
llvm::SmallVector<int64_t> identityOrder(int64_t size);
/// Of a permutation.
llvm::ArrayRef<int64_t> sourcesOf(const MapUse &use);
/// Of a diagonal. Nothing for other maps and for resources without data.
std::optional<std::vector<double>> entriesOf(const MapUse &use);
/// A map that has no flags of its own.
BasisMapAttrInterface withoutFlags(const MapUse &use);
/// One after the other, normalized.
MapUse composeAll(llvm::ArrayRef<MapUse> uses);
/// The normal form of a block diagonal with these flags.
MapUse normalizeBlocks(BlockDiagonalAttr blocks, bool inverse, bool transposed);
/// B with M = B ⊗ I of `inner` elements; nothing when M is not of this form.
std::optional<MapUse> gather(MapUse use, int64_t inner);

} // namespace quench::basis

#endif // QUENCH_LIB_DIALECT_QUENCH_IR_MAPPARTS_H

//===- BasisMap.h - Invertible matrices by their structure ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A map is an invertible n x n matrix M that acts on row vectors, y = x M, kept by its structure: a
// vector of 4096 numbers meets a Hadamard matrix in 24576 additions, and a weight never meets a
// matrix that would not fit in memory.
//
// A use of a map says which of x M, x M⁻¹, x Mᵀ and x M⁻ᵀ is meant. The inverse of a map that has
// none, a diagonal with a zero, may be named, composed and cancelled; only evaluating it fails.
// All arithmetic is in double precision.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_BASISMAP_H
#define QUENCH_NUMERICS_BASISMAP_H

#include "quench/Numerics/HadamardMatrix.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace quench::numerics {

/// Which of the four matrices that a map stands for is meant.
struct MapFlags {
  bool inverse = false;
  bool transposed = false;

  friend bool operator==(MapFlags lhs, MapFlags rhs) {
    return lhs.inverse == rhs.inverse && lhs.transposed == rhs.transposed;
  }
  friend bool operator!=(MapFlags lhs, MapFlags rhs) { return !(lhs == rhs); }
};

/// Flags of a use of a use.
inline MapFlags combine(MapFlags lhs, MapFlags rhs) {
  return {lhs.inverse != rhs.inverse, lhs.transposed != rhs.transposed};
}

/// An immutable map; copies share their data. Safe to use from many threads.
class BasisMap {
public:
  enum class Kind { Diagonal, Permutation, Hadamard, Orthogonal, BlockDiagonal, Composed };

  /// A map as a factor of a composition.
  struct Factor;

  /// How far M Mᵀ of an orthogonal map may be from the identity, in any entry.
  static constexpr double orthogonalityTolerance = 1e-4;

  /// The identity: a composition of nothing.
  static BasisMap identity(int64_t dimension);

  /// y[j] = x[j] entries[j]. Fails when there are no entries or one is not finite.
  static llvm::Expected<BasisMap> diagonal(std::vector<double> entries);

  /// y[j] = x[sources[j]]. Fails when an index does not occur exactly once.
  static llvm::Expected<BasisMap> permutation(std::vector<int64_t> sources);

  /// The orthonormal Hadamard matrix H / sqrt(n) of HadamardMatrix.h; with a seed it is
  /// diag(randomSigns(*seed, skip, order)) H / sqrt(n). Fails as HadamardMatrix::create does.
  static llvm::Expected<BasisMap> hadamard(int64_t order,
                                           std::optional<uint64_t> seed = std::nullopt,
                                           uint64_t skip = 0,
                                           HadamardFallback fallback = HadamardFallback::None);

  /// The orthonormal matrix of HadamardMatrix::createHartley.
  static llvm::Expected<BasisMap> hartley(int64_t order);

  /// The matrix of the n x n row-major `entries`, n = the square root of their number. Fails when
  /// that is not an integer, or the matrix is not orthogonal up to the tolerance. The inverse is
  /// taken to be the transpose.
  static llvm::Expected<BasisMap> orthogonal(std::vector<double> entries);

  /// I ⊗ block: the same block `copies` >= 1 times.
  static llvm::Expected<BasisMap> repeat(BasisMap block, int64_t copies);

  /// The blocks along the diagonal, at least one.
  static llvm::Expected<BasisMap> blockDiagonal(std::vector<BasisMap> blocks);

  /// The product of the factors: the first one meets the row first. Fails when there is none or
  /// their dimensions differ.
  static llvm::Expected<BasisMap> composed(std::vector<Factor> factors);

  Kind kind() const;
  int64_t dimension() const;

  /// What is claimed is true; what is not may be true nevertheless.
  bool isIdentity() const;
  bool isOrthogonal() const;
  bool isSymmetric() const;

  /// What a map of the respective kind was made of. The flags of a composition's factors come with
  /// them; a map of copies has one block.
  llvm::ArrayRef<double> diagonalEntries() const;
  llvm::ArrayRef<int64_t> permutationSources() const;
  const HadamardMatrix &hadamardMatrix() const;
  /// Empty without a seed.
  llvm::ArrayRef<double> hadamardSigns() const;
  llvm::ArrayRef<double> orthogonalEntries() const;
  llvm::ArrayRef<BasisMap> blocks() const;
  int64_t copies() const;
  llvm::ArrayRef<Factor> factors() const;

  /// Whether both have the same structure and the same numbers.
  friend bool operator==(const BasisMap &lhs, const BasisMap &rhs);
  friend bool operator!=(const BasisMap &lhs, const BasisMap &rhs) { return !(lhs == rhs); }

  /// Fails when a use would divide by a zero of a diagonal.
  llvm::Error checkEvaluable(MapFlags flags) const;

  /// Replaces each of `numRows` rows of `dimension()` numbers, one after the other, by its product
  /// with the matrix that `flags` select. Fails, without touching a row, as `checkEvaluable` does.
  llvm::Error apply(llvm::MutableArrayRef<double> rows, MapFlags flags = {}) const;

  /// The same along the middle axis of [outer][dimension()][inner].
  llvm::Error applyAlong(llvm::MutableArrayRef<double> values, int64_t inner,
                         MapFlags flags = {}) const;

  /// The matrix, row-major: the rows of the identity after `apply`. For small maps.
  llvm::Expected<std::vector<double>> toDense(MapFlags flags = {}) const;

  /// An equal map with compositions flattened and without flags that change nothing; inverse pairs
  /// are gone, and neighbouring diagonals, permutations and blocks are one. The numbers that it
  /// computes may differ in the last places.
  BasisMap simplified() const;

  /// What the kinds are made of, for the implementation.
  class Node;
  explicit BasisMap(std::shared_ptr<const Node> node) : node(std::move(node)) {}
  const Node &getNode() const { return *node; }

private:
  std::shared_ptr<const Node> node;
};

struct BasisMap::Factor {
  BasisMap map;
  MapFlags flags = {};
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_BASISMAP_H

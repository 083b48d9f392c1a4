//===- HadamardMatrix.h - Orthogonal matrices of equal entries --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Hadamard matrix H of order n has entries 1 and -1 and H Hᵀ = n I. The one of order n that this
// project means is the Kronecker product
//
//   H_n = H_K ⊗ H_m,    n = K m,    m = 2^k with Sylvester's H_m,    the least K with a
//   construction
//
// so it is Sylvester's own matrix in natural order when n is a power of two, and a fast transform
// of length m plus a small dense K x K `core` otherwise. The core comes from, in this order,
//
//   Paley I        K = q + 1,    q = 3 mod 4 a prime power;
//   Paley II       K = 2(q + 1), q = 1 mod 4 a prime power;
//   Goethals–Seidel  K = 92, 116, 156, 172, 292, 476: four cyclic sequences;
//   product        K = A B of two orders that are constructible and no powers of two, least A.
//
// Where no K does it, a fallback keeps the map orthogonal: Hartley's kernel of the odd part of n in
// place of H_K, whose entries exceed those of a Hadamard matrix by at most the square root of two;
// or I ⊗ H_m, which mixes within blocks of m only.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_HADAMARDMATRIX_H
#define QUENCH_NUMERICS_HADAMARDMATRIX_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quench::numerics {

/// How the core of a matrix was made.
enum class HadamardConstruction {
  Sylvester,      ///< the core is [1]
  PaleyOne,       ///< I + S over GF(q)
  PaleyTwo,       ///< doubled symmetric conference matrix over GF(q)
  GoethalsSeidel, ///< four sequences whose autocorrelations cancel
  Product,        ///< Kronecker product of two of the above
  Hartley,        ///< fallback: cos(2πij/K) + sin(2πij/K)
  Blocks,         ///< fallback: the identity
};

/// What stands in for a Hadamard matrix of an order that has no known construction.
enum class HadamardFallback { None, Hartley, Blocks };

/// The matrix of one order, as core and power of two. Cheap to copy.
class HadamardMatrix {
public:
  /// The matrix of order `order` >= 1. Fails when `order` is not positive, when its core would
  /// exceed order 8192, and, with `HadamardFallback::None`, when no construction is known.
  static llvm::Expected<HadamardMatrix> create(int64_t order,
                                               HadamardFallback fallback = HadamardFallback::None);

  /// The fallback of Hartley's kernel, also where a Hadamard matrix is known. Fails when `order` is
  /// not positive or its odd part, K, exceeds 8192.
  static llvm::Expected<HadamardMatrix> createHartley(int64_t order);

  int64_t order() const { return coreSize * sylvester; }

  /// K, 1 for powers of two.
  int64_t coreOrder() const { return coreSize; }

  /// m, a power of two.
  int64_t sylvesterOrder() const { return sylvester; }

  HadamardConstruction construction() const { return kind; }

  /// "Paley I over GF(11), order 12, times Sylvester's of order 64".
  std::string description() const;

  /// Whether the matrix equals its transpose, and so is its own inverse.
  bool isSymmetric() const { return symmetric; }

  /// K x K entries 1 and -1, row-major; empty for the fallbacks.
  llvm::ArrayRef<int8_t> coreSigns() const { return *signs; }

  /// Entry (row, column) of the core, unnormalized: core coreᵀ = coreScale()^2 I.
  double coreEntry(int64_t row, int64_t column) const;

  /// The square root of K, or 1 for `Blocks`.
  double coreScale() const;

  /// What makes the unnormalized product core ⊗ H_m orthonormal: 1 / (coreScale() sqrt(m)).
  double normalization() const;

private:
  HadamardMatrix(HadamardConstruction kind, int64_t coreSize, int64_t sylvester);

  HadamardConstruction kind;
  int64_t coreSize;
  int64_t sylvester;
  bool symmetric = true;
  std::string coreName;
  std::shared_ptr<const std::vector<int8_t>> signs;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_HADAMARDMATRIX_H

//===- GramFactor.h - The inverse of a Gram matrix, factored ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What GPTQ and its relatives know of the inputs x of a layer is their Gram matrix H = E[x xᵀ].
// They use it as the upper triangular U with
//
//   (H + damping * mean(diag H) * I)⁻¹ = Uᵀ U
//
// Inputs that are always 0 have a row and a column of zeros in H; their diagonal element becomes 1.
// Weights with the same input (queries, keys and values) share one factor.
//
// U is computed by one factorization and one triangular inverse: with the order of the inputs
// reversed, H = Tᵀ T and U is T⁻¹ reversed and transposed. A matrix that is not positive definite
// climbs a ladder: ten times the damping, up to 1.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_GRAMFACTOR_H
#define QUENCH_NUMERICS_GRAMFACTOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quench::numerics {

struct GramFactorOptions {
  /// In units of the mean of the diagonal: not negative. The first rung of the ladder; after 0
  /// comes 0.01.
  double damping = 0.01;
  /// Whether inputs are ordered by descending diagonal element; equal ones keep their order.
  bool activationOrder = false;
  /// 0 for one per core. Has no influence on the result.
  unsigned threads = 1;
};

class GramFactor {
public:
  /// `gram` is of [size, size]; only elements on and above the diagonal are read. Fails when one of
  /// them is not finite or a diagonal element is negative. Needs memory for 1.5 such matrices,
  /// keeps half of one.
  static llvm::Expected<GramFactor> compute(llvm::ArrayRef<double> gram, int64_t size,
                                            const GramFactorOptions &options);

  int64_t size() const { return static_cast<int64_t>(inputs.size()); }
  /// The input at each position of U.
  llvm::ArrayRef<int64_t> order() const { return inputs; }
  /// Whether the input at a position is always 0.
  bool isDead(int64_t position) const { return dead[position]; }

  /// The damping that was used; empty when even 1 was not enough. There is no U then.
  std::optional<double> damping() const { return usedDamping; }
  /// What the ladder did, for the user; empty when the first rung held.
  const std::string &note() const { return ladderNote; }

  /// U[position][position].
  double diagonal(int64_t position) const { return diagonals[position]; }
  /// The diagonal of the inverse, Uᵀ U, in the order of the inputs.
  std::vector<double> inverseDiagonal() const;

  /// -U in tiles of 8 columns, as the left operand of detail::addTile: element (i, 8 * tile + j) is
  /// at i * 8 + j. A tile ends with the row of its last column; U is continued with zeros to a
  /// multiple of 8.
  const double *negatedTile(int64_t tile) const { return tiles.data() + 32 * tile * (tile + 1); }

private:
  bool factorize(llvm::ArrayRef<double> gram, double damping, unsigned threads);

  std::vector<int64_t> inputs;
  std::vector<bool> dead;
  std::optional<double> usedDamping;
  std::string ladderNote;
  std::vector<double> diagonals;
  std::vector<double> tiles;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_GRAMFACTOR_H

//===- HadamardTransform.h - Fast products with Hadamard matrices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x (H_K ⊗ H_m) / sqrt(K m) for a row x of n = K m numbers, seen as K rows of m: a fast
// Walsh–Hadamard transform along each of the K rows, then the core along the K numbers of each
// column. Both stages only add and subtract; one multiplication normalizes. The core takes its
// inputs by fours and looks their sixteen signed sums up, which is four times fewer additions than
// its definition (Arlazarov, Dinic, Kronrod, Faradzev, 1970). n log2(m) + n K / 4 additions in all.
//
// The order of the additions is fixed, so the result does not depend on the machine.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_HADAMARDTRANSFORM_H
#define QUENCH_NUMERICS_HADAMARDTRANSFORM_H

#include "quench/Numerics/HadamardMatrix.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace quench::numerics {

/// A Hadamard matrix and what applying it needs. Cheap to copy; safe to use from many threads.
class HadamardTransform {
public:
  explicit HadamardTransform(HadamardMatrix matrix);

  const HadamardMatrix &matrix() const { return hadamard; }

  /// Replaces each row x by x Q, or by x Qᵀ = x Q⁻¹ when `transposed`, where Q is the matrix
  /// divided by the square root of its order. Row i starts at rows + i * stride.
  void apply(float *rows, int64_t numRows, int64_t stride, bool transposed) const;
  void apply(double *rows, int64_t numRows, int64_t stride, bool transposed) const;

  /// For each output of the core and each group of four inputs, which of the 16 signed sums of the
  /// group to add: bit b says that input 4 group + b is subtracted. [K][K / 4].
  struct CoreCodes {
    std::vector<uint8_t> plain;
    std::vector<uint8_t> transposed;
  };

private:
  template <typename T>
  void applyRows(T *rows, int64_t numRows, int64_t stride, bool transposed) const;

  HadamardMatrix hadamard;
  std::shared_ptr<const CoreCodes> codes;
  /// Hartley's kernel depends on the product of row and column only; entry p is for p modulo K.
  std::shared_ptr<const std::vector<double>> kernel;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_HADAMARDTRANSFORM_H

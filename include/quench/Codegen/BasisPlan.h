//===- BasisPlan.h - How a row meets a map, step by step --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A change of basis along some axes of a tensor is a map on rows: what lies before the axes inside
// of a row repeats it, what lies behind them rides along. The map I ⊗ M ⊗ I falls into steps that
// kernels know, each on runs of `size` x `inner` elements that begin at
//
//   offset + Σ i_l stride_l,    0 <= i_l < count_l for each of its loops.
//
// Compositions are steps one after the other, blocks are loops and offsets, signs and scales next
// to a Hadamard transform are taken along by its loads and stores. A Hadamard matrix that has too
// small a power of two for vectors is written out.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_BASISPLAN_H
#define QUENCH_CODEGEN_BASISPLAN_H

#include "quench/Numerics/BasisMap.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quench {

/// The elements of a row that a step works on.
struct BasisRegion {
  struct Loop {
    int64_t count;
    int64_t stride;

    bool operator==(const Loop &other) const {
      return count == other.count && stride == other.stride;
    }
  };

  llvm::SmallVector<Loop, 2> loops;
  int64_t offset = 0;
  /// The map is on `size` runs of `inner` elements each.
  int64_t size = 0;
  int64_t inner = 1;

  /// Elements that the map mixes.
  int64_t span() const { return size * inner; }
  /// Elements in all runs.
  int64_t total() const;
  bool operator==(const BasisRegion &other) const {
    return loops == other.loops && offset == other.offset && size == other.size &&
           inner == other.inner;
  }
};

struct BasisStep {
  enum class Kind { Scale, Gather, Hadamard, Matrix };

  Kind kind;
  BasisRegion region;
  /// Scale: the factor of each of `span` elements. Hadamard: factors before the transform, if any.
  std::vector<float> factors;
  /// Hadamard: factors after the transform, if any.
  std::vector<float> factorsAfter;
  /// Gather: y[j] = x[sources[j]], for runs.
  std::vector<int64_t> sources;
  std::optional<numerics::HadamardMatrix> hadamard;
  bool transposed = false;
  /// Hadamard: elements of the vectors to use, a power of two. Butterflies are either between whole
  /// vectors or between lanes whose distance is a power of two.
  int64_t lanes = 0;
  /// Matrix: y[j] = Σ x[i] entries[i * size + j].
  std::vector<float> entries;
};

struct BasisPlan {
  int64_t rowSize = 0;
  /// Of a vector register.
  int64_t lanes = 0;
  std::vector<BasisStep> steps;

  /// The steps of I ⊗ map ⊗ I with `outer` and `inner` elements before and after the map, for
  /// vector registers of `lanes` elements. Fails when the use cannot be evaluated.
  static llvm::Expected<BasisPlan> create(const numerics::BasisMap &map, numerics::MapFlags flags,
                                          int64_t outer, int64_t inner, int64_t lanes);

  /// An estimate for one row.
  int64_t cycles() const;

  /// Hexadecimal digits that differ for different plans.
  std::string digest() const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_BASISPLAN_H

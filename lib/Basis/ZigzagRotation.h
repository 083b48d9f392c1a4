//===- ZigzagRotation.h - Maps that spread outliers over blocks -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The transformation of DuQuant (Lin et al., 2024, arXiv 2406.01721), from the largest magnitudes
// of channels.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_ZIGZAGROTATION_H
#define QUENCH_LIB_BASIS_ZIGZAGROTATION_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace quench {

struct ZigzagOptions {
  int64_t block;
  unsigned steps;
  uint64_t seed;
};

/// x (I ⊗ first) permutation (I ⊗ second), with permutation y[j] = x[sources[j]].
struct ZigzagRotation {
  /// [block, block], row-major.
  std::vector<double> first;
  std::vector<int64_t> sources;
  std::vector<double> second;
  /// The largest magnitude before and after, of a row that has all magnitudes at once.
  double peakBefore = 0.0;
  double peakAfter = 0.0;
};

/// `magnitudes` of a multiple of `block` channels, not negative.
ZigzagRotation findZigzagRotation(llvm::ArrayRef<float> magnitudes, const ZigzagOptions &options);

} // namespace quench

#endif // QUENCH_LIB_BASIS_ZIGZAGROTATION_H

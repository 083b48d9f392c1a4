//===- BitAllocation.h - Formats under a budget -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Mixed precision as a knapsack with one choice for each tensor (HAWQ-V3, arXiv 2011.10680): losses
// of tensors add up, and so do their sizes. Steps are taken where a bit buys most.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_BITALLOCATION_H
#define QUENCH_NUMERICS_BITALLOCATION_H

#include "llvm/ADT/ArrayRef.h"

#include <optional>
#include <vector>

namespace quench::numerics {

/// What a format costs a tensor.
struct FormatCost {
  double loss;
  /// Bits of the whole tensor.
  double bits;
};

/// The index of one of the formats for each tensor, of which together no more than `budget` bits
/// come. Begins with the smallest formats, and takes the change of one tensor that lowers the loss
/// most for a bit for as long as one fits; of equal ones, the first. For each budget that this
/// spends to the last bit no choice has a smaller loss, if losses fall ever more slowly with bits.
/// Nothing if even the smallest formats take more; every tensor has a format.
std::optional<std::vector<size_t>> allocateBits(llvm::ArrayRef<std::vector<FormatCost>> tensors,
                                                double budget);

/// The mean of |W x|² over inputs with the Gram matrix E[x xᵀ]: the trace of W G Wᵀ. `weights` are
/// row-major, as many columns as `gram` has rows. The same number for any number of threads.
double outputPower(llvm::ArrayRef<float> weights, llvm::ArrayRef<double> gram, unsigned threads);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_BITALLOCATION_H

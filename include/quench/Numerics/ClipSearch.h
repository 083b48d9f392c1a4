//===- ClipSearch.h - Clipping that the outputs do not notice ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The clip search of AWQ (arXiv 2306.00978). The values of each block are clamped to ±p absmax
// before they are rounded to nearest, with p of 1.00, 0.95, ..., 0.55. The p with the least
//
//   sum over the rows of the block of  dᵀ H_gg d,   d = w - rtn(clamp(w)),
//
// wins, the largest on a tie; H_gg is the part of the Gram matrix E[x xᵀ] of the columns of the
// block. Unlike the rule "mse" of WeightRange.h this sees how inputs are correlated. Candidates are
// judged under their scales as they are stored.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_CLIPSEARCH_H
#define QUENCH_NUMERICS_CLIPSEARCH_H

#include "quench/Numerics/ScaleStorage.h"

namespace quench::numerics {

/// The best limit of each block: its values are to be clamped to plus and minus that. `weights` are
/// of [outputs, inputs], `gram` of [inputs, inputs]. `threads` 0 is one per core and has no
/// influence on the result.
llvm::Expected<std::vector<float>>
searchClipLimits(llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> shape, const Scheme &scheme,
                 llvm::ArrayRef<double> gram, unsigned threads = 1);

/// Clamps the values of each block. There is one limit for each block of the scheme.
std::vector<float> clampBlocks(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape,
                               const Scheme &scheme, llvm::ArrayRef<float> limits);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_CLIPSEARCH_H

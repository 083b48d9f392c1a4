//===- OutlierSelection.h - Weights that are worth keeping ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A few weights cost more than the rest: those that rounding changes much and that nothing can make
// up for. In the manner of SpQR (arXiv 2306.03078) weights are ranked by what the output loses when
// one of them is rounded and all others may adapt,
//
//   (w - rtn(w))² / [(H + damping)⁻¹]_jj,
//
// and the first of them are to stay floats. Rounding to nearest uses the scales of all weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_OUTLIERSELECTION_H
#define QUENCH_NUMERICS_OUTLIERSELECTION_H

#include "quench/Numerics/GramFactor.h"
#include "quench/Numerics/WeightRange.h"

namespace quench::numerics {

/// Indices, row-major and ascending, of the floor(fraction * size) weights that rank first; of
/// equal ones, the first. They go to GptqOptions::kept or RangeOptions::excluded. `weights` are of
/// [outputs, inputs]. Inputs that are always 0 have no outliers; without a damping that sufficed
/// for the factor, all inputs count the same. Fails like `quantizeTensor`, and when the fraction is
/// not within [0, 1] or the factor is of other inputs.
llvm::Expected<std::vector<int64_t>> selectOutliers(llvm::ArrayRef<float> weights,
                                                    llvm::ArrayRef<int64_t> shape,
                                                    const Scheme &scheme, const GramFactor &factor,
                                                    const RangeOptions &ranges, double fraction);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_OUTLIERSELECTION_H

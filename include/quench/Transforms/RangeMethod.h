//===- RangeMethod.h - How a static range is chosen -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_RANGEMETHOD_H
#define QUENCH_TRANSFORMS_RANGEMETHOD_H

#include "quench/Calibration/Statistics.h"
#include "quench/Recipe/Recipe.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace quench {

/// What is made of the statistics of an edge; the formulas are in quench/Numerics/Calibrators.h.
enum class RangeMethod {
  /// All that was seen.
  MinMax,
  /// The moving average of the largest magnitudes of the samples.
  MovingAverage,
  /// A magnitude that a given percentage of all values does not exceed.
  Percentile,
  /// The least squared error.
  Mse,
  /// The least divergence of the quantized distribution.
  Entropy,
  EntropyNvidia,
  /// The least squared error by the fixed point of OCTAV.
  Octav,
};

/// The name as an option: "moving-average".
llvm::StringRef name(RangeMethod method);

/// The range that activations of this format are to represent. `percentile` is in (0, 100] and for
/// RangeMethod::Percentile alone. Errors: a statistic that the method needs was not kept, the
/// method does not know this format.
llvm::Expected<numerics::ValueRange> chooseRange(const calibration::EdgeStatistics &edge,
                                                 RangeMethod method, double percentile,
                                                 const recipe::ActivationFormat &format);

} // namespace quench

#endif // QUENCH_TRANSFORMS_RANGEMETHOD_H

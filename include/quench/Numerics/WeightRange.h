//===- WeightRange.h - How the range of a block becomes a scale -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rule looks at the values of one block and says which scale it should have:
//
//   absmax     the whole range is representable (ScaleMath.h)
//   mse        absmax times p, of p = 1.00, 0.99, ..., 0.40 the one with the least sum of squared
//              errors, the largest on a tie; with a zero point both ends of the range times p
//   half-step  absmax / (maxCode + 0.5): +absmax saturates and all codes are used (7.5 for i4)
//   absmean    max(mean |x|, 1e-5), for ternary and binary elements (BitNet b1.58, arXiv
//   2402.17764)
//
// Candidates are judged by what comes back from storage: the error of "mse" is that of the decoded
// codes under the scale as it is stored, be it f16, a power of two or nested. So the rule means the
// same for every scheme. Where scales are nested, the absmax scales of all blocks fix the outer
// level first.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_WEIGHTRANGE_H
#define QUENCH_NUMERICS_WEIGHTRANGE_H

#include "quench/Numerics/ScaleStorage.h"

#include <optional>

namespace quench::numerics {

enum class RangeRule { Absmax, MeanSquaredError, HalfStep, AbsoluteMean };

/// "absmax", "mse", "half-step", "absmean".
llvm::StringRef name(RangeRule rule);
std::optional<RangeRule> parseRangeRule(llvm::StringRef name);

/// Whether the rule has a meaning for the scheme. Absmax and mse always have; half-step needs an
/// integer element without zero point, absmean one or two bits of magnitude 1, and neither can
/// choose a power of two.
llvm::Error verify(RangeRule rule, const Scheme &scheme);

struct RangeOptions {
  RangeRule rule = RangeRule::Absmax;
  /// For mse, what a squared error weighs in each column, that is at each index of the last axis:
  /// finite and not negative. Empty: all the same.
  llvm::ArrayRef<float> importance;
  /// Elements that do not count for the scale of their block: row-major indices, ascending.
  llvm::ArrayRef<int64_t> excluded;
  /// 0 for one per core. Has no influence on the result.
  unsigned threads = 1;
};

/// Checks the rule, the number and sign of the importance, and the order of the excluded elements.
llvm::Error verify(const RangeOptions &options, llvm::ArrayRef<int64_t> shape,
                   const Scheme &scheme);

/// What the blocks of a tensor ask for before anything is stored; mse starts from absmax. Fails on
/// values that are not finite. The options are verified.
llvm::Expected<std::vector<BlockFit>> initialFits(llvm::ArrayRef<float> values,
                                                  llvm::ArrayRef<int64_t> shape,
                                                  const Scheme &scheme,
                                                  const RangeOptions &options);

/// The fit that the rule chooses for one block. `importance` is empty or has one entry for each
/// value. The values are finite, the rule is verified.
llvm::Expected<BlockFit> fitBlock(RangeRule rule, llvm::ArrayRef<float> values,
                                  llvm::ArrayRef<float> importance, const ScaleStorage &storage,
                                  size_t block);

/// Scales and zero points of a whole tensor. Fails on values that are not finite, on a rule that
/// does not suit the scheme, and on scales that their format cannot hold.
llvm::Expected<BlockScales> chooseScales(llvm::ArrayRef<float> values,
                                         llvm::ArrayRef<int64_t> shape, const Scheme &scheme,
                                         const RangeOptions &options);

/// Round to nearest under `chooseScales`. Excluded elements have the code nearest to 0.
llvm::Expected<QuantizedTensor> quantizeTensor(llvm::ArrayRef<float> values,
                                               llvm::ArrayRef<int64_t> shape, const Scheme &scheme,
                                               const RangeOptions &options);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_WEIGHTRANGE_H

//===- OutlierStatistics.h - How far the largest values stand out -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a person wants to know about a tensor before it is quantized, and about the error
// afterwards. Everything is computed in one pass in double, batch by batch, so that a stream of any
// length needs constant memory; the result depends on the order of the batches and on nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_OUTLIERSTATISTICS_H
#define QUENCH_NUMERICS_OUTLIERSTATISTICS_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace quench::numerics {

/// The number of values, their mean, and sums of powers of their deviations from it. Batches are
/// merged by the formulas of Pébay (Sandia report SAND2008-6212), which extend those of Chan, Golub
/// and LeVeque (1979) to the fourth power.
struct CentralMoments {
  uint64_t count = 0;
  double mean = 0.0;
  /// sum (x - mean)^2, ^3 and ^4.
  double second = 0.0;
  double third = 0.0;
  double fourth = 0.0;

  void add(llvm::ArrayRef<float> values);
  void merge(const CentralMoments &other);

  /// Of the values as a whole population; 0 when there are none.
  double variance() const;
  /// E(x - mean)^4 / variance^2: 3 for a normal distribution, large when a few values carry the
  /// variance. Empty when all values are equal.
  std::optional<double> kurtosis() const;
};

/// Absolute maximum against median, and kurtosis, of finite values.
class OutlierStatistics {
public:
  void add(llvm::ArrayRef<float> values);
  void merge(const OutlierStatistics &other);

  uint64_t count() const { return centralMoments.count; }
  double absmax() const { return largest; }
  /// The median of |x|, the lower one of two, to within 0.4% (normal numbers): magnitudes are
  /// counted by sign, exponent and seven bits of the significand, and the middle of the bin is
  /// returned. Exact when it is 0; 0 without values.
  double median() const;
  /// absmax / median. Empty when the median is 0.
  std::optional<double> ratio() const;
  const CentralMoments &moments() const { return centralMoments; }
  std::optional<double> kurtosis() const { return centralMoments.kurtosis(); }

private:
  double largest = 0.0;
  CentralMoments centralMoments;
  /// Counts by the upper half of the bits of |x|; empty until there are values.
  std::vector<uint64_t> bins;
  uint64_t zeros = 0;
};

/// The signal-to-noise ratio of values that should have been others.
class SignalToNoise {
public:
  /// More is not distinguished from exact, and less not from nothing at all.
  static constexpr double limit = 200.0;

  /// Two arrays of the same size. References are finite; an actual value that is not leaves no
  /// signal.
  void add(llvm::ArrayRef<float> references, llvm::ArrayRef<float> actuals);

  /// 10 log10(sum reference^2 / sum (reference - actual)^2), between -limit and limit: `limit` when
  /// nothing was lost, also without values.
  double decibels() const;

private:
  double signal = 0.0;
  double noise = 0.0;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_OUTLIERSTATISTICS_H

//===- Statistics.h - What calibration remembers of an edge -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A calibration run shows the values on each observed edge of the float model, sample by sample,
// and what is kept of them is small: how many there were, their range, their mean and variance.
// Kinds of statistics are members of EdgeStatistics and sections of the archive; a new kind is one
// of each.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CALIBRATION_STATISTICS_H
#define QUENCH_CALIBRATION_STATISTICS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <string>

namespace quench::calibration {

/// The smallest and the largest value seen. Meaningless while nothing was.
struct RangeStatistic {
  float min = 0.0f;
  float max = 0.0f;

  float absmax() const;
};

/// Mean and sum of squared deviations from it, in double. Batches are merged by the formula of
/// Chan, Golub and LeVeque (1979), so the result depends on the order of the batches but not on
/// anything else.
struct MomentStatistic {
  double mean = 0.0;
  double squaredDeviations = 0.0;
};

/// All that is known about one edge.
struct EdgeStatistics {
  /// The number of values.
  uint64_t count = 0;
  RangeStatistic range;
  MomentStatistic moments;

  /// Takes in the values of one batch, all of them finite.
  void add(llvm::ArrayRef<float> values);

  /// The variance of the values as a whole population; 0 when there are none.
  double variance() const;
};

/// The edges of a model by name, in the order of their names.
class Statistics {
public:
  /// Adds the values that sample number `sample` has on `edge`. Fails on the first NaN or infinity:
  /// "edge 'NAME', sample 3: expected finite values, found nan at [0, 17]"; nothing is added then.
  /// Also fails when `shape` does not have as many elements as there are values.
  llvm::Error observe(llvm::StringRef edge, uint64_t sample, llvm::ArrayRef<float> values,
                      llvm::ArrayRef<int64_t> shape);

  /// The statistics of an edge, or null when it was never observed.
  const EdgeStatistics *lookup(llvm::StringRef edge) const;

  const std::map<std::string, EdgeStatistics, std::less<>> &edges() const { return byName; }

  /// Sets what is known about an edge; for reading archives.
  void set(llvm::StringRef edge, EdgeStatistics statistics);

private:
  std::map<std::string, EdgeStatistics, std::less<>> byName;
};

} // namespace quench::calibration

#endif // QUENCH_CALIBRATION_STATISTICS_H

//===- LogHistogram.h - The distribution of a stream of floats --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts of values in bins that are cut by the bit pattern of a float: an octave is the values of
// one exponent, and its bins are the leading bits of the mantissa. So no range has to be known
// beforehand, and one pass in constant memory (168 KiB) is enough for every calibrator.
//
// The octave of the largest magnitude so far has 2^12 bins, the next ones 2^11, 2^10, 2^9, and then
// 12 of 2^8; whatever is smaller than the last octave is counted as tiny, and is less than 2^-15 of
// the largest magnitude. When a larger octave comes, the others move down and merge neighbouring
// bins. Coarse bins are unions of fine ones, so the result is a function of the set of values: it
// depends neither on their order nor on how they were split into batches and histograms.
//
// A coarse histogram is for many distributions at once, such as that of each channel: its bins are
// unions of 64 of these, which makes 64 in the first octave and 2.6 KiB in all.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_LOGHISTOGRAM_H
#define QUENCH_NUMERICS_LOGHISTOGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace quench::numerics {

class LogHistogram {
public:
  static constexpr int numOctaves = 16;
  /// Bins of one sign.
  static constexpr int numBins = 4096 + 2048 + 1024 + 512 + 12 * 256;
  /// The same of a coarse histogram.
  static constexpr int numCoarseBins = numBins / 64;

  /// How often |x| was in [low, high), with the sign of x. `high` is at most the largest magnitude,
  /// which its bin includes.
  struct Bin {
    double low;
    double high;
    uint64_t negative;
    uint64_t positive;

    uint64_t count() const { return negative + positive; }
    double center() const { return 0.5 * (low + high); }
  };

  enum class Resolution { Fine, Coarse };

  explicit LogHistogram(Resolution resolution = Resolution::Fine)
      : shift(resolution == Resolution::Fine ? 0 : coarseShift), counts(2 * binsPerSign(), 0) {}

  /// Counts values, all of them finite.
  void add(llvm::ArrayRef<float> values);

  /// Counts what another histogram of the same resolution has counted.
  void merge(const LogHistogram &other);

  /// The number of values.
  uint64_t count() const { return numValues; }

  /// The least and the greatest value and the largest magnitude; 0 while there are no values.
  float min() const { return smallest; }
  float max() const { return largest; }
  float absmax() const;

  /// The bins that are not empty, ascending. Tiny values are in a bin that starts at 0.
  std::vector<Bin> bins() const;

  /// Counts of |x| in `number` bins of equal width on [0, absmax()]. Values of a bin that an edge
  /// cuts are taken as evenly spread, and every value stays whole. Up to 2048 bins are wider than
  /// all bins of a fine histogram.
  std::vector<uint64_t> linearBins(int64_t number) const;

  /// What an archive stores: `min()`, `max()`, and these. Counts are of negative values by
  /// ascending bin of the octaves from the largest down, then of the others.
  uint64_t tinyCount() const { return tiny; }
  llvm::ArrayRef<uint64_t> binCounts() const { return counts; }

  /// The inverse. Fails when the number of counts is wrong, the sum of the counts overflows, the
  /// range is not finite or not ordered, or there is a range without values.
  static llvm::Expected<LogHistogram> restore(float min, float max, uint64_t tiny,
                                              llvm::ArrayRef<uint64_t> counts,
                                              Resolution resolution = Resolution::Fine);

  friend bool operator==(const LogHistogram &lhs, const LogHistogram &rhs) {
    return lhs.numValues == rhs.numValues && lhs.smallest == rhs.smallest &&
           lhs.largest == rhs.largest && lhs.counts == rhs.counts;
  }

private:
  /// Makes octave `exponent` the first one.
  void growTo(int exponent);
  void includeRange(float low, float high);

  static constexpr int coarseShift = 6;
  int binsPerSign() const { return numBins >> shift; }

  /// Bins of the fine layout in a bin, as a power of two.
  int shift;
  uint64_t numValues = 0;
  uint64_t tiny = 0;
  float smallest = 0.0f;
  float largest = 0.0f;
  /// The biased exponent of the first octave.
  int topExponent = 0;
  std::vector<uint64_t> counts;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_LOGHISTOGRAM_H

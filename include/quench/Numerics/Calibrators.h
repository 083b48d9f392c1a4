//===- Calibrators.h - Ranges for activations -------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A static scale trades the rounding error of the many small values against the clipping error of
// the few large ones. Each function below reads one compromise off the distribution of a tensor and
// returns a clipping magnitude T: the tensor is quantized as if its values were in [-T, T]. All
// results are at most the largest magnitude, and 0 when all values are 0.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_CALIBRATORS_H
#define QUENCH_NUMERICS_CALIBRATORS_H

#include "quench/Numerics/LogHistogram.h"
#include "quench/Numerics/ScaleMath.h"

namespace quench::numerics {

/// The exponential moving average of what each sample had, T <- T + momentum (t - T); the first
/// sample sets it. Depends on the order of the samples.
struct MovingAverage {
  double value = 0.0;
  uint64_t count = 0;

  void add(double sample, double momentum) {
    value = count == 0 ? sample : value + momentum * (sample - value);
    ++count;
  }
};

/// What is left of [min, max] when values are clipped to magnitude `clip`.
ValueRange clippedRange(const LogHistogram &histogram, double clip);

/// The ceil(percentile / 100 count)-th smallest magnitude, interpolated within its bin; the largest
/// one for 100. `percentile` is in (0, 100].
double percentileClip(const LogHistogram &histogram, double percentile);

/// The values that (100 - percentile) / 2 percent of all values are below and above, for encodings
/// with a zero point.
ValueRange percentileRange(const LogHistogram &histogram, double percentile);

/// The range, out of i / steps of [-absmax, absmax], or of [min, max] with a zero point, i = 1 to
/// `steps`, that rounding to the codes of `element` has the least squared error with; the least of
/// equal ones. The values within a bin are taken as evenly spread, and the error on integer codes
/// is then integrated exactly. Fails as `chooseScale` does.
llvm::Expected<ValueRange> mseRange(const LogHistogram &histogram, const Encoding &element,
                                    bool zeroPoint, int steps = 100);

/// How the information that quantization loses is measured; see `entropyClip`.
enum class EntropyForm {
  /// Mass that is clipped makes a bin count as occupied, empty levels cost ln(P / 1e-12), the first
  /// minimum wins, and T is the center of bin i.
  Smoothed,
  /// As in NVIDIA's Model Optimizer: bin 0 becomes bin 1, candidates that empty an occupied bin are
  /// out, the last minimum wins, and T is the edge i.
  Nvidia,
};

/// The clip at which the distribution loses least: for i = levels to n, P is the first i of the n
/// bins with all that is above added to the last of them, Q is the first i bins merged to `levels`
/// runs [floor(j i / levels), floor((j + 1) i / levels)) whose mass is then spread evenly over the
/// occupied bins; the divergence is Σ P ln(P / Q), both normalized, over the occupied bins of P.
/// `bins` count magnitudes on [0, absmax] in equal steps, and there are at least `levels` of them.
/// 8-bit codes have 128 levels of magnitude.
double entropyClip(llvm::ArrayRef<uint64_t> bins, double absmax, unsigned levels, EntropyForm form);

/// `entropyClip` on 2048 bins of a histogram.
double entropyClip(const LogHistogram &histogram, unsigned levels, EntropyForm form);

/// The clip of least mean squared error under uniform rounding noise (Sakr et al., OCTAV, arXiv
/// 2206.06501), by at most 20 steps of
///
///   T <- Σ |x| [|x| > T] / (4^-bits / 3 #[0 < |x| <= T] + #[|x| > T])
///
/// from the mean magnitude. `bits` counts the sign.
double octavClip(const LogHistogram &histogram, unsigned bits);
double octavClip(llvm::ArrayRef<float> values, unsigned bits);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_CALIBRATORS_H

//===- ScaleMath.h - From ranges to scales and zero points ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All arithmetic is f32 with true divisions, one rounding per operation. A scale that is stored in
// a narrower format is rounded to that format before anything is computed from it.
//
//   symmetric   s = absmax / maxMagnitude                                       z = 0
//   asymmetric  lo = min(0, min), hi = max(0, max), s = (hi - lo) / (maxCode - minCode)
//               z = clamp(rne(-lo / s) + minCode, minCode, maxCode)
//   real        s as asymmetric, z = minCode * s - lo, in units of values
//   MX          s = 2^e, e by one of the rules of `MxScaleRule`                 z = 0
//   zero block  s = 1 (MX: 2^-127)                                              z as above
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_SCALEMATH_H
#define QUENCH_NUMERICS_SCALEMATH_H

#include "quench/Numerics/Encoding.h"

#include "llvm/Support/Error.h"

namespace quench::numerics {

/// How the shared power-of-two scale of an MX block follows from its absolute maximum. With
/// emax = floor(log2 maxMagnitude): 2 for f4E2M1FN, 8 for f8E4M3FN, 6 for i8 (whose value is then
/// the code times the scale; the OCP text counts its 1.6 fixed point as emax 0).
enum class MxScaleRule {
  /// floor(log2 absmax) - emax, the OCP Microscaling v1.0 rule. The largest elements may saturate.
  Floor,
  /// ceil(log2 absmax) - emax.
  Ceil,
  /// floor(log2 r) - emax, r = absmax rounded to the mantissa bits of the element.
  Even,
  /// ceil(log2(absmax / maxMagnitude)): the smallest scale that saturates nothing.
  RoundCeil,
};

/// "floor", "ceil", "even", "rceil".
llvm::StringRef name(MxScaleRule rule);
std::optional<MxScaleRule> parseMxScaleRule(llvm::StringRef name);

/// The exponent of the shared scale, in [-127, 127]; -127 for `absmax` 0. Exact: no logarithm is
/// computed in floating point. `absmax` is finite and not negative.
int mxScaleExponent(MxScaleRule rule, float absmax, const Encoding &element);

/// The least and the greatest value that a block has to represent.
struct ValueRange {
  float min = 0.0f;
  float max = 0.0f;

  /// max(|min|, |max|).
  float absmax() const;
};

struct ScaleAndZeroPoint {
  float scale = 1.0f;
  int32_t zeroPoint = 0;
};

/// The unrounded scale of a block before it is stored: 0 for an all-zero block. Fails when the
/// range is not finite, is not ordered, or is so wide that the scale is.
llvm::Expected<float> idealScale(ValueRange range, const Encoding &element, bool asymmetric);

/// `idealScale` as it is stored in `format`, decoded: 1 for 0, otherwise rounded half to even with
/// underflow raised to the smallest positive value. Fails when the scale is above the largest
/// finite value of the format. f8E8M0FNU scales come from `mxScaleExponent`, not from here.
llvm::Expected<float> storedScale(float idealScale, FloatFormat format);

/// The zero point that belongs to a stored scale (> 0). The element is an integer encoding.
int32_t zeroPointFor(ValueRange range, float scale, const Encoding &element);

/// The real zero point that belongs to a stored scale (> 0), before it is stored.
float realZeroPointFor(ValueRange range, float scale, const Encoding &element);

/// All of the above for one block whose scale is stored in `format`.
llvm::Expected<ScaleAndZeroPoint> chooseScale(ValueRange range, const Encoding &element,
                                              FloatFormat format, bool asymmetric,
                                              MxScaleRule rule = MxScaleRule::Floor);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_SCALEMATH_H

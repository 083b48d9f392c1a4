//===- Rounding.h - Rounding to integers ------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The three ways to break a tie. Every step below is exact in floating point, so that the result
// does not depend on the rounding mode of the floating-point environment, and the loops that use
// these functions vectorize.
//
// All keep NaN, infinities and the sign of zero.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_ROUNDING_H
#define QUENCH_NUMERICS_ROUNDING_H

#include <cmath>
#include <cstdint>

namespace quench::numerics {

namespace detail {
/// Floats of this magnitude and above are integers.
template <typename T> constexpr T integralFrom();
template <> constexpr float integralFrom<float>() { return 8388608.0f; }
template <> constexpr double integralFrom<double>() { return 4503599627370496.0; }

template <typename T> struct IntegerOf;
template <> struct IntegerOf<float> {
  using Type = int32_t;
};
template <> struct IntegerOf<double> {
  using Type = int64_t;
};

/// Splits |x| into floor and fraction, asks `roundUp(fraction, floor)` and puts the sign back.
template <typename T, typename RoundUp> inline T roundMagnitude(T x, RoundUp roundUp) {
  using Integer = typename IntegerOf<T>::Type;
  T magnitude = std::fabs(x);
  if (!(magnitude < integralFrom<T>())) {
    return x;
  }
  Integer whole = static_cast<Integer>(magnitude);
  T fraction = magnitude - static_cast<T>(whole);
  whole += roundUp(fraction, whole);
  return std::copysign(static_cast<T>(whole), x);
}
} // namespace detail

/// The nearest integer; ties to the even one (IEEE roundTiesToEven, ONNX, NumPy, PyTorch).
template <typename T> inline T roundHalfEven(T x) {
  return detail::roundMagnitude(x, [](T fraction, auto whole) {
    return (fraction > T(0.5)) | ((fraction == T(0.5)) & (whole & 1));
  });
}

/// The nearest integer; ties away from zero (C `round`, TFLite `TfLiteRound`).
template <typename T> inline T roundHalfAway(T x) {
  return detail::roundMagnitude(x, [](T fraction, auto) { return fraction >= T(0.5); });
}

/// The nearest integer; ties toward plus infinity (`floor(x + 1/2)` in exact arithmetic).
template <typename T> inline T roundHalfUp(T x) {
  bool negative = std::signbit(x);
  return detail::roundMagnitude(x, [negative](T fraction, auto) {
    return (fraction > T(0.5)) | ((fraction == T(0.5)) & !negative);
  });
}

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_ROUNDING_H

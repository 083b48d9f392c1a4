//===- FixedPoint.h - Requantization by integer arithmetic ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An int32 accumulator times a positive real number, in integers. The real number becomes
// multiplier * 2^(exponent - 31); what differs between stacks is the rounding, and their results
// differ in several percent of all inputs. So the rounding is a parameter everywhere.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_FIXEDPOINT_H
#define QUENCH_NUMERICS_FIXEDPOINT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>

namespace quench::numerics {

/// How the product is rounded to an integer.
enum class RoundingMode {
  /// Once, half toward plus infinity: TFLite single rounding, TOSA SINGLE_ROUND.
  SingleRound,
  /// Twice: half up at 2^-31, then half away from zero. TFLite/gemmlowp, TOSA DOUBLE_ROUND.
  DoubleRound,
  /// Once, half to even: the dyadic arithmetic of I-BERT and HAWQ-V3.
  HalfEven,
};

/// "single_round", "double_round", "half_even".
llvm::StringRef name(RoundingMode mode);
std::optional<RoundingMode> parseRoundingMode(llvm::StringRef name);

/// The real number multiplier * 2^(exponent - 31).
struct FixedPointMultiplier {
  /// 0, or in [2^30, 2^31).
  int32_t multiplier = 0;
  /// TFLite's shift, in [-31, 30].
  int32_t exponent = 0;

  /// TOSA's right shift.
  int32_t tosaShift() const { return 31 - exponent; }
  /// The number it stands for, exactly.
  double value() const;
};

/// The multiplier nearest to `real`, ties away from zero; numbers below 2^-32 become 0. Fails when
/// `real` is negative, not finite, or so large that the exponent is above 30.
llvm::Expected<FixedPointMultiplier> toFixedPoint(double real);

/// value * factor, rounded by `mode`, saturated to int32. No intermediate overflows; where TFLite's
/// left shift would (exponent > 0), this is the exact product, rounded and saturated.
int32_t requantize(int32_t value, FixedPointMultiplier factor, RoundingMode mode);

/// clamp(requantize(value) + zeroPoint, min, max), with the sum computed in 64 bits.
int32_t requantizeToRange(int32_t value, FixedPointMultiplier factor, RoundingMode mode,
                          int32_t zeroPoint, int32_t min, int32_t max);

/// Why the operands of TOSA apply_scale_32 are illegal, or success. Legal: multiplier >= 0,
/// 2 <= shift <= 62, -2^(shift-1) <= value < 2^(shift-1).
llvm::Error verifyTosaScale32(int32_t value, int32_t multiplier, int32_t shift);

/// TOSA apply_scale_32: fails on illegal operands. The result of legal ones always fits.
llvm::Expected<int32_t> tosaApplyScale32(int32_t value, int32_t multiplier, int32_t shift,
                                         bool doubleRound);

/// TOSA apply_scale_16: a 48-bit value times a multiplier in [0, 2^15), single rounding. Fails on
/// other operands and when the result does not fit in int32.
llvm::Expected<int32_t> tosaApplyScale16(int64_t value, int32_t multiplier, int32_t shift);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_FIXEDPOINT_H

//===- FixedPoint.cpp - Requantization by integer arithmetic --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products are exact in 64 bits: |value| <= 2^31 and multiplier < 2^31.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/FixedPoint.h"

#include "quench/Numerics/Rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench::numerics;

using llvm::createStringError;

static constexpr int64_t int32Min = std::numeric_limits<int32_t>::min();
static constexpr int64_t int32Max = std::numeric_limits<int32_t>::max();

static int32_t saturate(int64_t value) {
  return static_cast<int32_t>(std::clamp(value, int32Min, int32Max));
}

llvm::StringRef quench::numerics::name(RoundingMode mode) {
  switch (mode) {
  case RoundingMode::SingleRound:
    return "single_round";
  case RoundingMode::DoubleRound:
    return "double_round";
  case RoundingMode::HalfEven:
    return "half_even";
  }
  return "";
}

std::optional<RoundingMode> quench::numerics::parseRoundingMode(llvm::StringRef text) {
  for (RoundingMode mode :
       {RoundingMode::SingleRound, RoundingMode::DoubleRound, RoundingMode::HalfEven}) {
    if (name(mode) == text) {
      return mode;
    }
  }
  return std::nullopt;
}

double FixedPointMultiplier::value() const {
  return std::ldexp(static_cast<double>(multiplier), exponent - 31);
}

llvm::Expected<FixedPointMultiplier> quench::numerics::toFixedPoint(double real) {
  if (!std::isfinite(real) || real < 0.0) {
    return createStringError("expected a finite multiplier that is not negative, found %g", real);
  }
  if (real == 0.0) {
    return FixedPointMultiplier{};
  }
  int exponent = 0;
  double mantissa = std::frexp(real, &exponent);
  auto multiplier = static_cast<int64_t>(roundHalfAway(std::ldexp(mantissa, 31)));
  if (multiplier == int64_t(1) << 31) {
    multiplier /= 2;
    ++exponent;
  }
  if (exponent < -31) {
    return FixedPointMultiplier{};
  }
  if (exponent > 30) {
    return createStringError("expected a multiplier below 2^30, found %g", real);
  }
  return FixedPointMultiplier{static_cast<int32_t>(multiplier), exponent};
}

/// gemmlowp's RoundingDivideByPOT: half away from zero.
static int64_t roundingDivideByPowerOfTwo(int64_t value, int exponent) {
  int64_t mask = (int64_t(1) << exponent) - 1;
  int64_t remainder = value & mask;
  int64_t threshold = (mask >> 1) + (value < 0);
  return (value >> exponent) + (remainder > threshold);
}

/// product / 2^shift, half toward plus infinity.
static int64_t shiftHalfUp(int64_t product, int shift) {
  return (product + (int64_t(1) << (shift - 1))) >> shift;
}

int32_t quench::numerics::requantize(int32_t value, FixedPointMultiplier factor,
                                     RoundingMode mode) {
  const int64_t product = static_cast<int64_t>(value) * factor.multiplier;
  const int shift = factor.tosaShift();
  switch (mode) {
  case RoundingMode::DoubleRound:
    if (factor.exponent < 0) {
      return saturate(roundingDivideByPowerOfTwo(shiftHalfUp(product, 31), -factor.exponent));
    }
    // A left shift loses nothing: there is only the first rounding.
    [[fallthrough]];
  case RoundingMode::SingleRound:
    return saturate(shiftHalfUp(product, shift));
  case RoundingMode::HalfEven: {
    int64_t whole = product >> shift;
    int64_t rest = product & ((int64_t(1) << shift) - 1);
    int64_t half = int64_t(1) << (shift - 1);
    return saturate(whole + (rest > half || (rest == half && (whole & 1))));
  }
  }
  return 0;
}

int32_t quench::numerics::requantizeToRange(int32_t value, FixedPointMultiplier factor,
                                            RoundingMode mode, int32_t zeroPoint, int32_t min,
                                            int32_t max) {
  int64_t shifted = static_cast<int64_t>(requantize(value, factor, mode)) + zeroPoint;
  return static_cast<int32_t>(std::clamp<int64_t>(shifted, min, max));
}

static llvm::Error verifyTosaFactor(int32_t multiplier, int32_t shift) {
  if (multiplier < 0) {
    return createStringError("expected a multiplier that is not negative, found %d", multiplier);
  }
  if (shift < 2 || shift > 62) {
    return createStringError("expected a shift from 2 to 62, found %d", shift);
  }
  return llvm::Error::success();
}

llvm::Error quench::numerics::verifyTosaScale32(int32_t value, int32_t multiplier, int32_t shift) {
  if (llvm::Error error = verifyTosaFactor(multiplier, shift)) {
    return error;
  }
  const int64_t limit = int64_t(1) << (shift - 1);
  if (value < -limit || value >= limit) {
    return createStringError("expected a value of %d signed bits, as many as the shift, found %d",
                             shift, value);
  }
  return llvm::Error::success();
}

llvm::Expected<int32_t> quench::numerics::tosaApplyScale32(int32_t value, int32_t multiplier,
                                                           int32_t shift, bool doubleRound) {
  if (llvm::Error error = verifyTosaScale32(value, multiplier, shift)) {
    return std::move(error);
  }
  int64_t round = int64_t(1) << (shift - 1);
  if (doubleRound && shift > 31) {
    round += value >= 0 ? (int64_t(1) << 30) : -(int64_t(1) << 30);
  }
  return static_cast<int32_t>((static_cast<int64_t>(value) * multiplier + round) >> shift);
}

llvm::Expected<int32_t> quench::numerics::tosaApplyScale16(int64_t value, int32_t multiplier,
                                                           int32_t shift) {
  if (llvm::Error error = verifyTosaFactor(multiplier, shift)) {
    return std::move(error);
  }
  if (multiplier >= 1 << 15) {
    return createStringError("expected a multiplier below 2^15, found %d", multiplier);
  }
  const int64_t limit = int64_t(1) << 47;
  if (value < -limit || value >= limit) {
    return createStringError("expected a value of 48 signed bits, found %lld",
                             static_cast<long long>(value));
  }
  const int64_t result = shiftHalfUp(value * multiplier, shift);
  if (result < int32Min || result > int32Max) {
    return createStringError("the scaled value %lld does not fit in 32 bits",
                             static_cast<long long>(result));
  }
  return static_cast<int32_t>(result);
}

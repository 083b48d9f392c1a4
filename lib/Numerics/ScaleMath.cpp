//===- ScaleMath.cpp - From ranges to scales and zero points -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything here is f32 on purpose: run-time code has to be able to repeat it.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/ScaleMath.h"

#include "quench/Numerics/Rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench::numerics;

using llvm::createStringError;

llvm::StringRef quench::numerics::name(MxScaleRule rule) {
  switch (rule) {
  case MxScaleRule::Floor:
    return "floor";
  case MxScaleRule::Ceil:
    return "ceil";
  case MxScaleRule::Even:
    return "even";
  case MxScaleRule::RoundCeil:
    return "rceil";
  }
  return "";
}

std::optional<MxScaleRule> quench::numerics::parseMxScaleRule(llvm::StringRef text) {
  for (MxScaleRule rule :
       {MxScaleRule::Floor, MxScaleRule::Ceil, MxScaleRule::Even, MxScaleRule::RoundCeil}) {
    if (name(rule) == text) {
      return rule;
    }
  }
  return std::nullopt;
}

int quench::numerics::mxScaleExponent(MxScaleRule rule, float absmax, const Encoding &element) {
  constexpr int lowest = -127;
  if (absmax == 0.0f) {
    return lowest;
  }
  const float largest = element.maxMagnitude();
  const int emax = std::ilogb(largest);
  int exponent = std::ilogb(absmax) - emax;
  // absmax in units of its own binade: [1, 2).
  const double mantissa = std::ldexp(static_cast<double>(absmax), -std::ilogb(absmax));
  switch (rule) {
  case MxScaleRule::Floor:
    break;
  case MxScaleRule::Ceil:
    exponent += mantissa > 1.0;
    break;
  case MxScaleRule::Even: {
    // An integer element has as many fraction bits as its largest code has bits below the first.
    int fractionBits =
        element.isFloat() ? static_cast<int>(mantissaBits(element.floatFormat())) : emax;
    exponent += mantissa >= 2.0 - std::ldexp(0.5, -fractionBits);
    break;
  }
  case MxScaleRule::RoundCeil:
    exponent += mantissa > std::ldexp(static_cast<double>(largest), -emax);
    break;
  }
  return std::clamp(exponent, lowest, 127);
}

float ValueRange::absmax() const { return std::max(std::fabs(min), std::fabs(max)); }

llvm::Expected<float> quench::numerics::idealScale(ValueRange range, const Encoding &element,
                                                   bool asymmetric) {
  if (!std::isfinite(range.min) || !std::isfinite(range.max) || range.min > range.max) {
    return createStringError("expected a finite ordered range, found [%g, %g]", range.min,
                             range.max);
  }
  float scale = 0.0f;
  bool isZero = false;
  if (asymmetric) {
    float low = std::min(0.0f, range.min);
    float high = std::max(0.0f, range.max);
    float steps = static_cast<float>(element.maxCode() - element.minCode());
    float width = high - low;
    isZero = width == 0.0f;
    // Halving is exact where the width overflows.
    scale = std::isfinite(width) ? width / steps : (high * 0.5f - low * 0.5f) / steps * 2.0f;
  } else {
    isZero = range.absmax() == 0.0f;
    scale = range.absmax() / element.maxMagnitude();
  }
  if (isZero) {
    return 0.0f;
  }
  if (!std::isfinite(scale)) {
    return createStringError("the range [%g, %g] is too wide for a scale of %s in f32", range.min,
                             range.max, element.str().c_str());
  }
  return std::max(scale, std::numeric_limits<float>::denorm_min());
}

llvm::Expected<float> quench::numerics::storedScale(float idealScale, FloatFormat format) {
  if (idealScale == 0.0f) {
    return 1.0f;
  }
  if (!(idealScale > 0.0f)) {
    return createStringError("expected a positive scale, found %g", idealScale);
  }
  if (idealScale > maxFinite(format)) {
    return createStringError("the scale %g is above the largest %s, %g", idealScale,
                             name(format).data(), maxFinite(format));
  }
  return std::max(roundTo(format, idealScale), minPositive(format));
}

int32_t quench::numerics::zeroPointFor(ValueRange range, float scale, const Encoding &element) {
  float low = std::min(0.0f, range.min);
  float zeroPoint = roundHalfEven(-low / scale) + static_cast<float>(element.minCode());
  return static_cast<int32_t>(std::clamp(zeroPoint, static_cast<float>(element.minCode()),
                                         static_cast<float>(element.maxCode())));
}

float quench::numerics::realZeroPointFor(ValueRange range, float scale, const Encoding &element) {
  // Two roundings: no target may fuse them.
  const float lowest = static_cast<float>(element.minCode()) * scale;
  return lowest - std::min(0.0f, range.min);
}

llvm::Expected<ScaleAndZeroPoint> quench::numerics::chooseScale(ValueRange range,
                                                                const Encoding &element,
                                                                FloatFormat format, bool asymmetric,
                                                                MxScaleRule rule) {
  llvm::Expected<float> ideal = idealScale(range, element, asymmetric);
  if (!ideal) {
    return ideal.takeError();
  }
  ScaleAndZeroPoint result;
  if (format == FloatFormat::F8E8M0FNU) {
    result.scale = std::ldexp(1.0f, mxScaleExponent(rule, range.absmax(), element));
  } else {
    llvm::Expected<float> stored = storedScale(*ideal, format);
    if (!stored) {
      return stored.takeError();
    }
    result.scale = *stored;
  }
  if (asymmetric) {
    result.zeroPoint = zeroPointFor(range, result.scale, element);
  }
  return result;
}

//===- FloatFormat.cpp - Encode and decode floating-point codes ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One integer algorithm for all formats with sign, exponent and mantissa; f8E8M0FNU apart.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/FloatFormat.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

/// What the codes with the largest exponent field mean.
enum class Specials {
  /// Infinity, and NaN for every other mantissa.
  Ieee,
  /// NaN for the mantissa of all ones, finite numbers otherwise.
  NanOnly,
  /// Finite numbers.
  None,
};

struct Layout {
  llvm::StringLiteral name;
  unsigned bits;
  unsigned mantissa;
  int bias;
  Specials specials;
  /// Whether finite numbers that are too large become the largest finite number.
  bool saturates;
};

} // namespace

static constexpr Layout layouts[] = {
    {"f32", 32, 23, 127, Specials::Ieee, false}, {"f16", 16, 10, 15, Specials::Ieee, false},
    {"bf16", 16, 7, 127, Specials::Ieee, false}, {"f8E4M3FN", 8, 3, 7, Specials::NanOnly, true},
    {"f8E5M2", 8, 2, 15, Specials::Ieee, true},  {"f8E8M0FNU", 8, 0, 127, Specials::NanOnly, true},
    {"f6E3M2FN", 6, 2, 3, Specials::None, true}, {"f6E2M3FN", 6, 3, 1, Specials::None, true},
    {"f4E2M1FN", 4, 1, 1, Specials::None, true},
};

static constexpr FloatFormat formats[] = {
    FloatFormat::F32,      FloatFormat::F16,      FloatFormat::BF16,
    FloatFormat::F8E4M3FN, FloatFormat::F8E5M2,   FloatFormat::F8E8M0FNU,
    FloatFormat::F6E3M2FN, FloatFormat::F6E2M3FN, FloatFormat::F4E2M1FN,
};

static const Layout &layoutOf(FloatFormat format) { return layouts[static_cast<int>(format)]; }

/// The code of the largest finite magnitude.
static uint32_t largestFiniteCode(const Layout &layout) {
  uint32_t allOnes = (1u << (layout.bits - 1)) - 1;
  switch (layout.specials) {
  case Specials::Ieee:
    return allOnes - (1u << layout.mantissa);
  case Specials::NanOnly:
    return allOnes - 1;
  case Specials::None:
    return allOnes;
  }
  return 0;
}

static uint32_t encodePowerOfTwo(uint32_t bits) {
  constexpr uint32_t largest = 0xfe;
  if ((bits & 0x7fffffff) > 0x7f800000) {
    return 0xff;
  }
  if (bits >> 31) {
    return 0;
  }
  // The exponent field of f32 has the same bias. Below 2^-126 the leading bit is in the mantissa.
  uint32_t exponent = bits >> 23;
  uint32_t mantissa = bits & 0x7fffff;
  uint32_t middle = exponent == 0 ? 0x600000 : 0x400000;
  bool up = mantissa > middle || (mantissa == middle && (exponent & 1));
  return std::min(exponent + up, largest);
}

static float decodePowerOfTwo(uint32_t code) {
  if (code == 0xff) {
    return std::numeric_limits<float>::quiet_NaN();
  }
  return llvm::bit_cast<float>(code == 0 ? 0x400000u : code << 23);
}

llvm::ArrayRef<FloatFormat> quench::numerics::allFloatFormats() { return formats; }

unsigned quench::numerics::bitWidth(FloatFormat format) { return layoutOf(format).bits; }

unsigned quench::numerics::mantissaBits(FloatFormat format) { return layoutOf(format).mantissa; }

llvm::StringRef quench::numerics::name(FloatFormat format) { return layoutOf(format).name; }

std::optional<FloatFormat> quench::numerics::parseFloatFormat(llvm::StringRef name) {
  for (FloatFormat format : formats) {
    if (layoutOf(format).name == name) {
      return format;
    }
  }
  return std::nullopt;
}

float quench::numerics::maxFinite(FloatFormat format) {
  if (format == FloatFormat::F8E8M0FNU) {
    return decodePowerOfTwo(0xfe);
  }
  return decode(format, largestFiniteCode(layoutOf(format)));
}

float quench::numerics::minPositive(FloatFormat format) {
  return decode(format, format == FloatFormat::F8E8M0FNU ? 0 : 1);
}

uint32_t quench::numerics::encode(FloatFormat format, float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  if (format == FloatFormat::F32) {
    return bits;
  }
  if (format == FloatFormat::F8E8M0FNU) {
    return encodePowerOfTwo(bits);
  }
  const Layout &layout = layoutOf(format);
  const uint32_t allOnes = (1u << (layout.bits - 1)) - 1;
  const uint32_t largest = largestFiniteCode(layout);
  const uint32_t sign = (bits >> 31) << (layout.bits - 1);
  const uint32_t infinity = allOnes & ~((1u << layout.mantissa) - 1);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    switch (layout.specials) {
    case Specials::Ieee:
      return sign | infinity | (1u << (layout.mantissa - 1));
    case Specials::NanOnly:
      return sign | allOnes;
    case Specials::None:
      return largest;
    }
  }
  if (magnitude == 0x7f800000) {
    return sign | (layout.specials == Specials::Ieee ? infinity : largest);
  }

  // |value| = mantissa * 2^(exponent - 23).
  int exponent = std::max<int>(magnitude >> 23, 1) - 127;
  uint32_t mantissa = magnitude & 0x7fffff;
  if (magnitude >> 23) {
    mantissa |= 0x800000;
  }
  // Round to a multiple of the target's unit in the last place: that of its own exponent, or of
  // its subnormals. `units` carries into the exponent field by itself when it rounds up.
  const int minExponent = 1 - layout.bias;
  int targetExponent = std::max(exponent, minExponent);
  unsigned shift = std::min(targetExponent - exponent + 23 - static_cast<int>(layout.mantissa), 25);
  uint32_t units = mantissa >> shift;
  uint32_t rest = mantissa & ((1u << shift) - 1);
  uint32_t half = 1u << (shift - 1);
  // Without branches: in quantized data this bit is as random as a coin.
  units += (rest > half) | ((rest == half) & (units & 1));
  uint32_t code = (static_cast<uint32_t>(targetExponent - minExponent) << layout.mantissa) + units;
  if (code > largest) {
    code = layout.saturates ? largest : infinity;
  }
  return sign | code;
}

float quench::numerics::decode(FloatFormat format, uint32_t code) {
  if (format == FloatFormat::F32) {
    return llvm::bit_cast<float>(code);
  }
  const Layout &layout = layoutOf(format);
  code &= (1u << layout.bits) - 1;
  if (format == FloatFormat::F8E8M0FNU) {
    return decodePowerOfTwo(code);
  }
  const uint32_t allOnes = (1u << (layout.bits - 1)) - 1;
  uint32_t magnitude = code & allOnes;
  float sign = code > allOnes ? -1.0f : 1.0f;
  if (magnitude > largestFiniteCode(layout)) {
    bool isInfinity =
        layout.specials == Specials::Ieee && !(magnitude & ((1u << layout.mantissa) - 1));
    return std::copysign(isInfinity ? std::numeric_limits<float>::infinity()
                                    : std::numeric_limits<float>::quiet_NaN(),
                         sign);
  }
  int exponent = static_cast<int>(magnitude >> layout.mantissa);
  int mantissa = static_cast<int>(magnitude & ((1u << layout.mantissa) - 1));
  if (exponent != 0) {
    mantissa += 1 << layout.mantissa;
  }
  int scale = std::max(exponent, 1) - layout.bias - static_cast<int>(layout.mantissa);
  return sign * std::ldexp(static_cast<float>(mantissa), scale);
}

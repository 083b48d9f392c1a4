//===- FloatFormat.h - Storage formats of floating-point numbers -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding and decoding of every floating-point format that a scheme can name. A code is the bit
// pattern, right-aligned: for f4E2M1FN the sign is bit 3.
//
// `encode` rounds half to even and treats what does not fit like this:
//
//   format              finite overflow   infinity        NaN
//   f32                 -                 kept            kept
//   f16, bf16           infinity          kept            kept (quiet, sign kept)
//   f8E5M2              +-57344           kept            kept (quiet, sign kept)
//   f8E4M3FN            +-448             +-448           kept (0x7f or 0xff)
//   f6E3M2FN, f6E2M3FN  +-largest         +-largest       +largest
//   f4E2M1FN            +-6               +-6             +6
//   f8E8M0FNU           2^127             2^127           kept (0xff)
//
// (OCP 8-bit Floating Point and Microscaling specifications with saturation; NaN without a NaN
// code becomes the largest positive value as in ONNX Cast.)
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_FLOATFORMAT_H
#define QUENCH_NUMERICS_FLOATFORMAT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>

namespace quench::numerics {

enum class FloatFormat {
  F32,
  F16,
  BF16,
  F8E4M3FN,
  F8E5M2,
  F8E8M0FNU,
  F6E3M2FN,
  F6E2M3FN,
  F4E2M1FN,
};

/// All formats, in the order of the enumeration.
llvm::ArrayRef<FloatFormat> allFloatFormats();

/// The number of bits of a code.
unsigned bitWidth(FloatFormat format);

/// The number of explicitly stored mantissa bits; 0 for f8E8M0FNU.
unsigned mantissaBits(FloatFormat format);

/// The name of MLIR's builtin type: "f32", "bf16", "f8E4M3FN", ...
llvm::StringRef name(FloatFormat format);

/// The inverse of `name`; nothing for an unknown spelling.
std::optional<FloatFormat> parseFloatFormat(llvm::StringRef name);

/// The largest finite value.
float maxFinite(FloatFormat format);

/// The smallest value above zero, subnormals included.
float minPositive(FloatFormat format);

/// The code nearest to `value`, ties to the code with an even last bit; see the table above.
///
/// f8E8M0FNU has neither sign nor zero: the nearest power of two by distance, a tie (1.5 * 2^k)
/// goes to the even biased exponent, zero and negative values to 2^-127. The scale rules of the MX
/// formats are not this rounding: see `mxScaleExponent` in ScaleMath.h.
uint32_t encode(FloatFormat format, float value);

/// The value of a code, exact. Bits above the width are ignored.
float decode(FloatFormat format, uint32_t code);

/// `decode(encode(value))`: the value after a trip through the format.
inline float roundTo(FloatFormat format, float value) {
  return decode(format, encode(format, value));
}

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_FLOATFORMAT_H

//===- Encoding.h - How one element is stored ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An element encoding maps small integer codes to real numbers, before any scale is applied. There
// are three kinds: integers, floating-point formats, and codebooks (an ascending table of values).
// A code is an int32_t: the integer itself, the bit pattern of a float, or the index into a table.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_ENCODING_H
#define QUENCH_NUMERICS_ENCODING_H

#include "quench/Numerics/FloatFormat.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quench::numerics {

class Encoding {
public:
  enum class Kind { Integer, Float, Codebook };

  /// No encoding: `verify` rejects it.
  Encoding() = default;

  /// Integers of 1 to 8 or of 16 bits with their whole range. Signed codes are two's complement.
  static Encoding integer(unsigned bits, bool isSigned = true);
  /// Integers that only use the codes `min` to `max`, for example [-127, 127] or ternary [-1, 1].
  static Encoding integer(unsigned bits, bool isSigned, int32_t min, int32_t max);
  /// A floating-point format of at most 16 bits that has a sign and a zero.
  static Encoding floating(FloatFormat format);
  /// 2^n values (1 <= n <= 8), strictly ascending; code i stands for `values[i]`.
  static Encoding codebook(llvm::StringRef name, llvm::ArrayRef<float> values);
  /// NormalFloat4 of QLoRA (arXiv 2305.14314): 16 quantiles of the normal distribution in [-1, 1].
  static Encoding nf4();

  /// The factories accept anything; this says whether the encoding is one that exists. The other
  /// functions may only be called on a valid encoding.
  llvm::Error verify() const;

  Kind kind() const { return encodingKind; }
  bool isInteger() const { return encodingKind == Kind::Integer; }
  bool isFloat() const { return encodingKind == Kind::Float; }
  bool isCodebook() const { return encodingKind == Kind::Codebook; }

  /// Bits of one stored code.
  unsigned bitWidth() const { return bits; }
  /// Whether codes are signed; only integers can be.
  bool isSigned() const { return hasSign; }
  /// The smallest and the largest code, both included.
  int32_t minCode() const { return lowest; }
  int32_t maxCode() const { return highest; }
  /// Of a float encoding.
  FloatFormat floatFormat() const { return format; }
  /// Of a codebook.
  llvm::StringRef codebookName() const;
  llvm::ArrayRef<float> codebookValues() const;

  /// The value of a code of [minCode, maxCode] without scale and zero point.
  float decodeCode(int32_t code) const;

  /// The code nearest to an already scaled value, saturating. Ties: to even for integers and
  /// floats, to the lower code for codebooks. NaN becomes the smallest code for integers (the
  /// clamp is maxNum(NaN, min)) and codebooks, and what `encode` says for floats.
  int32_t encodeValue(float value) const;

  /// The magnitude that absmax scaling maps the largest input to: the largest code for integers
  /// (7 for 4 signed bits, 1 for ternary; the magnitude of the smallest code where no code is
  /// positive), the largest finite value for floats, the largest magnitude for codebooks.
  float maxMagnitude() const;

  /// The code of the smallest value above zero; empty when there is none.
  std::optional<int32_t> smallestPositiveCode() const;

  /// "i4", "ui8", "i8<-127:127>", "f4E2M1FN", "codebook<NF4>".
  std::string str() const;

  bool operator==(const Encoding &other) const;
  bool operator!=(const Encoding &other) const { return !(*this == other); }

private:
  struct Codebook {
    std::string name;
    std::vector<float> values;
    /// Midpoints of neighbours, in double so that they are exact for all tables of practical range.
    std::vector<double> midpoints;
  };

  Kind encodingKind = Kind::Integer;
  unsigned bits = 0;
  bool hasSign = false;
  int32_t lowest = 0;
  int32_t highest = 0;
  FloatFormat format = FloatFormat::F32;
  std::shared_ptr<const Codebook> table;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_ENCODING_H

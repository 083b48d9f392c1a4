//===- IntegerForm.h - Real numbers as integers -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a tensor of floats is in code without floats, and the proof that a step from one scale to
// another is an instruction of the machine: TOSA's `apply_scale_32` is defined for values of as
// many signed bits as its shift, so what a value can be has to be known.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERFORM_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERFORM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <cstdint>

namespace quench {

/// A real number is `(integer - zeroPoint) * scale`.
struct IntegerForm {
  /// 8 or 32, signed.
  unsigned bits = 32;
  /// One, or one for each index of the last axis.
  llvm::SmallVector<double> scales;
  int64_t zeroPoint = 0;
  /// No `|integer - zeroPoint|` is above this.
  int64_t bound = 0;

  bool hasOneScale() const { return scales.size() == 1; }
  bool operator==(const IntegerForm &other) const {
    return bits == other.bits && scales == other.scales && zeroPoint == other.zeroPoint &&
           bound == other.bound;
  }
};

/// `round(value * multiplier * 2^-shift)`, one pair, or one for each channel.
struct RescaleFactors {
  llvm::SmallVector<int32_t> multipliers;
  llvm::SmallVector<int8_t> shifts;

  /// Whether this changes nothing.
  bool isIdentity() const;
};

/// The factors from a form to a scale, or the reason why they are none that TOSA has for all values
/// of the form.
llvm::Expected<RescaleFactors> proveRescale(const IntegerForm &from, double scale);

/// A scale in which all of these can be added in i32, and in which the largest is still fine: every
/// rescaling to it is legal, and so is the sum.
double commonScale(llvm::ArrayRef<IntegerForm> forms);

/// The sum of these in their common scale.
llvm::Expected<IntegerForm> formOfSum(llvm::ArrayRef<IntegerForm> forms);

/// The sum of `count` integers of one form: as they are if i32 holds it, else in a scale that it
/// does in.
llvm::Expected<IntegerForm> formOfRepeatedSum(const IntegerForm &form, int64_t count);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERFORM_H

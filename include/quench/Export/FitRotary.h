//===- FitRotary.h - The parameters of rotary frequencies -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXPORT_FITROTARY_H
#define QUENCH_EXPORT_FITROTARY_H

#include "quench/Import/RotaryFrequencies.h"

#include "llvm/ADT/ArrayRef.h"

namespace quench {

/// The parameters that have these frequencies, finite and above 0, for heads of `headDim`: a base
/// with few digits and perhaps a linear factor that give them exactly, as f32, if there are such;
/// otherwise a base and divisors.
RotaryConfig fitRotary(llvm::ArrayRef<float> frequencies, int64_t headDim);

} // namespace quench

#endif // QUENCH_EXPORT_FITROTARY_H

//===- FloatCode.h - Small floats by arithmetic on f32 -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Upstream has no conversions between f32 and floats of 8 bits and fewer that are right on CPUs
// (arith-expand loses signs and breaks ties away from zero for f4E2M1FN, f8 has no lowering), and
// those to bf16 call a library function or flush subnormals to zero. So codes are computed here:
//
// With m mantissa bits and the smallest normal exponent emin, a magnitude a has the exponent
// e = max(floor(log2 a), emin) and the spacing 2^(e - m) around it. q = roundeven(a * 2^(m - e)) is
// exact, and ((e - emin) << m) + q is the code: the carry of q into the next binade and the
// subnormals, which have no hidden bit, come out right by themselves.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOLINALG_FLOATCODE_H
#define QUENCH_LIB_CONVERSION_QUENCHTOLINALG_FLOATCODE_H

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Numerics/FloatFormat.h"

namespace quench {

/// The code of an f32 as an i32, ties to even, as `numerics::encode` does: saturating below 16
/// bits, except that f8E5M2 keeps infinities. f32 and f8E8M0FNU have no such code.
mlir::Value emitFloatCode(TensorBuilder &b, numerics::FloatFormat format, mlir::Value value);

/// An f32 rounded to f32, f16 or bf16, subnormals included.
mlir::Value emitNarrowed(TensorBuilder &b, mlir::Type type, mlir::Value value);

/// A positive f32 rounded to f16 or bf16 and back, at most the largest and at least the smallest
/// positive value of the format; f32 as it is.
mlir::Value emitRoundedScale(TensorBuilder &b, numerics::FloatFormat format, mlir::Value value);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOLINALG_FLOATCODE_H

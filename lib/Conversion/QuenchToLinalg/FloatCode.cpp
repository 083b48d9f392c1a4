//===- FloatCode.cpp - Small floats by arithmetic on f32 -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatCode.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

using numerics::FloatFormat;

static Value bitsOf(TensorBuilder &b, Value value) {
  return arith::BitcastOp::create(b, b.getI32Type(), value);
}

static Value isNaN(TensorBuilder &b, Value value) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
}

/// The sign bit of an f32 at the place `bit` of a code.
static Value signAt(TensorBuilder &b, Value value, unsigned bit) {
  Value sign = arith::ShRUIOp::create(b, bitsOf(b, value), b.i32(31));
  return arith::ShLIOp::create(b, sign, b.i32(bit));
}

/// The code of a magnitude that is at most the largest finite one.
static Value magnitudeCode(TensorBuilder &b, FloatFormat format, Value magnitude) {
  const unsigned mantissa = numerics::mantissaBits(format);
  // The smallest positive value is 2^(emin - m).
  const int minExponent = std::ilogb(numerics::minPositive(format)) + static_cast<int>(mantissa);
  Value biased = arith::ShRUIOp::create(b, bitsOf(b, magnitude), b.i32(23));
  biased = arith::MaxUIOp::create(b, biased, b.i32(127 + minExponent));
  // 2^(m - e) as the bits of a float.
  Value inverse = arith::SubIOp::create(b, b.i32(2 * 127 + mantissa), biased);
  inverse = arith::ShLIOp::create(b, inverse, b.i32(23));
  inverse = arith::BitcastOp::create(b, b.getF32Type(), inverse);
  Value steps = arith::MulFOp::create(b, magnitude, inverse);
  steps = math::RoundEvenOp::create(b, steps);
  steps = arith::FPToSIOp::create(b, b.getI32Type(), steps);
  Value binade = arith::SubIOp::create(b, biased, b.i32(127 + minExponent));
  binade = arith::ShLIOp::create(b, binade, b.i32(mantissa));
  return arith::AddIOp::create(b, binade, steps);
}

/// bf16 is the upper half of f32.
static Value bf16Code(TensorBuilder &b, Value value) {
  Value bits = bitsOf(b, value);
  Value upper = arith::ShRUIOp::create(b, bits, b.i32(16));
  Value odd = arith::AndIOp::create(b, upper, b.i32(1));
  Value rounded = arith::AddIOp::create(b, bits, b.i32(0x7fff));
  rounded = arith::AddIOp::create(b, rounded, odd);
  rounded = arith::ShRUIOp::create(b, rounded, b.i32(16));
  Value quiet = arith::OrIOp::create(b, upper, b.i32(0x40));
  return arith::SelectOp::create(b, isNaN(b, value), quiet, rounded);
}

Value quench::emitFloatCode(TensorBuilder &b, FloatFormat format, Value value) {
  if (format == FloatFormat::BF16) {
    return bf16Code(b, value);
  }
  if (format == FloatFormat::F16) {
    Value narrow = arith::TruncFOp::create(b, b.getF16Type(), value);
    Value bits = arith::BitcastOp::create(b, b.getI16Type(), narrow);
    return arith::ExtUIOp::create(b, b.getI32Type(), bits);
  }
  const unsigned signBit = numerics::bitWidth(format) - 1;
  const float infinity = std::numeric_limits<float>::infinity();
  Value magnitude = math::AbsFOp::create(b, value);
  // NaN is replaced by a number here and looked at below.
  Value finite = arith::MinNumFOp::create(b, magnitude, b.f32(numerics::maxFinite(format)));
  Value code = magnitudeCode(b, format, finite);
  if (format == FloatFormat::F8E5M2) {
    Value isInfinite =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, magnitude, b.f32(infinity));
    code = arith::SelectOp::create(b, isInfinite, b.i32(numerics::encode(format, infinity)), code);
  }
  code = arith::OrIOp::create(b, code, signAt(b, value, signBit));
  const uint32_t nanCode = numerics::encode(format, std::numeric_limits<float>::quiet_NaN());
  Value nan = b.i32(nanCode);
  if (std::isnan(numerics::decode(format, nanCode))) {
    nan = arith::OrIOp::create(b, nan, signAt(b, value, signBit));
  }
  return arith::SelectOp::create(b, isNaN(b, value), nan, code);
}

Value quench::emitNarrowed(TensorBuilder &b, Type type, Value value) {
  if (type.isBF16()) {
    Value code = arith::TruncIOp::create(b, b.getI16Type(), bf16Code(b, value));
    return arith::BitcastOp::create(b, type, code);
  }
  return type.isF32() ? value : arith::TruncFOp::create(b, type, value).getResult();
}

Value quench::emitRoundedScale(TensorBuilder &b, FloatFormat format, Value value) {
  if (format == FloatFormat::F32) {
    return value;
  }
  value = arith::MinNumFOp::create(b, value, b.f32(numerics::maxFinite(format)));
  if (format == FloatFormat::BF16) {
    value = arith::ShLIOp::create(b, bf16Code(b, value), b.i32(16));
    value = arith::BitcastOp::create(b, b.getF32Type(), value);
  } else {
    value = arith::TruncFOp::create(b, b.getF16Type(), value);
    value = arith::ExtFOp::create(b, b.getF32Type(), value);
  }
  return arith::MaxNumFOp::create(b, value, b.f32(numerics::minPositive(format)));
}

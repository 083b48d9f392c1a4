//===- ElementCode.cpp - Codes from values and values from codes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementCode.h"

#include "FloatCode.h"

#include "quench/Conversion/QuenchToLinalg/QuenchToLinalg.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;
using namespace quench;

using numerics::Encoding;
using numerics::FloatFormat;

Value quench::widenCode(TensorBuilder &b, SchemeAttr scheme, Value code) {
  if (scheme.getNumericsScheme().element.isSigned()) {
    return arith::ExtSIOp::create(b, b.getI32Type(), code);
  }
  return arith::ExtUIOp::create(b, b.getI32Type(), code);
}

//===----------------------------------------------------------------------===//
// Decoding
//===----------------------------------------------------------------------===//

ElementDecoder::ElementDecoder(TensorBuilder &b, SchemeAttr scheme)
    : scheme(scheme), element(scheme.getNumericsScheme().element) {
  if (element.isInteger() || element.bitWidth() > 8) {
    return;
  }
  SmallVector<float> values;
  for (int32_t code = 0; code < (1 << element.bitWidth()); ++code) {
    values.push_back(element.decodeCode(code));
  }
  auto type = RankedTensorType::get(values.size(), b.getF32Type());
  table = arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef<float>(values)));
}

Value ElementDecoder::decode(TensorBuilder &b, Value code, Value zeroPoint) const {
  if (element.isInteger()) {
    Value number = widenCode(b, scheme, code);
    if (zeroPoint) {
      number = arith::SubIOp::create(b, number, zeroPoint);
    }
    return arith::SIToFPOp::create(b, b.getF32Type(), number);
  }
  if (table) {
    Value row = arith::IndexCastUIOp::create(b, b.getIndexType(), code);
    return tensor::ExtractOp::create(b, table, row);
  }
  return b.toF32(arith::BitcastOp::create(b, scheme.getElementType(), code));
}

//===----------------------------------------------------------------------===//
// Encoding
//===----------------------------------------------------------------------===//

ElementEncoder::ElementEncoder(TensorBuilder &b, SchemeAttr scheme)
    : scheme(scheme), element(scheme.getNumericsScheme().element) {
  if (!element.isCodebook()) {
    return;
  }
  SmallVector<double> values;
  ArrayRef<float> codebook = element.codebookValues();
  for (size_t i = 1; i < codebook.size(); ++i) {
    values.push_back((static_cast<double>(codebook[i - 1]) + codebook[i]) / 2);
  }
  auto type = RankedTensorType::get(values.size(), b.getF64Type());
  midpoints = arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef<double>(values)));
}

/// clamp(roundeven(quotient) + z, min, max), where the first step of the clamp turns NaN into min.
Value ElementEncoder::encodeInteger(TensorBuilder &b, Value quotient, Value zeroPoint) const {
  Value code = math::RoundEvenOp::create(b, quotient);
  if (zeroPoint) {
    Value shift = arith::SIToFPOp::create(b, b.getF32Type(), zeroPoint);
    code = arith::AddFOp::create(b, code, shift);
  }
  code = arith::MaxNumFOp::create(b, code, b.f32(static_cast<float>(element.minCode())));
  code = arith::MinNumFOp::create(b, code, b.f32(static_cast<float>(element.maxCode())));
  return arith::FPToSIOp::create(b, b.getI32Type(), code);
}

/// The number of midpoints below the quotient, a bit at a time from the highest. A tie belongs to
/// the lower code, and NaN, which is above nothing, to code 0.
Value ElementEncoder::searchCodebook(TensorBuilder &b, Value quotient) const {
  Value wide = arith::ExtFOp::create(b, b.getF64Type(), quotient);
  Value code = b.i32(0);
  for (int32_t step = 1 << (element.bitWidth() - 1); step > 0; step /= 2) {
    Value next = arith::AddIOp::create(b, code, b.i32(step));
    Value last = arith::AddIOp::create(b, code, b.i32(step - 1));
    last = arith::IndexCastOp::create(b, b.getIndexType(), last);
    Value midpoint = tensor::ExtractOp::create(b, midpoints, last);
    Value above = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, wide, midpoint);
    code = arith::SelectOp::create(b, above, next, code);
  }
  return code;
}

Value ElementEncoder::encode(TensorBuilder &b, Value value, Value scale, Value zeroPoint) const {
  Value quotient = arith::DivFOp::create(b, value, scale);
  Value code;
  switch (element.kind()) {
  case Encoding::Kind::Integer:
    code = encodeInteger(b, quotient, zeroPoint);
    break;
  case Encoding::Kind::Float: {
    if (element.floatFormat() == FloatFormat::F8E5M2) {
      // A quotient too large for f32 is still a number and saturates, an infinite value does not.
      const float infinity = std::numeric_limits<float>::infinity();
      const float largest = std::numeric_limits<float>::max();
      Value magnitude = math::AbsFOp::create(b, value);
      Value isFinite =
          arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, magnitude, b.f32(infinity));
      Value clamped = arith::MaximumFOp::create(b, quotient, b.f32(-largest));
      clamped = arith::MinimumFOp::create(b, clamped, b.f32(largest));
      quotient = arith::SelectOp::create(b, isFinite, clamped, quotient);
    }
    code = emitFloatCode(b, element.floatFormat(), quotient);
    break;
  }
  case Encoding::Kind::Codebook:
    code = searchCodebook(b, quotient);
    break;
  }
  return arith::TruncIOp::create(b, getStoredCodeType(scheme), code);
}

//===- ElementCode.h - Codes from values and values from codes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOLINALG_ELEMENTCODE_H
#define QUENCH_LIB_CONVERSION_QUENCHTOLINALG_ELEMENTCODE_H

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

namespace quench {

/// A code as it is stored (i8 or i16), widened to i32: integers by their sign, others by zeros.
mlir::Value widenCode(TensorBuilder &b, SchemeAttr scheme, mlir::Value code);

/// Decodes single codes. Tables are made where the decoder is, outside of the bodies that use it.
class ElementDecoder {
public:
  ElementDecoder(TensorBuilder &b, SchemeAttr scheme);

  /// The f32 that a stored code stands for, without the scale; `zeroPoint` is an i32 or null.
  mlir::Value decode(TensorBuilder &b, mlir::Value code, mlir::Value zeroPoint) const;

private:
  SchemeAttr scheme;
  numerics::Encoding element;
  /// The value of each code, unless arithmetic is enough.
  mlir::Value table;
};

/// Encodes single values.
class ElementEncoder {
public:
  ElementEncoder(TensorBuilder &b, SchemeAttr scheme);

  /// The stored code of the f32 `value / scale`; `zeroPoint` is an i32 or null.
  mlir::Value encode(TensorBuilder &b, mlir::Value value, mlir::Value scale,
                     mlir::Value zeroPoint) const;

private:
  mlir::Value encodeInteger(TensorBuilder &b, mlir::Value quotient, mlir::Value zeroPoint) const;
  mlir::Value searchCodebook(TensorBuilder &b, mlir::Value quotient) const;

  SchemeAttr scheme;
  numerics::Encoding element;
  /// Of a codebook: the midpoints of neighbours, in f64, where they are exact.
  mlir::Value midpoints;
};

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOLINALG_ELEMENTCODE_H

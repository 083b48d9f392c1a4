//===- Value.h - What an SSA value holds at run time ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A scalar, a dense row-major tensor or a quantized tensor, with its type. Every dimension of the
// type is static: it is the type of the data, where the IR may leave dimensions open.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_REFERENCE_VALUE_H
#define QUENCH_REFERENCE_VALUE_H

#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <vector>

namespace quench::reference {

/// One run-time value. Which members hold data follows from `type`; the others are empty.
struct Value {
  /// A scalar type, a tensor type or a `!quench.qtensor`, without dynamic dimensions.
  mlir::Type type;

  /// Elements of a float scalar or tensor, each exactly a value of its type: f32 or narrower.
  std::vector<float> floats;
  /// Elements of an integer or index scalar or tensor, of at most 64 bits. Sign-extended; those of
  /// i1 and of unsigned types are zero-extended.
  std::vector<int64_t> integers;

  /// Of a quantized tensor: one code an element (integers as they are, bit patterns of floats,
  /// indices into codebooks), and one decoded scale and perhaps one zero point a block, in the
  /// row-major order of `SchemeAttr::getScaleShape`.
  std::vector<int32_t> codes;
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;
  /// Instead of `zeroPoints` for schemes with real ones.
  std::vector<float> realZeroPoints;

  static Value scalar(mlir::FloatType type, float value);
  static Value scalar(mlir::Type integerOrIndex, int64_t value);
  static Value tensor(mlir::FloatType element, llvm::ArrayRef<int64_t> shape,
                      std::vector<float> values);
  static Value tensor(mlir::Type integerOrIndex, llvm::ArrayRef<int64_t> shape,
                      std::vector<int64_t> values);
  static Value quantized(QTensorType type, std::vector<int32_t> codes, std::vector<float> scales,
                         std::vector<int32_t> zeroPoints = {});

  /// The factories accept anything. This says what is wrong: an open or huge shape, a count that
  /// does not fit the shape, an element that is not a value of its type, a code or zero point
  /// outside of the range of the scheme, a scale that is not finite or is 0.
  llvm::Error verify() const;

  bool isQuantized() const { return llvm::isa_and_nonnull<QTensorType>(type); }
  /// Empty for scalars.
  llvm::ArrayRef<int64_t> shape() const;
  /// Of a quantized tensor, the element type that it expresses.
  mlir::Type elementType() const;
  /// The number of elements.
  int64_t size() const;
};

/// More elements than this are refused, so that no shape in the IR can exhaust the machine.
inline constexpr int64_t maxElements = int64_t(1) << 30;

/// The number of elements of a shape, or an error when it is open or above `maxElements`.
llvm::Expected<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// `value` rounded half to even to a float type of at most 32 bits.
float roundToType(mlir::Type type, float value);

/// The low bits of `bits` as an element of an integer or index type.
int64_t wrapToType(mlir::Type type, uint64_t bits);

/// Whether data of the type `actual` may stand where the IR says `declared`.
bool isCompatible(mlir::Type declared, mlir::Type actual);

/// One line, `name: 2x3xf32 = [1, 2.5, ...]`, with floats to nine digits, which distinguish all
/// values of f32; `name: index = 7` for scalars. A quantized tensor takes a line for `name.codes`,
/// one for `name.scales` and perhaps one for `name.zero_points`.
void print(llvm::raw_ostream &os, llvm::StringRef name, const Value &value);

} // namespace quench::reference

#endif // QUENCH_REFERENCE_VALUE_H

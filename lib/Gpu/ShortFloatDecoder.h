//===- ShortFloatDecoder.h - Codes of weights as 16-bit floats --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Four codes lie in the four bytes of a word, or in some bits of each. Two of them, the first and
// the third or the second and the fourth, are two halves of a word after a shift and a mask; put
// into the mantissa of a power of two, they are floats whose distance to that power is the code.
// One subtraction for both leaves the code minus its zero point, exactly. bf16 has too few bits for
// a byte: there the highest one goes into the exponent of a second pair. AMD's devices have no
// arithmetic on pairs of bf16, but every code is exact in the upper half of an f32.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_SHORTFLOATDECODER_H
#define QUENCH_LIB_GPU_SHORTFLOATDECODER_H

#include "quench/Gpu/GpuKernelBuilder.h"
#include "quench/Gpu/MatrixFragment.h"

namespace quench {

class ShortFloatDecoder {
public:
  ShortFloatDecoder(GpuKernelBuilder &b, const MatrixFragment &fragment, unsigned bits)
      : b(b), isHalf(fragment.element == MatrixElement::F16),
        hasPairs(isHalf || fragment.copiesAsynchronously), bits(bits) {}

  /// What `decode` takes off, from the zero point of unsigned codes in i32.
  mlir::Value offsetOf(mlir::Value zeroPoint);

  /// A word with two floats: the codes of bytes `half` and `half + 2` of a word that holds so many
  /// fours of codes one above the other, of which this is number `four`.
  mlir::Value decode(mlir::Value word, int64_t four, int64_t half, mlir::Value offset);

private:
  mlir::Value pairs(mlir::Value word, int64_t four, int64_t half, uint32_t mask);
  /// a * factor + c of two pairs of floats.
  mlir::Value add(mlir::Value a, uint32_t factor, mlir::Value c);
  mlir::Value extend(mlir::Value code, mlir::Value offset);

  GpuKernelBuilder &b;
  bool isHalf;
  /// Whether there is arithmetic on pairs.
  bool hasPairs;
  unsigned bits;
};

} // namespace quench

#endif // QUENCH_LIB_GPU_SHORTFLOATDECODER_H

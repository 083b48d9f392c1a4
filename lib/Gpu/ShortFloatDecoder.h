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
// Codes that are looked up pick bytes of registers: sixteen lower bytes of floats are in four
// registers, upper ones in four others, and the highest bit of a code says which of two picks
// counts. An eight-bit float has its exponent and mantissa moved to those of a 16-bit one, which is
// then so many powers of two too small.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_SHORTFLOATDECODER_H
#define QUENCH_LIB_GPU_SHORTFLOATDECODER_H

#include "quench/Codegen/ShortFloatTable.h"
#include "quench/Gpu/GpuKernelBuilder.h"
#include "quench/Gpu/MatrixFragment.h"

namespace quench {

class ShortFloatDecoder {
public:
  /// `table` is what codes stand for that are looked up.
  ShortFloatDecoder(GpuKernelBuilder &b, const MatrixFragment &fragment, PanelContainer container,
                    std::optional<ShortFloatTable> table)
      : b(b), isHalf(fragment.element == MatrixElement::F16),
        isNvidia(fragment.copiesAsynchronously), hasPairs(isHalf || isNvidia),
        bits(bitsOf(container)), container(container), table(table) {}

  /// Whether codes are integers, from which something is taken off.
  bool hasOffsets() const { return !table && !holdsByteFloats(container); }

  /// What `decode` takes off, from the zero point of unsigned codes in i32.
  mlir::Value offsetOf(mlir::Value zeroPoint);

  /// A word with two floats: the codes of bytes `half` and `half + 2` of a word that holds so many
  /// fours of codes one above the other, of which this is number `four`. `offset` is null for codes
  /// without offsets.
  mlir::Value decode(mlir::Value word, int64_t four, int64_t half, mlir::Value offset);

private:
  mlir::Value pairs(mlir::Value word, int64_t four, int64_t half, uint32_t mask);
  /// a * factor + c of two pairs of floats.
  mlir::Value add(mlir::Value a, uint32_t factor, mlir::Value c);
  mlir::Value extend(mlir::Value code, mlir::Value offset);

  /// Bytes of two registers that four numbers from 0 to 7 name, in the four bytes of a register or,
  /// on NVIDIA's devices, in its lower four half bytes.
  mlir::Value pick(mlir::Value first, mlir::Value second, mlir::Value numbers);
  mlir::Value pick(mlir::Value first, mlir::Value second, std::array<uint32_t, 4> numbers);
  /// The lower or upper bytes of the floats of four codes, whose lower three bits are `numbers`;
  /// `isUpper` has 1s for those with a fourth bit.
  mlir::Value lookUpBytes(mlir::Value numbers, mlir::Value isUpper, bool isHigh);
  mlir::Value lookUp(mlir::Value word, int64_t four, int64_t half);
  mlir::Value extendByteFloat(mlir::Value word, int64_t half);

  GpuKernelBuilder &b;
  bool isHalf, isNvidia;
  /// Whether there is arithmetic on pairs.
  bool hasPairs;
  unsigned bits;
  PanelContainer container;
  std::optional<ShortFloatTable> table;
};

} // namespace quench

#endif // QUENCH_LIB_GPU_SHORTFLOATDECODER_H

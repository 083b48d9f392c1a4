//===- ShortFloatDecoder.cpp - Codes of weights as 16-bit floats ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShortFloatDecoder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace quench;

/// A pair of the same bits.
static constexpr uint32_t pairOf(uint32_t bits) { return bits << 16 | bits; }

// Powers of two whose last bit of the mantissa is 1: 128 and 1024.
static constexpr uint32_t kBF16Power = 0x4300, kF16Power = 0x6400;
static constexpr uint32_t kBF16One = 0x3f80, kF16One = 0x3c00, kSign = 0x8000;

Value ShortFloatDecoder::pairs(Value word, int64_t four, int64_t half, uint32_t mask) {
  Value shifted = b.shiftRight(word, static_cast<int32_t>(bits * four + 8 * half));
  return b.bitAnd(shifted, pairOf(mask));
}

Value ShortFloatDecoder::add(Value a, uint32_t factor, Value c) {
  Type element = isHalf ? Type(b.getF16Type()) : b.getBF16Type();
  Type type = VectorType::get({2}, element);
  auto floats = [&](Value word) -> Value { return LLVM::BitcastOp::create(b, type, word); };
  Value times = b.i32(static_cast<int32_t>(pairOf(factor)));
  Value sum = LLVM::FMAOp::create(b, type, floats(a), floats(times), floats(c));
  return LLVM::BitcastOp::create(b, b.getI32Type(), sum);
}

Value ShortFloatDecoder::offsetOf(Value zeroPoint) {
  if (!hasPairs) {
    return zeroPoint;
  }
  if (!isHalf && bits == 8) {
    // What decoding leaves is the code minus 128.
    Value rest = arith::BitcastOp::create(b, b.getI32Type(), b.toF32(b.sub(b.i32(128), zeroPoint)));
    Value upper = b.bitAnd(rest, 0xffff0000u);
    return b.bitOr(upper, b.shiftRight(upper, 16));
  }
  const uint32_t power = (isHalf ? kF16Power : kBF16Power) | kSign;
  Value both = b.bitOr(zeroPoint, b.shiftLeft(zeroPoint, 16));
  return b.bitOr(both, b.i32(static_cast<int32_t>(pairOf(power))));
}

Value ShortFloatDecoder::extend(Value code, Value offset) {
  return arith::BitcastOp::create(b, b.getI32Type(), b.toF32(b.sub(code, offset)));
}

Value ShortFloatDecoder::decode(Value word, int64_t four, int64_t half, Value offset) {
  const uint32_t mask = (1u << bits) - 1u;
  if (!hasPairs) {
    Value codes = pairs(word, four, half, mask);
    Value low = extend(b.bitAnd(codes, mask), offset),
          high = extend(b.shiftRight(codes, 16), offset);
    return b.bitOr(b.shiftRight(low, 16), b.bitAnd(high, 0xffff0000u));
  }
  if (isHalf || bits < 8) {
    Value power = b.i32(static_cast<int32_t>(pairOf(isHalf ? kF16Power : kBF16Power)));
    Value code = b.bitOr(pairs(word, four, half, mask), power);
    return add(code, isHalf ? kF16One : kBF16One, offset);
  }
  // A signed byte is its lower seven bits minus 128 if the highest is set. That bit is the lowest
  // of the exponent, in which 128 becomes 256.
  Value power = b.i32(static_cast<int32_t>(pairOf(kBF16Power)));
  Value flipped = arith::XOrIOp::create(b, word, b.i32(static_cast<int32_t>(0x80808080u)));
  Value lower = b.bitOr(pairs(flipped, four, half, 0x7f), power);
  Value upper = b.bitOr(pairs(flipped, four, half, 0x80), power);
  Value code = add(upper, kBF16One | kSign, lower);
  return offset ? add(code, kBF16One, offset) : code;
}

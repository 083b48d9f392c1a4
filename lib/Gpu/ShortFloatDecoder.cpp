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
  if (table) {
    return lookUp(word, four, half);
  }
  if (holdsByteFloats(container)) {
    return extendByteFloat(word, half);
  }
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

//===----------------------------------------------------------------------===//
// Codes that are looked up
//===----------------------------------------------------------------------===//

Value ShortFloatDecoder::pick(Value first, Value second, Value numbers) {
  // AMD counts the bytes of the second operand first.
  StringAttr name = b.getStringAttr(isNvidia ? "llvm.nvvm.prmt" : "llvm.amdgcn.perm");
  Value operands[] = {isNvidia ? first : second, isNvidia ? second : first, numbers};
  return LLVM::CallIntrinsicOp::create(b, b.getI32Type(), name, operands)->getResult(0);
}

Value ShortFloatDecoder::pick(Value first, Value second, std::array<uint32_t, 4> numbers) {
  uint32_t packed = 0;
  for (auto [place, number] : llvm::enumerate(numbers)) {
    packed |= number << (isNvidia ? 4 : 8) * place;
  }
  return pick(first, second, b.i32(static_cast<int32_t>(packed)));
}

Value ShortFloatDecoder::lookUpBytes(Value numbers, Value isUpper, bool isHigh) {
  SmallVector<Value> bytes;
  for (int64_t first = 0; first < 16; first += 4) {
    uint32_t packed = 0;
    for (int64_t i = 0; i < 4; ++i) {
      packed |= ((*table)[first + i] >> (isHigh ? 8 : 0) & 0xffu) << 8 * i;
    }
    bytes.push_back(b.i32(static_cast<int32_t>(packed)));
  }
  Value lower = pick(bytes[0], bytes[1], numbers), upper = pick(bytes[2], bytes[3], numbers);
  Value differences = arith::AndIOp::create(b, arith::XOrIOp::create(b, lower, upper), isUpper);
  return arith::XOrIOp::create(b, lower, differences);
}

Value ShortFloatDecoder::lookUp(Value word, int64_t four, int64_t half) {
  Value ones = b.i32(0xff00), zero = b.i32(0);
  if (!isNvidia) {
    Value shifted = b.shiftRight(word, static_cast<int32_t>(4 * four));
    Value numbers = b.bitAnd(shifted, 0x07070707u);
    Value isUpper = pick(ones, zero, b.bitAnd(b.shiftRight(shifted, 3), 0x01010101u));
    Value low = lookUpBytes(numbers, isUpper, /*isHigh=*/false);
    Value high = lookUpBytes(numbers, isUpper, /*isHigh=*/true);
    const auto first = static_cast<uint32_t>(half);
    return pick(low, high, {first, first + 4, first + 2, first + 6});
  }
  // Sixteen bits of the word name four floats, of both fours: of bytes 0 and 1, or of 2 and 3.
  const auto place = static_cast<uint32_t>(2 * half + four);
  SmallVector<Value> floats;
  for (int32_t shift : {0, 16}) {
    Value codes = b.shiftRight(word, shift);
    Value numbers = b.bitAnd(codes, 0x7777u);
    Value isUpper = pick(ones, zero, b.bitAnd(b.shiftRight(codes, 3), 0x1111u));
    Value low = lookUpBytes(numbers, isUpper, /*isHigh=*/false);
    Value high = lookUpBytes(numbers, isUpper, /*isHigh=*/true);
    floats.push_back(pick(low, high, {place, place + 4, place, place + 4}));
  }
  return pick(floats[0], floats[1], {0, 1, 4, 5});
}

//===----------------------------------------------------------------------===//
// Eight-bit floats
//===----------------------------------------------------------------------===//

/// The bits of 2^exponent in a format with so many bits of mantissa and such a bias.
static constexpr uint32_t powerOfTwo(int32_t exponent, int32_t mantissa, int32_t bias) {
  return static_cast<uint32_t>(exponent + bias) << mantissa;
}

Value ShortFloatDecoder::extendByteFloat(Value word, int64_t half) {
  const bool isE4M3 = container == PanelContainer::F8E4M3FN;
  const int32_t mantissa = isE4M3 ? 3 : 2, bias = isE4M3 ? 7 : 15;
  // Bytes `half` and `half + 2` in the upper halves of two 16-bit words.
  Value codes = half == 0 ? b.shiftLeft(word, 8) : word;
  if (isHalf && !isE4M3) {
    return b.bitAnd(codes, 0xff00ff00u);
  }
  if (!hasPairs) {
    SmallVector<Value> floats;
    for (int32_t shift : {16, 0}) {
      Value code = b.shiftLeft(codes, shift);
      Value magnitude = b.shiftRight(b.bitAnd(code, 0x7f000000u), 1 + mantissa);
      Value sign = b.bitAnd(code, 0x80000000u);
      Value placed = arith::BitcastOp::create(b, b.getF32Type(), b.bitOr(sign, magnitude));
      Value factor = arith::BitcastOp::create(
          b, b.getF32Type(), b.i32(static_cast<int32_t>(powerOfTwo(127 - bias, 23, 127))));
      floats.push_back(arith::BitcastOp::create(b, b.getI32Type(), b.mul(placed, factor)));
    }
    return b.bitOr(b.shiftRight(floats[0], 16), b.bitAnd(floats[1], 0xffff0000u));
  }
  const int32_t ownMantissa = isHalf ? 10 : 7, ownBias = isHalf ? 15 : 127;
  Value magnitude = b.shiftRight(b.bitAnd(codes, 0x7f007f00u), 8 - (ownMantissa - mantissa));
  Value placed = b.bitOr(b.bitAnd(codes, 0x80008000u), magnitude);
  const uint32_t factor = powerOfTwo(ownBias - bias, ownMantissa, ownBias);
  return add(placed, factor, b.i32(0));
}

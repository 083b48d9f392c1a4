//===- FixedPointKernel.cpp - Kernels that turn rows of floats into fixed point -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/FixedPointKernel.h"

#include "quench/Codegen/ActivationCodes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"

#include <limits>

using namespace mlir;
using namespace quench;

namespace {
constexpr int32_t kDigits = FixedPointKernel::kDigits;
/// Bits of an integer without its sign.
constexpr int32_t kBits = 8 * kDigits - 2;
/// The exponent of the smallest positive f32.
constexpr int32_t kLeastExponent = -149;
constexpr int32_t kInfinity = 0x7F800000;

class FixedPointEmitter {
public:
  FixedPointEmitter(KernelBuilder &builder, const FixedPointKernel &kernel, ValueRange parameters)
      : b(builder), groups(kernel.groups), input(parameters[0]), digits(parameters[1]),
        scales(parameters[2]), sums(parameters[3]) {}

  void emit() {
    b.parallelLoop(b.size(input, 0), 3 * groups.k, [&](Value row) {
      Value largest = largestBits(row);
      Value exponent = exponentOf(largest);
      storeScale(row, largest, exponent);
      // 2^-exponent may not be a float; its two halves are.
      Value negated = b.sub(b.i32(0), exponent);
      Value half = arith::ShRSIOp::create(b, negated, b.i32(1));
      Value factors[] = {b.splat(powerOfTwo(half)), b.splat(powerOfTwo(b.sub(negated, half)))};
      int64_t count = groups.numGroups(), last = groups.groupSize(count - 1);
      int64_t equal = last == groups.group ? count : count - 1;
      b.loop(b.index(0), b.index(equal), 1,
             [&](Value group) { splitGroup(row, group, groups.group, factors); });
      if (equal < count) {
        splitGroup(row, b.index(count - 1), last, factors);
      }
    });
  }

private:
  /// The bits of the largest magnitude, which are ordered as magnitudes are, NaN last.
  Value largestBits(Value row) {
    VectorType integers = b.vectorType(b.getI32Type());
    SmallVector<Value> largest =
        b.forVectors(groups.k, {b.splat(0)},
                     [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
                       Value x = b.load(input, {row, offset}, 0, live);
                       Value bits = arith::BitcastOp::create(b, integers, x);
                       bits = arith::AndIOp::create(b, bits, b.splat(0x7FFFFFFF));
                       return {b.maximum(bits, carried[0])};
                     });
    return b.maxLanes(largest[0]);
  }

  /// That of the unit of the integers: E - kBits, or the least one.
  Value exponentOf(Value largest) {
    // A biased exponent e stands for [2^(e - 127), 2^(e - 126)).
    Value biased = arith::ShRUIOp::create(b, largest, b.i32(23));
    return b.maximum(b.sub(biased, b.i32(126 + kBits)), b.i32(kLeastExponent));
  }

  /// 2^exponent for an exponent from -126 to 127.
  Value powerOfTwo(Value exponent) {
    Value bits = arith::ShLIOp::create(b, b.add(exponent, b.i32(127)), b.i32(23));
    return arith::BitcastOp::create(b, b.getF32Type(), bits);
  }

  void storeScale(Value row, Value largest, Value exponent) {
    Value half = arith::ShRSIOp::create(b, exponent, b.i32(1));
    Value scale = b.mul(powerOfTwo(half), powerOfTwo(b.sub(exponent, half)));
    Value isFinite = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, largest, b.i32(kInfinity));
    Value nan = b.f32(std::numeric_limits<float>::quiet_NaN());
    scale = arith::SelectOp::create(b, isFinite, scale, nan);
    b.storeScalar(scale, scales, {row, b.index(0)});
  }

  void splitGroup(Value row, Value group, int64_t size, ArrayRef<Value> factors) {
    Value from = b.mul(group, b.index(groups.group));
    Value to = b.mul(group, b.index(groups.paddedGroup()));
    SmallVector<Value> zeros(kDigits, b.splat(0));
    SmallVector<Value> digitSums = b.forVectors(
        size, zeros, [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
          Value x = b.load(input, {row, b.add(from, offset)}, 0, live);
          SmallVector<Value> next;
          for (auto [digit, codes] : llvm::enumerate(split(x, factors))) {
            Value bytes = arith::TruncIOp::create(b, b.vectorType(b.getI8Type()), codes);
            b.store(bytes, digits, address(row, digit, b.add(to, offset)), live);
            next.push_back(b.add(carried[digit], codes));
          }
          return next;
        });
    int64_t padded = (size + GroupLayout::kUnit - 1) / GroupLayout::kUnit * GroupLayout::kUnit;
    Value zero = arith::ConstantIntOp::create(b, 0, 8);
    for (int32_t digit = 0; digit < kDigits; ++digit) {
      Value place = b.add(group, b.index(digit * groups.numGroups()));
      b.storeScalar(b.sumLanes(digitSums[digit]), sums, {row, place});
      for (int64_t position = size; position < padded; ++position) {
        b.storeScalar(zero, digits, address(row, digit, b.add(to, b.index(position))));
      }
    }
  }

  SmallVector<Value> address(Value row, int64_t digit, Value position) {
    return codeAddress(b, groups, digits, b.size(input, 0), row,
                       b.add(position, b.index(digit * groups.paddedK())));
  }

  /// The digits of round(x / unit) in i32 lanes, the lowest one first.
  SmallVector<Value> split(Value x, ArrayRef<Value> factors) {
    Value scaled = b.mul(b.mul(x, factors[0]), factors[1]);
    Value rounded = math::RoundEvenOp::create(b, scaled);
    // Only in a row with NaN or infinities is there anything to clamp.
    constexpr float most = 1 << kBits;
    rounded = b.minimum(b.maximum(rounded, b.splat(-most)), b.splat(most));
    Value number = arith::FPToSIOp::create(b, b.vectorType(b.getI32Type()), rounded);
    // With 128 added to each byte but the last, the bytes are the digits plus 128.
    Value offset = b.splat(0x00808080 >> (8 * (4 - kDigits)));
    Value bytes = arith::XOrIOp::create(b, b.add(number, offset), offset);
    SmallVector<Value> result;
    for (int32_t digit = 0; digit < kDigits; ++digit) {
      Value raised = arith::ShLIOp::create(b, bytes, b.splat(24 - 8 * digit));
      result.push_back(arith::ShRSIOp::create(b, raised, b.splat(24)));
    }
    return result;
  }

  KernelBuilder &b;
  const GroupLayout &groups;
  Value input, digits, scales, sums;
};
} // namespace

std::string FixedPointKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "fixed_point_" << groups.k;
  if (groups.group != groups.k) {
    os << "_g" << groups.group;
  }
  os << groups.nameOfRows();
  return text;
}

func::FuncOp FixedPointKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    int64_t rows = ShapedType::kDynamic;
    return {b.bufferType({rows, groups.k}, b.getF32Type()), codeBuffer(b, groups, kDigits),
            b.bufferType({rows, 1}, b.getF32Type()),
            b.bufferType({rows, kDigits * groups.numGroups()}, b.getI32Type())};
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { FixedPointEmitter(b, *this, values).emit(); });
}

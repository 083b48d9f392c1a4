//===- GpuQuantizeKernel.cpp - Quantization of activations on devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A group of threads takes a row. Where groups of the row have scales of their own, a thread takes
// a group.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/KernelSelection.h"
#include "quench/Gpu/GpuProductKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

namespace {
class QuantizeEmitter {
public:
  QuantizeEmitter(GpuKernelBuilder &b, const GpuQuantizeKernel &kernel, ValueRange buffers)
      : b(b), kernel(kernel), groups(kernel.groups), input(buffers[0]),
        given(kernel.dynamic ? Value() : buffers[1]), codes(buffers[kernel.dynamic ? 1 : 2]),
        scales(kernel.dynamic ? buffers[2] : Value()), sums(kernel.format ? Value() : buffers[3]) {}

  void emit() {
    row = b.groupId(0);
    thread = b.threadId();
    firstInput = b.mul(row, groups.k);
    firstWord = b.mul(row, kernel.wordsPerRow());
    if (kernel.groupScales) {
      // Found group by group.
    } else if (kernel.dynamic) {
      scale = rowScale();
      b.ifThen(b.lessThan(thread, b.index(1)), [&] { b.store(scale, scales, row); });
    } else {
      scale = b.load(given, b.index(0));
    }
    int64_t number = groups.numGroups();
    if (number == 1 && !kernel.groupScales) {
      quantizeRow();
      return;
    }
    b.loop(thread, b.index(number), b.index(b.threads), [&](Value group) {
      if (kernel.groupScales) {
        scale = groupScale(group);
        b.store(scale, scales, b.add(b.mul(row, number), group));
      }
      Value sum = quantizeWords(group, b.index(0), b.index(1));
      if (sums) {
        b.store(sum, sums, b.add(b.mul(row, number), group));
      }
    });
  }

private:
  /// clip max|x| / M, or 1 for a row of zeros.
  Value rowScale() {
    SmallVector<Value> largest =
        b.loop(thread, b.index(groups.k), b.index(b.threads), {b.f32(0.0f)},
               [&](Value k, ValueRange carried) -> SmallVector<Value> {
                 Value x = b.load(input, b.add(firstInput, k));
                 // NaN does not count.
                 return {b.maximum(math::AbsFOp::create(b, x), carried[0])};
               });
    Value shared = b.sharedBuffer(b.threads, b.getF32Type());
    Value magnitude =
        b.reduce(largest[0], shared, [&](Value lhs, Value rhs) { return b.maximum(lhs, rhs); });
    return scaleFor(magnitude);
  }

  /// Likewise of a group, or a power of two.
  Value groupScale(Value group) {
    Value first = b.mul(group, groups.group);
    Value size = sizeOf(group, groups.group, groups.groupSize(groups.numGroups() - 1));
    SmallVector<Value> largest =
        b.loop(b.index(0), size, b.index(1), {b.f32(0.0f)},
               [&](Value k, ValueRange carried) -> SmallVector<Value> {
                 Value x = b.load(input, b.add(firstInput, b.add(first, k)));
                 return {b.maximum(math::AbsFOp::create(b, x), carried[0])};
               });
    return kernel.rule ? powerOfTwoFor(largest[0]) : scaleFor(largest[0]);
  }

  Value scaleFor(Value magnitude) {
    if (kernel.clip != 1.0f) {
      magnitude = b.mul(magnitude, b.f32(kernel.clip));
    }
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, magnitude, b.f32(0.0f));
    Value result = b.div(magnitude, b.f32(kernel.largestCode()));
    // A row so small that its scale underflows takes the smallest one there is.
    result = b.maximum(result, b.f32(std::numeric_limits<float>::denorm_min()));
    return b.select(isZero, b.f32(1.0f), result);
  }

  /// `numerics::mxScaleExponent`, from the bits of the magnitude: 2^-127 for what is smaller.
  Value powerOfTwoFor(Value magnitude) {
    constexpr int32_t kMantissa = 23, kOne = 1 << kMantissa;
    const float largest = kernel.largestCode();
    const int32_t emax = std::ilogb(largest);
    Value bits = arith::BitcastOp::create(b, b.getI32Type(), magnitude);
    // What of the mantissa, behind its one, makes the power the next one.
    int32_t least = kOne;
    switch (*kernel.rule) {
    case numerics::MxScaleRule::Floor:
      break;
    case numerics::MxScaleRule::Ceil:
      least = 1;
      break;
    case numerics::MxScaleRule::Even: {
      const auto fraction =
          kernel.format ? static_cast<int32_t>(numerics::mantissaBits(*kernel.format)) : emax;
      least = kOne - (kOne >> (fraction + 1));
      break;
    }
    case numerics::MxScaleRule::RoundCeil:
      least = static_cast<int32_t>(std::ldexp(largest, kMantissa - emax)) - kOne + 1;
      break;
    }
    Value exponent = b.shiftRight(b.add(bits, b.i32(kOne - least)), kMantissa);
    Value isLess = b.lessThan(exponent, b.i32(emax + 1));
    Value power = b.shiftLeft(b.sub(exponent, b.i32(emax)), kMantissa);
    // The only power without a one before its mantissa.
    power = b.select(isLess, b.i32(kOne >> 1), power);
    return arith::BitcastOp::create(b, b.getF32Type(), power);
  }

  Value sizeOf(Value group, int64_t size, int64_t last) {
    Value isLast =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, group, b.index(groups.numGroups() - 1));
    return b.select(isLast, b.index(last), b.index(size));
  }

  /// All threads share the only group.
  void quantizeRow() {
    Value sum = quantizeWords(b.index(0), thread, b.index(b.threads));
    if (!sums) {
      return;
    }
    Value shared = b.sharedBuffer(b.threads, b.getI32Type());
    sum = b.reduce(sum, shared, [&](Value lhs, Value rhs) { return b.add(lhs, rhs); });
    b.ifThen(b.lessThan(thread, b.index(1)), [&] { b.store(sum, sums, row); });
  }

  /// Words `begin`, `begin + step`, … of a group. Gives the sum of their codes.
  Value quantizeWords(Value group, Value begin, Value step) {
    int64_t number = groups.numGroups(), last = groups.groupSize(number - 1);
    auto wordsOf = [](int64_t size) {
      return (size + GroupLayout::kUnit - 1) / GroupLayout::kUnit * GroupLayout::kUnit / 4;
    };
    Value size = sizeOf(group, groups.group, last);
    Value words = sizeOf(group, wordsOf(groups.group), wordsOf(last));
    Value from = b.add(firstInput, b.mul(group, groups.group));
    Value to = b.add(firstWord, b.mul(group, groups.paddedGroup() / 4));
    SmallVector<Value> sum =
        b.loop(begin, words, step, {b.i32(0)}, [&](Value at, ValueRange carried) {
          Value word = b.i32(0), total = carried[0];
          for (int32_t j = 0; j < 4; ++j) {
            Value k = b.add(b.mul(at, 4), b.index(j));
            Value isReal = b.lessThan(k, size);
            Value x = b.load(input, b.add(from, b.select(isReal, k, b.index(0))));
            Value code = b.select(isReal, quantize(x), b.i32(0));
            total = sums ? b.add(total, code) : total;
            word = b.bitOr(word, b.shiftLeft(b.bitAnd(code, 0xff), 8 * j));
          }
          b.store(word, codes, b.add(to, at));
          return SmallVector<Value>{total};
        });
    return sum[0];
  }

  /// clamp(roundeven(x / scale))
  Value quantize(Value x) {
    if (kernel.rule) {
      // The scale of zeros is no number that all devices divide by.
      Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, x, b.f32(0.0f));
      return b.select(isZero, b.i32(0), quantizeReal(x));
    }
    return quantizeReal(x);
  }

  Value quantizeReal(Value x) {
    if (kernel.format) {
      return b.encodeByteFloat(b.div(x, scale), *kernel.format, kernel.isHalved);
    }
    Value rounded = math::RoundEvenOp::create(b, b.div(x, scale));
    rounded = b.maximum(rounded, b.f32(static_cast<float>(kernel.codeMin)));
    rounded = b.minimum(rounded, b.f32(static_cast<float>(kernel.codeMax)));
    return arith::FPToSIOp::create(b, b.getI32Type(), rounded);
  }

  GpuKernelBuilder &b;
  const GpuQuantizeKernel &kernel;
  const GroupLayout &groups;
  Value input, given, codes, scales, sums;
  Value row, thread, firstInput, firstWord, scale;
};
} // namespace

std::optional<GpuQuantizeKernel> GpuQuantizeKernel::getGrouped(QuantizeOp op,
                                                               const GroupLayout &groups) {
  SchemeAttr scheme = op.getResult().getType().getScheme();
  auto integer = dyn_cast_or_null<IntegerType>(scheme.getElementType());
  const bool isSignedByte = integer && !integer.isUnsigned() && integer.getWidth() <= 8;
  const bool isFloat = scheme.isByteFloat();
  ArrayRef<int64_t> block = scheme.getBlock();
  if (!(isSignedByte || isFloat) || !isFloatMatrix(op.getInput()) || !op.isDynamic() ||
      scheme.hasZeroPoints() || scheme.getScaleScheme() || block.size() != 2 || block[0] != 1 ||
      block[1] != groups.group || (!isFloat && scheme.getCodeMax() <= 0)) {
    return std::nullopt;
  }
  GpuQuantizeKernel kernel{RowQuantization{
      groups, static_cast<int32_t>(scheme.getCodeMin()), static_cast<int32_t>(scheme.getCodeMax()),
      /*dynamic=*/true, static_cast<float>(op.getClip().convertToDouble())}};
  if (isFloat) {
    kernel.format = scheme.getNumericsScheme().element.floatFormat();
  }
  kernel.groupScales = true;
  if (isa<Float8E8M0FNUType>(scheme.getScaleType())) {
    kernel.rule = numerics::parseMxScaleRule(stringifyScaleRule(op.getRule()));
  }
  const bool isKnown = kernel.rule ? kernel.clip == 1.0f : scheme.getScaleType().isF32();
  return isKnown ? std::optional(kernel) : std::nullopt;
}

std::string GpuQuantizeKernel::name() const {
  std::string text = RowQuantization::name();
  return !groupScales ? text : rule ? text + "_" + numerics::name(*rule).str() : text + "_scales";
}

func::FuncOp GpuQuantizeKernel::getOrCreate(ModuleOp module) const {
  Builder types(module.getContext());
  Type f32 = types.getF32Type(), i32 = types.getI32Type();
  constexpr int64_t rows = ShapedType::kDynamic;
  GpuKernel kernel;
  kernel.name = name();
  kernel.parameters = {ArithmeticBuilder::bufferType({rows, groups.k}, f32)};
  if (!dynamic) {
    kernel.parameters.push_back(ArithmeticBuilder::bufferType({1, 1}, f32));
  }
  kernel.parameters.push_back(ArithmeticBuilder::bufferType({rows, wordsPerRow()}, i32));
  if (dynamic) {
    const int64_t columns = groupScales ? groups.numGroups() : 1;
    kernel.parameters.push_back(ArithmeticBuilder::bufferType({rows, columns}, f32));
  }
  if (!format) {
    kernel.parameters.push_back(ArithmeticBuilder::bufferType({rows, groups.numGroups()}, i32));
  }
  kernel.launch = [](GpuKernelBuilder &host, ValueRange values) {
    Value count = memref::DimOp::create(host, values.front(), 0);
    return GpuLaunch{{count, host.index(1), host.index(1)}, {}};
  };
  kernel.body = [&](GpuKernelBuilder &device, ValueRange buffers, ValueRange) {
    QuantizeEmitter(device, *this, buffers).emit();
  };
  return kernel.getOrCreate(module);
}

//===- QuantizeKernel.cpp - Kernels that quantize activations for integer products -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/QuantizeKernel.h"

#include "quench/Codegen/ActivationCodes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <limits>

using namespace mlir;
using namespace quench;

CodeScale CodeScale::load(KernelBuilder &b, Value scale, Value zeroPoint) {
  auto only = [&](Value buffer) { return b.loadScalar(buffer, {b.index(0), b.index(0)}); };
  CodeScale loaded{b.splat(only(scale)), {}};
  if (zeroPoint) {
    Value real = arith::SIToFPOp::create(b, b.getF32Type(), only(zeroPoint));
    loaded.zeroPoint = b.splat(real);
  }
  return loaded;
}

Value CodeScale::encode(KernelBuilder &b, Value x, int32_t codeMin, int32_t codeMax) const {
  Value rounded = math::RoundEvenOp::create(b, b.div(x, scale));
  if (zeroPoint) {
    rounded = b.add(rounded, zeroPoint);
  }
  rounded = b.maximum(rounded, b.splat(static_cast<float>(codeMin)));
  rounded = b.minimum(rounded, b.splat(static_cast<float>(codeMax)));
  return arith::FPToSIOp::create(b, b.vectorType(b.getI32Type()), rounded);
}

Value quench::emitCodes(KernelBuilder &b, const RowQuantization &quantization, Value x,
                        const CodeScale &scale, Value codes, Value count, Value row, Value position,
                        int64_t live) {
  Value code = scale.encode(b, x, quantization.codeMin, quantization.codeMax);
  Value bytes = arith::TruncIOp::create(b, b.vectorType(b.getI8Type()), code);
  b.store(bytes, codes, codeAddress(b, quantization.groups, codes, count, row, position), live);
  return code;
}

namespace {
class QuantizeEmitter {
public:
  QuantizeEmitter(KernelBuilder &builder, const QuantizeKernel &kernel, ValueRange parameters)
      : b(builder), kernel(kernel) {
    auto next = parameters.begin();
    input = *next++;
    gain = kernel.norm && kernel.norm->gain ? *next++ : Value();
    given = kernel.dynamic ? Value() : *next++;
    zeroPoint = kernel.hasZeroPoint ? *next++ : Value();
    codes = *next++;
    scales = kernel.dynamic ? *next++ : Value();
    sums = *next;
  }

  void emit() {
    b.parallelLoop(b.size(input, 0), 2 * kernel.groups.k, [&](Value row) {
      if (kernel.norm) {
        factor = emitRMSFactor(b, *kernel.norm, input, row);
      }
      CodeScale divisor;
      if (kernel.dynamic) {
        Value scale = rowScale(row);
        b.storeScalar(scale, scales, {row, b.index(0)});
        divisor.scale = b.splat(scale);
      } else {
        divisor = CodeScale::load(b, given, zeroPoint);
      }
      const GroupLayout &groups = kernel.groups;
      int64_t count = groups.numGroups(), last = groups.groupSize(count - 1);
      int64_t equal = last == groups.group ? count : count - 1;
      b.loop(b.index(0), b.index(equal), 1,
             [&](Value group) { quantizeGroup(row, group, groups.group, divisor); });
      if (equal < count) {
        quantizeGroup(row, b.index(count - 1), last, divisor);
      }
    });
  }

private:
  /// clip max|x| / M, or 1 for a row of zeros.
  Value rowScale(Value row) {
    SmallVector<Value> largest =
        b.forVectors(kernel.groups.k, {b.splat(0.0f)},
                     [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
                       Value x = load(row, offset, live);
                       // NaN does not count.
                       return {b.maximum(math::AbsFOp::create(b, x), carried[0])};
                     });
    Value magnitude = b.maxLanes(largest[0]);
    if (kernel.clip != 1.0f) {
      magnitude = b.mul(magnitude, b.f32(kernel.clip));
    }
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, magnitude, b.f32(0.0f));
    Value scale = b.div(magnitude, b.f32(static_cast<float>(kernel.codeMax)));
    // A row so small that its scale underflows takes the smallest one there is.
    scale = b.maximum(scale, b.f32(std::numeric_limits<float>::denorm_min()));
    return arith::SelectOp::create(b, isZero, b.f32(1.0f), scale);
  }

  void quantizeGroup(Value row, Value group, int64_t size, const CodeScale &divisor) {
    Value from = b.mul(group, b.index(kernel.groups.group));
    Value to = b.mul(group, b.index(kernel.groups.paddedGroup()));
    SmallVector<Value> sum =
        b.forVectors(size, {b.splat(0)},
                     [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
                       Value x = load(row, b.add(from, offset), live);
                       Value code = emitCodes(b, kernel, x, divisor, codes, b.size(input, 0), row,
                                              b.add(to, offset), live);
                       if (kernel.hasZeroPoint && live >= 0) {
                         // Lanes without an element hold the zero point.
                         auto mask = b.vectorType(b.getI1Type());
                         Value isLive = vector::CreateMaskOp::create(b, mask, b.index(live));
                         code = arith::SelectOp::create(b, isLive, code, b.splat(0));
                       }
                       return {b.add(carried[0], code)};
                     });
    b.storeScalar(b.sumLanes(sum[0]), sums, {row, group});
    int64_t padded = (size + GroupLayout::kUnit - 1) / GroupLayout::kUnit * GroupLayout::kUnit;
    Value zero = arith::ConstantIntOp::create(b, 0, 8);
    for (int64_t position = size; position < padded; ++position) {
      SmallVector<Value> at =
          codeAddress(b, kernel.groups, codes, b.size(input, 0), row, b.add(to, b.index(position)));
      b.storeScalar(zero, codes, at);
    }
  }

  Value load(Value row, Value offset, int64_t live) {
    Value x = b.load(input, {row, offset}, 0, live);
    return kernel.norm ? emitRMSNorm(b, x, factor, gain, offset, live) : x;
  }

  KernelBuilder &b;
  const QuantizeKernel &kernel;
  Value input, gain, given, zeroPoint, codes, scales, sums;
  /// What a norm multiplies the elements of the row by.
  Value factor;
};
} // namespace

std::string QuantizeKernel::name() const {
  std::string quantization = RowQuantization::name();
  return norm ? rmsNormName(groups.k, *norm) + "_" + quantization : quantization;
}

func::FuncOp QuantizeKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) {
    int64_t rows = ShapedType::kDynamic;
    SmallVector<Type> types = {b.bufferType({rows, groups.k}, b.getF32Type())};
    if (norm && norm->gain) {
      types.push_back(b.bufferType({groups.k}, b.getF32Type()));
    }
    if (!dynamic) {
      types.push_back(b.bufferType({1, 1}, b.getF32Type()));
    }
    if (hasZeroPoint) {
      types.push_back(b.bufferType({1, 1}, b.getI32Type()));
    }
    types.push_back(codeBuffer(b, groups));
    if (dynamic) {
      types.push_back(b.bufferType({rows, 1}, b.getF32Type()));
    }
    types.push_back(b.bufferType({rows, groups.numGroups()}, b.getI32Type()));
    return types;
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { QuantizeEmitter(b, *this, values).emit(); });
}

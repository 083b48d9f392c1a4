//===- GpuNetworkKernels.cpp - Kernels of norms, tables and single elements on devices -*- C++
//-*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/GpuNetworkKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quench;

static constexpr int64_t kDynamic = ShapedType::kDynamic;

/// A launch with one thread for each of `width` elements of each row of the parameter `like`, whose
/// body is only called for elements that exist.
static func::FuncOp
elementwise(ModuleOp module, GpuKernel kernel, int64_t width, unsigned like,
            const std::function<void(GpuKernelBuilder &, ValueRange buffers, Value row,
                                     Value column, ValueRange sizes)> &body) {
  kernel.launch = [&](GpuKernelBuilder &host, ValueRange values) {
    Value rows = memref::DimOp::create(host, values[like], 0);
    int64_t across = (width + kernel.threads - 1) / kernel.threads;
    GpuLaunch launch{{host.index(across), rows, host.index(1)}, {}};
    for (Value value : values) {
      if (value.getType().isIndex()) {
        launch.sizes.push_back(value);
      }
    }
    return launch;
  };
  kernel.body = [&](GpuKernelBuilder &b, ValueRange buffers, ValueRange sizes) {
    Value column = b.globalId();
    b.ifThen(b.lessThan(column, b.index(width)),
             [&] { body(b, buffers, b.groupId(1), column, sizes); });
  };
  return kernel.getOrCreate(module);
}

func::FuncOp quench::getOrCreateGpuRMSNorm(ModuleOp module, int64_t width, float epsilon,
                                           bool gain) {
  GpuKernel kernel;
  llvm::raw_string_ostream(kernel.name)
      << "rms_norm_" << width << (gain ? "_gain" : "") << "_"
      << llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(epsilon), 8);
  Type f32 = Float32Type::get(module.getContext());
  kernel.parameters = {ArithmeticBuilder::bufferType({kDynamic, width}, f32)};
  if (gain) {
    kernel.parameters.push_back(ArithmeticBuilder::bufferType({width}, f32));
  }
  kernel.parameters.push_back(ArithmeticBuilder::bufferType({kDynamic, width}, f32));
  kernel.launch = [](GpuKernelBuilder &host, ValueRange values) {
    Value rows = memref::DimOp::create(host, values.front(), 0);
    return GpuLaunch{{rows, host.index(1), host.index(1)}, {}};
  };
  kernel.body = [&](GpuKernelBuilder &b, ValueRange buffers, ValueRange) {
    Value first = b.mul(b.groupId(0), width), thread = b.threadId(), step = b.index(b.threads);
    SmallVector<Value> squares = b.loop(thread, b.index(width), step, {b.f32(0.0f)},
                                        [&](Value i, ValueRange carried) -> SmallVector<Value> {
                                          Value x = b.load(buffers.front(), b.add(first, i));
                                          return {b.fma(x, x, carried[0])};
                                        });
    Value sum = b.reduce(squares[0], b.sharedBuffer(b.threads, f32),
                         [&](Value lhs, Value rhs) { return b.add(lhs, rhs); });
    Value mean = b.div(sum, b.f32(static_cast<float>(width)));
    Value root = math::SqrtOp::create(b, b.add(mean, b.f32(epsilon)));
    Value factor = b.div(b.f32(1.0f), root);
    b.loop(thread, b.index(width), step, [&](Value i) {
      Value at = b.add(first, i);
      Value y = b.mul(b.load(buffers.front(), at), factor);
      if (gain) {
        y = b.mul(y, b.load(buffers[1], i));
      }
      b.store(y, buffers.back(), at);
    });
  };
  return kernel.getOrCreate(module);
}

/// x / (1 + exp(-x))
static Value silu(GpuKernelBuilder &b, Value x) {
  Value denominator = b.add(b.f32(1.0f), b.exp(b.sub(b.f32(0.0f), x)));
  return b.div(x, denominator);
}

/// Devices may round to f16 in other ways: ties go to even here.
static Value roundToHalf(GpuKernelBuilder &b, Value x) {
  constexpr int32_t kDropped = 13, kLeastNormal = 113 << 23, kOverflow = 0x477ff000;
  auto bitsOf = [&](Value value) { return arith::BitcastOp::create(b, b.getI32Type(), value); };
  auto toFloat = [&](Value bits) { return arith::BitcastOp::create(b, b.getF32Type(), bits); };
  Value all = bitsOf(x), sign = b.bitAnd(all, 0x80000000u), bits = b.bitAnd(all, 0x7fffffffu);
  // Half a step less a bit, and that bit where the last one kept is odd.
  Value odd = b.bitAnd(b.shiftRight(bits, kDropped), 1);
  Value normal = b.bitAnd(b.add(b.add(bits, b.i32((1 << (kDropped - 1)) - 1)), odd), 0xffffe000u);
  Value steps = math::RoundEvenOp::create(b, b.mul(toFloat(bits), b.f32(0x1p24f)));
  Value subnormal = bitsOf(b.mul(steps, b.f32(0x1p-24f)));
  Value rounded = b.select(b.lessThan(bits, b.i32(kLeastNormal)), subnormal, normal);
  Value infinite = b.i32(0x7f800000);
  rounded = b.select(b.lessThan(bits, b.i32(kOverflow)), rounded, infinite);
  // A NaN stays one.
  rounded = b.select(b.lessThan(infinite, bits), bits, rounded);
  return toFloat(b.bitOr(rounded, sign));
}

func::FuncOp quench::getOrCreateGpuPointwise(ModuleOp module, GpuPointwise kind, int64_t width) {
  MemRefType rows =
      ArithmeticBuilder::bufferType({kDynamic, width}, Float32Type::get(module.getContext()));
  GpuKernel kernel;
  const bool isUnary = kind == GpuPointwise::SiLU || kind == GpuPointwise::RoundToHalf;
  kernel.name = kind == GpuPointwise::Add       ? "add_"
                : kind == GpuPointwise::SiLU    ? "silu_"
                : kind == GpuPointwise::SiLUMul ? "silu_mul_"
                                                : "nearest_half_";
  kernel.name += std::to_string(width);
  kernel.parameters.assign(isUnary ? 2 : 3, rows);
  return elementwise(
      module, kernel, width, /*like=*/0,
      [&](GpuKernelBuilder &b, ValueRange buffers, Value row, Value column, ValueRange) {
        Value at = b.add(b.mul(row, width), column);
        Value x = b.load(buffers[0], at);
        Value y = kind == GpuPointwise::Add       ? b.add(x, b.load(buffers[1], at))
                  : kind == GpuPointwise::SiLU    ? silu(b, x)
                  : kind == GpuPointwise::SiLUMul ? b.mul(silu(b, x), b.load(buffers[1], at))
                                                  : roundToHalf(b, x);
        b.store(y, buffers.back(), at);
      });
}

func::FuncOp quench::getOrCreateGpuEmbedding(ModuleOp module, int64_t vocabulary, int64_t width) {
  Type f32 = Float32Type::get(module.getContext());
  GpuKernel kernel;
  kernel.name = "embedding_" + std::to_string(vocabulary) + "x" + std::to_string(width);
  kernel.parameters = {
      ArithmeticBuilder::bufferType({vocabulary, width}, f32),
      ArithmeticBuilder::bufferType({kDynamic}, IntegerType::get(module.getContext(), 32)),
      ArithmeticBuilder::bufferType({kDynamic, width}, f32)};
  return elementwise(
      module, kernel, width, /*like=*/1,
      [&](GpuKernelBuilder &b, ValueRange buffers, Value row, Value column, ValueRange) {
        Value token = b.toIndex(b.load(buffers[1], row));
        Value value = b.load(buffers[0], b.add(b.mul(token, width), column));
        b.store(value, buffers[2], b.add(b.mul(row, width), column));
      });
}

/// The cosine and the sine of an angle that is not negative and below some ten thousand.
static std::pair<Value, Value> cosineAndSine(GpuKernelBuilder &b, Value angle) {
  // r = angle - q pi / 2 with pi / 2 in three parts, the first of which has few bits.
  Value quarters = math::RoundEvenOp::create(b, b.mul(angle, b.f32(0.636619772f)));
  Value r = b.fma(quarters, b.f32(-1.5703125f), angle);
  r = b.fma(quarters, b.f32(-4.83751297e-4f), r);
  r = b.fma(quarters, b.f32(-7.54978995e-8f), r);
  Value square = b.mul(r, r);
  // Taylor polynomials: the terms left out are below 2^-26 for |r| <= pi / 4.
  auto polynomial = [&](ArrayRef<float> coefficients) {
    Value sum = b.f32(coefficients.front());
    for (float coefficient : coefficients.drop_front()) {
      sum = b.fma(sum, square, b.f32(coefficient));
    }
    return sum;
  };
  Value sine = b.mul(r, polynomial({1.0f / 362880, -1.0f / 5040, 1.0f / 120, -1.0f / 6, 1.0f}));
  Value cosine =
      polynomial({-1.0f / 3628800, 1.0f / 40320, -1.0f / 720, 1.0f / 24, -1.0f / 2, 1.0f});
  Value quadrant = arith::FPToSIOp::create(b, b.getI32Type(), quarters);
  auto bit = [&](Value value, uint32_t mask) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, b.bitAnd(value, mask), b.i32(0));
  };
  auto negatedIf = [&](Value condition, Value value) {
    return b.select(condition, b.sub(b.f32(0.0f), value), value);
  };
  Value isOdd = bit(quadrant, 1);
  Value resultCosine = negatedIf(bit(b.add(quadrant, b.i32(1)), 2), b.select(isOdd, sine, cosine));
  Value resultSine = negatedIf(bit(quadrant, 2), b.select(isOdd, cosine, sine));
  return {resultCosine, resultSine};
}

func::FuncOp quench::getOrCreateGpuRotaryTable(ModuleOp module, int64_t frequencies) {
  Type f32 = Float32Type::get(module.getContext());
  MemRefType table = ArithmeticBuilder::bufferType({kDynamic, frequencies}, f32);
  GpuKernel kernel;
  kernel.name = "rotary_table_" + std::to_string(frequencies);
  kernel.parameters = {ArithmeticBuilder::bufferType({frequencies}, f32),
                       IndexType::get(module.getContext()), table, table};
  return elementwise(
      module, kernel, frequencies, /*like=*/2,
      [&](GpuKernelBuilder &b, ValueRange buffers, Value row, Value column, ValueRange sizes) {
        Value angle = b.mul(b.toF32(b.add(sizes[0], row)), b.load(buffers[0], column));
        auto [cosine, sine] = cosineAndSine(b, angle);
        Value at = b.add(b.mul(row, frequencies), column);
        b.store(cosine, buffers[1], at);
        b.store(sine, buffers[2], at);
      });
}

func::FuncOp quench::getOrCreateGpuRotary(ModuleOp module, int64_t heads, int64_t headSize) {
  Type f32 = Float32Type::get(module.getContext());
  int64_t half = headSize / 2;
  MemRefType rows = ArithmeticBuilder::bufferType({kDynamic, heads, headSize}, f32);
  MemRefType table = ArithmeticBuilder::bufferType({kDynamic, half}, f32);
  GpuKernel kernel;
  kernel.name = "rotary_" + std::to_string(heads) + "x" + std::to_string(headSize);
  kernel.parameters = {rows, table, table, rows};
  return elementwise(
      module, kernel, heads * half, /*like=*/0,
      [&](GpuKernelBuilder &b, ValueRange buffers, Value row, Value column, ValueRange) {
        Value head = b.div(column, half), offset = b.rem(column, half);
        Value lower = b.add(b.mul(b.add(b.mul(row, heads), head), headSize), offset);
        Value upper = b.add(lower, b.index(half));
        Value angle = b.add(b.mul(row, half), offset);
        Value x = b.load(buffers[0], lower), y = b.load(buffers[0], upper);
        Value cosine = b.load(buffers[1], angle), sine = b.load(buffers[2], angle);
        b.store(b.sub(b.mul(x, cosine), b.mul(y, sine)), buffers[3], lower);
        b.store(b.add(b.mul(y, cosine), b.mul(x, sine)), buffers[3], upper);
      });
}

func::FuncOp quench::getOrCreateGpuCacheUpdate(ModuleOp module, int64_t capacity, int64_t heads,
                                               int64_t headSize) {
  Type f32 = Float32Type::get(module.getContext());
  int64_t width = heads * headSize;
  GpuKernel kernel;
  kernel.name = "cache_update_" + std::to_string(capacity) + "x" + std::to_string(heads) + "x" +
                std::to_string(headSize);
  kernel.parameters = {ArithmeticBuilder::bufferType({kDynamic, heads, headSize}, f32),
                       IndexType::get(module.getContext()),
                       ArithmeticBuilder::bufferType({capacity, heads, headSize}, f32)};
  return elementwise(
      module, kernel, width, /*like=*/0,
      [&](GpuKernelBuilder &b, ValueRange buffers, Value row, Value column, ValueRange sizes) {
        Value value = b.load(buffers[0], b.add(b.mul(row, width), column));
        b.store(value, buffers[1], b.add(b.mul(b.add(sizes[0], row), width), column));
      });
}

//===- FakeQuantizeKernel.cpp - Kernels that round floats to codes and back -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/FakeQuantizeKernel.h"

#include "PackedRowsEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace quench;

namespace {
class FakeQuantizeEmitter {
public:
  FakeQuantizeEmitter(KernelBuilder &builder, const FakeQuantizeKernel &kernel,
                      ValueRange parameters)
      : b(builder), kernel(kernel), input(parameters[0]), result(parameters[1]) {}

  void emit() {
    int64_t elements = std::accumulate(kernel.rowShape.begin(), kernel.rowShape.end(), int64_t(1),
                                       std::multiplies<>());
    b.parallelLoop(b.size(input, 0), 2 * elements, [&](Value token) {
      if (kernel.rowShape.size() == 1) {
        emitRow({token});
        return;
      }
      b.loop(b.index(0), b.index(kernel.rowShape[0]), 1,
             [&](Value head) { emitRow({token, head}); });
    });
  }

private:
  struct Parameters {
    Value scale;
    /// As a float, which it is exactly; null without zero points.
    Value zeroPoint;
  };

  void emitRow(ArrayRef<Value> row) {
    int64_t size = kernel.rowShape.back(), equal = size / kernel.group;
    if (kernel.packed) {
      prepareScratch();
    }
    b.loop(b.index(0), b.index(equal), 1,
           [&](Value group) { emitGroup(row, group, kernel.group); });
    if (size % kernel.group != 0) {
      emitGroup(row, b.index(equal), size % kernel.group);
    }
    if (kernel.packed) {
      PackedRowsEmitter(b, *kernel.packed, result, row).storeCodes(scratch);
    }
  }

  /// Room for the codes of a row. What no group writes is zero, so that equal rows have equal
  /// bytes.
  void prepareScratch() {
    int64_t size = PackedRowsEmitter::scratchSize(*kernel.packed, b.lanes());
    scratch = memref::AllocaOp::create(b, MemRefType::get({size}, b.getI8Type()));
    Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(b.vectorType(b.getI8Type())));
    for (int64_t at = kernel.rowShape.back() / b.lanes() * b.lanes(); at < size; at += b.lanes()) {
      b.store(zeros, scratch, b.index(at));
    }
  }

  SmallVector<Value> at(ArrayRef<Value> row, Value from, Value offset) {
    SmallVector<Value> indices(row);
    indices.push_back(b.add(from, offset));
    return indices;
  }

  void emitGroup(ArrayRef<Value> row, Value group, int64_t size) {
    Value from = b.mul(group, b.index(kernel.group));
    Parameters parameters =
        kernel.zeroPoints ? rangeOfGroup(row, from, size) : magnitudeOfGroup(row, from, size);
    Value scales = b.splat(parameters.scale);
    Value zeroPoints = parameters.zeroPoint ? b.splat(parameters.zeroPoint) : Value();
    std::optional<PackedRowsEmitter> packed;
    if (kernel.packed) {
      packed.emplace(b, *kernel.packed, result, row);
      packed->storeGroup(group, parameters.scale, parameters.zeroPoint);
    }
    b.forVectors(size, [&](Value offset, int64_t live) {
      Value x = b.load(input, at(row, from, offset), 0, live);
      Value code = math::RoundEvenOp::create(b, b.div(x, scales));
      code = clamp(zeroPoints ? b.add(code, zeroPoints) : code, /*vector=*/true);
      if (packed) {
        // Lanes behind a group are written again by the next one.
        b.store(packed->toBytes(code), scratch, b.add(from, offset));
        return;
      }
      Value difference = zeroPoints ? b.sub(code, zeroPoints) : code;
      b.store(b.mul(difference, scales), result, at(row, from, offset), live);
    });
  }

  /// max|x| / M
  Parameters magnitudeOfGroup(ArrayRef<Value> row, Value from, int64_t size) {
    SmallVector<Value> largest =
        b.forVectors(size, {b.splat(0.0f)}, [&](Value offset, int64_t live, ValueRange carried) {
          Value x = b.load(input, at(row, from, offset), 0, live);
          return SmallVector<Value>{b.maximum(math::AbsFOp::create(b, x), carried[0])};
        });
    Value magnitude = b.mul(b.maxLanes(largest[0]), b.f32(kernel.clip));
    return {scaleOf(magnitude, magnitude, static_cast<float>(kernel.codeMax)), Value()};
  }

  /// (hi - lo) / (max - min) with 0 between the two
  Parameters rangeOfGroup(ArrayRef<Value> row, Value from, int64_t size) {
    Value zero = b.splat(0.0f);
    SmallVector<Value> ends =
        b.forVectors(size, {zero, zero}, [&](Value offset, int64_t live, ValueRange carried) {
          Value x = b.load(input, at(row, from, offset), 0, live);
          return SmallVector<Value>{b.maximum(arith::NegFOp::create(b, x), carried[0]),
                                    b.maximum(x, carried[1])};
        });
    Value clip = b.f32(kernel.clip);
    Value below = b.mul(b.maxLanes(ends[0]), clip), above = b.mul(b.maxLanes(ends[1]), clip);
    // Both ends are zero or more here: their larger one is zero only if both are.
    Value scale = scaleOf(b.add(above, below), b.maximum(below, above),
                          static_cast<float>(kernel.codeMax - kernel.codeMin));
    Value zeroPoint = b.add(math::RoundEvenOp::create(b, b.div(below, scale)),
                            b.f32(static_cast<float>(kernel.codeMin)));
    return {scale, clamp(zeroPoint, /*vector=*/false)};
  }

  /// extent / steps, or 1 where nothing but zeros is.
  Value scaleOf(Value extent, Value largest, float steps) {
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, largest, b.f32(0.0f));
    Value scale = b.div(extent, b.f32(steps));
    scale = b.maximum(scale, b.f32(std::numeric_limits<float>::denorm_min()));
    return arith::SelectOp::create(b, isZero, b.f32(1.0f), scale);
  }

  Value clamp(Value code, bool vector) {
    Value low = b.f32(static_cast<float>(kernel.codeMin));
    Value high = b.f32(static_cast<float>(kernel.codeMax));
    return b.minimum(b.maximum(code, vector ? b.splat(low) : low), vector ? b.splat(high) : high);
  }

  KernelBuilder &b;
  const FakeQuantizeKernel &kernel;
  Value input, result;
  /// The codes of a row on their way into bytes.
  Value scratch;
};
} // namespace

std::string FakeQuantizeKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << (packed ? "pack_rows_" : "fake_quantize_");
  llvm::interleave(rowShape, os, "x");
  if (group < rowShape.back()) {
    os << "_g" << group;
  }
  os << (zeroPoints ? "_z" : "") << (codeMin < 0 ? "_m" : "_") << std::abs(codeMin) << "_"
     << codeMax;
  if (clip != 1.0f) {
    os << "_clip" << llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(clip), 8);
  }
  return text;
}

std::optional<FakeQuantizeKernel> FakeQuantizeKernel::get(QuantizeOp op) {
  SchemeAttr scheme = op.getResult().getType().getScheme();
  auto type = cast<RankedTensorType>(op.getInput().getType());
  bool isByte = scheme.isInteger() && scheme.getCodeMax() - scheme.getCodeMin() < 256;
  bool hasRows = (type.getRank() == 2 || type.getRank() == 3) && type.isDynamicDim(0) &&
                 type.getElementType().isF32() &&
                 llvm::all_of(type.getShape().drop_front(), [](int64_t size) { return size > 0; });
  if (!op.isDynamic() || !isByte || !hasRows || scheme.hasRealZeroPoints() ||
      scheme.getScaleScheme() || !scheme.getScaleType().isF32() || scheme.getCodeMax() <= 0 ||
      llvm::any_of(scheme.getBlock().drop_back(), [](int64_t size) { return size != 1; })) {
    return std::nullopt;
  }
  return FakeQuantizeKernel{SmallVector<int64_t>(type.getShape().drop_front()),
                            scheme.getBlockShape(type.getShape()).back(),
                            static_cast<int32_t>(scheme.getCodeMin()),
                            static_cast<int32_t>(scheme.getCodeMax()),
                            scheme.hasZeroPoints(),
                            static_cast<float>(op.getClip().convertToDouble()),
                            std::nullopt};
}

func::FuncOp FakeQuantizeKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) {
    SmallVector<int64_t> shape{ShapedType::kDynamic};
    llvm::append_range(shape, rowShape);
    SmallVector<Type> types(2, b.bufferType(shape, b.getF32Type()));
    if (packed) {
      shape.back() = packed->bytes;
      types[1] = b.bufferType(shape, b.getI8Type());
    }
    return types;
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { FakeQuantizeEmitter(b, *this, values).emit(); });
}

//===- NormKernel.cpp - Kernels of normalizations -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/NormKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace quench;

std::string quench::rmsNormName(int64_t width, const RowNorm &norm) {
  std::string name;
  llvm::raw_string_ostream(name) << "rms_norm_" << width << (norm.gain ? "_gain" : "") << "_"
                                 << llvm::format_hex_no_prefix(
                                        llvm::bit_cast<uint32_t>(norm.epsilon), 8);
  return name;
}

Value quench::emitRMSFactor(KernelBuilder &b, const RowNorm &norm, Value input, Value row) {
  int64_t width = cast<MemRefType>(input.getType()).getDimSize(1);
  SmallVector<Value> squares =
      b.forVectors(width, {b.splat(0.0f)},
                   [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
                     Value x = b.load(input, {row, offset}, 0, live);
                     return {b.fma(x, x, carried[0])};
                   });
  Value mean = b.div(b.sumLanes(squares[0]), b.f32(static_cast<float>(width)));
  Value root = math::SqrtOp::create(b, b.add(mean, b.f32(norm.epsilon)));
  return b.splat(b.div(b.f32(1.0f), root));
}

Value quench::emitRMSNorm(KernelBuilder &b, Value x, Value factor, Value gain, Value offset,
                          int64_t live) {
  Value y = b.mul(x, factor);
  return gain ? b.mul(y, b.load(gain, {offset}, 0, live)) : y;
}

func::FuncOp quench::getOrCreateRMSNormKernel(ModuleOp module, const Target &target, int64_t width,
                                              const RowNorm &norm) {
  auto parameters = [&](KernelBuilder &b) {
    MemRefType rows = b.bufferType({ShapedType::kDynamic, width}, b.getF32Type());
    SmallVector<Type> types = {rows};
    if (norm.gain) {
      types.push_back(b.bufferType({width}, b.getF32Type()));
    }
    types.push_back(rows);
    return types;
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    Value input = values.front(), result = values.back(), gain = norm.gain ? values[1] : Value();
    b.parallelLoop(b.size(input, 0), width / 4, [&](Value row) {
      Value factor = emitRMSFactor(b, norm, input, row);
      b.forVectors(width, [&](Value offset, int64_t live) {
        Value x = b.load(input, {row, offset}, 0, live);
        b.store(emitRMSNorm(b, x, factor, gain, offset, live), result, {row, offset}, live);
      });
    });
  };
  return getOrCreateKernel(module, rmsNormName(width, norm), target, parameters, body);
}

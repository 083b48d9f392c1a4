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

func::FuncOp quench::getOrCreateRMSNormKernel(ModuleOp module, const Target &target, int64_t width,
                                              float epsilon, bool gain) {
  std::string name;
  llvm::raw_string_ostream(name) << "rms_norm_" << width << (gain ? "_gain" : "") << "_"
                                 << llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(epsilon),
                                                               8);
  auto parameters = [&](KernelBuilder &b) {
    MemRefType rows = b.bufferType({ShapedType::kDynamic, width}, b.getF32Type());
    SmallVector<Type> types = {rows};
    if (gain) {
      types.push_back(b.bufferType({width}, b.getF32Type()));
    }
    types.push_back(rows);
    return types;
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    Value input = values.front(), result = values.back();
    b.parallelLoop(b.size(input, 0), width / 4, [&](Value row) {
      SmallVector<Value> squares =
          b.forVectors(width, {b.splat(0.0f)},
                       [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
                         Value x = b.load(input, {row, offset}, 0, live);
                         return {b.fma(x, x, carried[0])};
                       });
      Value mean = b.div(b.sumLanes(squares[0]), b.f32(static_cast<float>(width)));
      Value root = math::SqrtOp::create(b, b.add(mean, b.f32(epsilon)));
      Value factor = b.splat(b.div(b.f32(1.0f), root));
      b.forVectors(width, [&](Value offset, int64_t live) {
        Value y = b.mul(b.load(input, {row, offset}, 0, live), factor);
        if (gain) {
          y = b.mul(y, b.load(values[1], {offset}, 0, live));
        }
        b.store(y, result, {row, offset}, live);
      });
    });
  };
  return getOrCreateKernel(module, name, target, parameters, body);
}

//===- RotaryKernel.cpp - Kernels of rotary position embedding -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/RotaryKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

func::FuncOp quench::getOrCreateRotaryTableKernel(ModuleOp module, const Target &target,
                                                  int64_t frequencies) {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    MemRefType table = b.bufferType({ShapedType::kDynamic, frequencies}, b.getF32Type());
    return {b.bufferType({frequencies}, b.getF32Type()), b.getIndexType(), table, table};
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    b.parallelLoop(b.size(values[2], 0), 80 * frequencies, [&](Value token) {
      Value position = arith::IndexCastOp::create(b, b.getI32Type(), b.add(values[1], token));
      Value real = arith::SIToFPOp::create(b, b.getF32Type(), position);
      b.loop(b.index(0), b.index(frequencies), 1, [&](Value i) {
        Value angle = b.mul(real, b.loadScalar(values[0], {i}));
        b.storeScalar(math::CosOp::create(b, angle), values[2], {token, i});
        b.storeScalar(math::SinOp::create(b, angle), values[3], {token, i});
      });
    });
  };
  return getOrCreateKernel(module, ("rotary_table_" + Twine(frequencies)).str(), target, parameters,
                           body);
}

func::FuncOp quench::getOrCreateRotaryKernel(ModuleOp module, const Target &target, int64_t heads,
                                             int64_t headSize) {
  int64_t half = headSize / 2;
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    int64_t tokens = ShapedType::kDynamic;
    MemRefType rows = b.bufferType({tokens, heads, headSize}, b.getF32Type());
    MemRefType table = b.bufferType({tokens, half}, b.getF32Type());
    return {rows, table, table, rows};
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    b.parallelLoop(b.size(values[0], 0), heads * headSize / 4, [&](Value token) {
      b.loop(b.index(0), b.index(heads), 1, [&](Value head) {
        b.forVectors(half, [&](Value offset, int64_t live) {
          Value upper = b.add(offset, b.index(half));
          Value x = b.load(values[0], {token, head, offset}, 0, live);
          Value y = b.load(values[0], {token, head, upper}, 0, live);
          Value cosine = b.load(values[1], {token, offset}, 0, live);
          Value sine = b.load(values[2], {token, offset}, 0, live);
          b.store(b.sub(b.mul(x, cosine), b.mul(y, sine)), values[3], {token, head, offset}, live);
          b.store(b.add(b.mul(y, cosine), b.mul(x, sine)), values[3], {token, head, upper}, live);
        });
      });
    });
  };
  std::string name = ("rotary_" + Twine(heads) + "x" + Twine(headSize)).str();
  return getOrCreateKernel(module, name, target, parameters, body);
}

//===- PointwiseKernel.cpp - Kernels of elementwise functions -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/PointwiseKernel.h"

#include "mlir/IR/BuiltinOps.h"
#include "quench/Codegen/VectorMath.h"

using namespace mlir;
using namespace quench;

static StringRef nameOf(Pointwise function) {
  switch (function) {
  case Pointwise::SiLU:
    return "silu";
  case Pointwise::SiLUMul:
    return "silu_mul";
  case Pointwise::Add:
    return "add";
  }
  llvm_unreachable("all functions are named");
}

func::FuncOp quench::getOrCreatePointwiseKernel(ModuleOp module, const Target &target,
                                                Pointwise function, int64_t width) {
  std::string name = (nameOf(function) + "_" + Twine(width)).str();
  auto parameters = [&](KernelBuilder &b) {
    MemRefType rows = b.bufferType({ShapedType::kDynamic, width}, b.getF32Type());
    return SmallVector<Type>(function == Pointwise::SiLU ? 2 : 3, rows);
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    int64_t cycles = function == Pointwise::Add ? width / 8 : width;
    b.parallelLoop(b.size(values[0], 0), cycles, [&](Value row) {
      b.forVectors(width, [&](Value offset, int64_t live) {
        Value x = b.load(values[0], {row, offset}, 0, live);
        Value y = function == Pointwise::Add ? x : vectorSiLU(b, x);
        if (function != Pointwise::SiLU) {
          Value other = b.load(values[1], {row, offset}, 0, live);
          y = function == Pointwise::Add ? b.add(y, other) : b.mul(y, other);
        }
        b.store(y, values.back(), {row, offset}, live);
      });
    });
  };
  return getOrCreateKernel(module, name, target, parameters, body);
}

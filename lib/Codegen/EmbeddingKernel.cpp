//===- EmbeddingKernel.cpp - Kernels that pick rows of a table -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/EmbeddingKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

func::FuncOp quench::getOrCreateEmbeddingKernel(ModuleOp module, const Target &target,
                                                int64_t vocabulary, int64_t width, Type element) {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    return {b.bufferType({vocabulary, width}, element),
            b.bufferType({ShapedType::kDynamic}, b.getI32Type()),
            b.bufferType({ShapedType::kDynamic, width}, element)};
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    b.parallelLoop(b.size(values[1], 0), width / 8, [&](Value token) {
      Value row =
          arith::IndexCastUIOp::create(b, b.getIndexType(), b.loadScalar(values[1], {token}));
      b.forVectors(width, [&](Value offset, int64_t live) {
        b.store(b.load(values[0], {row, offset}, 0, live), values[2], {token, offset}, live);
      });
    });
  };
  std::string name;
  llvm::raw_string_ostream(name) << "embedding_" << vocabulary << "x" << width << "_" << element;
  return getOrCreateKernel(module, name, target, parameters, body);
}

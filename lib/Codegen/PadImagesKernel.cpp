//===- PadImagesKernel.cpp - Kernels that pad and quantize images -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/QuantizeKernel.h"
#include "quench/Codegen/UnfoldKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

namespace {
class PadImagesEmitter {
public:
  PadImagesEmitter(KernelBuilder &builder, const PadImagesKernel &kernel, ValueRange parameters)
      : b(builder), kernel(kernel), images(parameters.front()), result(parameters.back()),
        scale(kernel.codes ? parameters[1] : Value()),
        zeroPoint(kernel.hasZeroPoint ? parameters[2] : Value()) {}

  void emit() {
    Value numImages = b.div(b.size(images, 0), b.index(kernel.height));
    Value padded = b.index(kernel.paddedHeight()), height = b.index(kernel.height);
    b.parallelLoop(b.mul(numImages, padded), kernel.paddedRow() / 4, [&](Value line) {
      Value image = b.div(line, padded);
      // Beyond the height, also for rows before the first one.
      Value y = b.sub(b.sub(line, b.mul(image, padded)), b.index(kernel.low[0]));
      Value isInside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, y, height);
      auto branch = scf::IfOp::create(b, isInside, /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      int64_t low = kernel.low[1] * kernel.channels, row = kernel.width * kernel.channels;
      putZeros(line, 0, low);
      putRow(b.add(b.mul(image, height), y), line, low);
      putZeros(line, low + row, kernel.paddedRow() - low - row);
      b.setInsertionPointToStart(branch.elseBlock());
      putZeros(line, 0, kernel.paddedRow());
    });
  }

private:
  Type element() { return kernel.codes ? Type(b.getI8Type()) : Type(b.getF32Type()); }

  void putZeros(Value line, int64_t begin, int64_t count) {
    Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(b.vectorType(element())));
    if (zeroPoint) {
      Value code = b.loadScalar(zeroPoint, {b.index(0), b.index(0)});
      zeros = b.splat(arith::TruncIOp::create(b, b.getI8Type(), code).getResult());
    }
    b.forVectors(count, [&](Value offset, int64_t live) {
      b.store(zeros, result, {line, b.add(offset, b.index(begin))}, live);
    });
  }

  void putRow(Value from, Value line, int64_t begin) {
    CodeScale codes = scale ? CodeScale::load(b, scale, zeroPoint) : CodeScale();
    b.forVectors(kernel.width * kernel.channels, [&](Value offset, int64_t live) {
      Value x = b.load(images, {from, offset}, 0, live);
      if (scale) {
        Value code = codes.encode(b, x, (*kernel.codes)[0], (*kernel.codes)[1]);
        x = arith::TruncIOp::create(b, b.vectorType(b.getI8Type()), code);
      }
      b.store(x, result, {line, b.add(offset, b.index(begin))}, live);
    });
  }

  KernelBuilder &b;
  const PadImagesKernel &kernel;
  Value images, result, scale, zeroPoint;
};
} // namespace

std::string PadImagesKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "images_" << height << 'x' << width << 'x' << channels;
  std::array<int64_t, 2> none = {0, 0};
  if (low != none || high != none) {
    os << "_pad" << low[0] << '_' << low[1] << '_' << high[0] << '_' << high[1];
  }
  if (codes) {
    os << "_m" << -(*codes)[0] << '_' << (*codes)[1] << (hasZeroPoint ? "z" : "");
  }
  return text;
}

func::FuncOp PadImagesKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) {
    int64_t rows = ShapedType::kDynamic;
    SmallVector<Type> types = {b.bufferType({rows, width * channels}, b.getF32Type())};
    if (codes) {
      types.push_back(b.bufferType({1, 1}, b.getF32Type()));
    }
    if (hasZeroPoint) {
      types.push_back(b.bufferType({1, 1}, b.getI32Type()));
    }
    types.push_back(
        b.bufferType({rows, paddedRow()}, codes ? Type(b.getI8Type()) : Type(b.getF32Type())));
    return types;
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { PadImagesEmitter(b, *this, values).emit(); });
}

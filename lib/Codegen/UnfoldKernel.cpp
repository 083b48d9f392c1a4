//===- UnfoldKernel.cpp - Kernels that make rows of windows -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/UnfoldKernel.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/ByteDot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quench;

namespace {
class UnfoldEmitter {
public:
  UnfoldEmitter(KernelBuilder &builder, const UnfoldKernel &kernel, ValueRange parameters)
      : b(builder), kernel(kernel), images(parameters[0]), result(parameters[1]),
        sums(kernel.groups ? parameters[2] : Value()),
        vectorSize(kernel.groups ? 4 * builder.lanes() : builder.lanes()) {}

  void emit() {
    int64_t height = kernel.windows(0), width = kernel.windows(1);
    Value numImages = b.div(b.size(images, 0), b.index(kernel.height));
    int64_t cycles = width * (4 * kernel.kernel[0] + 2 * kernel.columns() / vectorSize);
    b.parallelLoop(b.mul(numImages, b.index(height)), cycles, [&](Value line) {
      Value image = b.div(line, b.index(height));
      Value y = b.sub(line, b.mul(image, b.index(height)));
      Value top = b.add(b.mul(image, b.index(kernel.height)), b.mul(y, b.index(kernel.strides[0])));
      if (isInterleaved()) {
        auto type = MemRefType::get({kernel.groups->paddedK()}, b.getI8Type());
        scratch = memref::AllocaOp::create(b, type, b.getI64IntegerAttr(64));
      }
      b.loop(b.index(0), b.index(width), 1, [&](Value x) {
        row = b.add(b.mul(line, b.index(width)), x);
        copyWindow(top, b.mul(x, b.index(kernel.strides[1] * kernel.channels)));
        if (kernel.groups) {
          finishCodes();
        }
      });
    });
  }

private:
  /// Whether rows are put together before their codes go between those of another row.
  bool isInterleaved() const { return kernel.groups && kernel.groups->rows > 1; }
  Value target() const { return scratch ? scratch : result; }
  SmallVector<Value> place(Value position) const {
    return scratch ? SmallVector<Value>{position} : SmallVector<Value>{row, position};
  }

  void copyWindow(Value top, Value left) {
    bool isDense = kernel.dilations[1] == 1;
    int64_t pieces = isDense ? 1 : kernel.kernel[1];
    int64_t length = kernel.columns() / kernel.kernel[0] / pieces;
    b.loop(b.index(0), b.index(kernel.kernel[0]), 1, [&](Value i) {
      Value from = b.add(top, b.mul(i, b.index(kernel.dilations[0])));
      Value to = b.mul(i, b.index(pieces * length));
      b.loop(b.index(0), b.index(pieces), 1, [&](Value j) {
        Value column = b.add(left, b.mul(j, b.index(kernel.dilations[1] * kernel.channels)));
        copy(from, column, b.add(to, b.mul(j, b.index(length))), length);
      });
    });
  }

  /// Copies neighbouring elements by whole vectors, of which the last ones may overlap.
  void copy(Value from, Value column, Value to, int64_t length) {
    auto move = [&](Value offset, int64_t count) {
      Value elements = b.load(images, {from, b.add(column, offset)}, count);
      b.store(elements, target(), place(b.add(to, offset)));
    };
    int64_t full = length / vectorSize * vectorSize, rest = length - full;
    constexpr int64_t unrolled = 8;
    if (full > unrolled * vectorSize) {
      b.loop(b.index(0), b.index(full), vectorSize,
             [&](Value offset) { move(offset, vectorSize); });
    } else {
      for (int64_t offset = 0; offset < full; offset += vectorSize) {
        move(b.index(offset), vectorSize);
      }
    }
    if (rest == 0) {
      return;
    }
    auto size = static_cast<int64_t>(llvm::PowerOf2Ceil(rest));
    if (size <= length) {
      move(b.index(length - size), size);
      return;
    }
    move(b.index(0), size / 2);
    move(b.index(length - size / 2), size / 2);
  }

  void finishCodes() {
    const GroupLayout &groups = *kernel.groups;
    int64_t begin = groups.k, end = groups.paddedK();
    while (begin < end) {
      // Down from the end: what remains is an aligned power of two each time.
      int64_t size = begin & -begin;
      while (begin + size > end) {
        size /= 2;
      }
      Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(b.vectorType(b.getI8Type(), size)));
      b.store(zeros, target(), place(b.index(begin)));
      begin += size;
    }
    int64_t last = groups.numGroups() - 1;
    b.loop(b.index(0), b.index(last), 1, [&](Value group) { sumGroup(group, groups.group); });
    sumGroup(b.index(last), groups.groupSize(last));
    if (!scratch) {
      return;
    }
    int64_t piece = groups.piece();
    b.loop(b.index(0), b.index(end), piece, [&](Value position) {
      SmallVector<Value> at = codeAddress(b, groups, result, b.size(sums, 0), row, position);
      b.store(b.load(scratch, {position}, piece), result, at);
    });
  }

  /// Codes are multiplied by ones.
  void sumGroup(Value group, int64_t size) {
    Value begin = b.mul(group, b.index(kernel.groups->group));
    Value ones = b.splat(arith::ConstantIntOp::create(b, 1, 8), vectorSize);
    int64_t padded = llvm::alignTo(size, GroupLayout::kUnit);
    int64_t full = padded / vectorSize * vectorSize;
    SmallVector<Value> sum = {b.splat(0)};
    sum = b.loop(b.index(0), b.index(full), vectorSize, sum,
                 [&](Value offset, ValueRange carried) -> SmallVector<Value> {
                   Value codes = b.load(target(), place(b.add(begin, offset)), vectorSize);
                   return {byteDot(b, carried[0], ones, codes)};
                 });
    if (full < padded) {
      VectorType type = b.vectorType(b.getI8Type(), vectorSize);
      Value rest = arith::ConstantOp::create(b, b.getZeroAttr(type));
      for (int64_t offset = full; offset < padded; offset += GroupLayout::kUnit) {
        Value codes = b.load(target(), place(b.add(begin, b.index(offset))), GroupLayout::kUnit);
        rest = vector::InsertStridedSliceOp::create(
            b, codes, rest, ArrayRef<int64_t>{offset - full}, ArrayRef<int64_t>{1});
      }
      sum[0] = byteDot(b, sum[0], ones, rest);
    }
    b.storeScalar(b.sumLanes(sum[0]), sums, {row, group});
  }

  KernelBuilder &b;
  const UnfoldKernel &kernel;
  Value images, result, sums, row, scratch;
  /// Elements that are copied at a time.
  int64_t vectorSize;
};
} // namespace

std::string UnfoldKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "unfold_" << height << 'x' << width << 'x' << channels << "_by" << kernel[0] << 'x'
     << kernel[1];
  auto differs = [](const std::array<int64_t, 2> &numbers) {
    return numbers != std::array<int64_t, 2>{1, 1};
  };
  if (differs(strides)) {
    os << "_stride" << strides[0] << 'x' << strides[1];
  }
  if (differs(dilations)) {
    os << "_dilated" << dilations[0] << 'x' << dilations[1];
  }
  if (!groups) {
    os << "_f32";
  } else if (groups->group != groups->k) {
    os << "_g" << groups->group;
  }
  os << (groups ? groups->nameOfRows() : "");
  return text;
}

func::FuncOp UnfoldKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    int64_t rows = ShapedType::kDynamic;
    Type element = groups ? Type(b.getI8Type()) : Type(b.getF32Type());
    SmallVector<Type> types = {b.bufferType({rows, width * channels}, element)};
    if (groups) {
      types.push_back(codeBuffer(b, *groups));
      types.push_back(b.bufferType({rows, groups->numGroups()}, b.getI32Type()));
    } else {
      types.push_back(b.bufferType({rows, columns()}, element));
    }
    return types;
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { UnfoldEmitter(b, *this, values).emit(); });
}

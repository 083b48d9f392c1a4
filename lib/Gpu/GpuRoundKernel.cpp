//===- GpuRoundKernel.cpp - Activations as 16-bit floats on devices -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A group of threads takes a row.
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/GpuProductKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

std::string GpuRoundKernel::name() const {
  std::string text = "round_" + std::to_string(groups.k);
  if (groups.group != groups.k) {
    text += "_g" + std::to_string(groups.group);
  }
  return text + (isHalf ? "_f16" : "_bf16") + (forMatrices ? "_matrices" : "");
}

/// The rounded element at a position of the padded row, in the lower half of a word.
static Value roundedAt(GpuKernelBuilder &b, const GpuRoundKernel &kernel, Value input,
                       Value firstInput, Value position) {
  const GroupLayout &groups = kernel.groups;
  const int64_t number = groups.numGroups(), last = groups.groupSize(number - 1);
  Value group = b.div(position, groups.paddedGroup());
  Value inGroup = b.rem(position, groups.paddedGroup());
  Value isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, group, b.index(number - 1));
  Value isReal = b.lessThan(inGroup, b.select(isLast, b.index(last), b.index(groups.group)));
  Value k = b.add(b.mul(group, groups.group), b.select(isReal, inGroup, b.index(0)));
  Value x = b.load(input, b.add(firstInput, k));
  return b.roundToShort(b.select(isReal, x, b.f32(0.0f)), kernel.isHalf);
}

func::FuncOp GpuRoundKernel::getOrCreate(ModuleOp module) const {
  Builder types(module.getContext());
  constexpr int64_t rows = ShapedType::kDynamic;
  GpuKernel kernel;
  kernel.name = name();
  kernel.parameters = {ArithmeticBuilder::bufferType({rows, groups.k}, types.getF32Type()),
                       ArithmeticBuilder::bufferType({rows, wordsPerRow()}, types.getI32Type())};
  kernel.launch = [](GpuKernelBuilder &host, ValueRange values) {
    Value count = memref::DimOp::create(host, values.front(), 0);
    return GpuLaunch{{count, host.index(1), host.index(1)}, {}};
  };
  kernel.body = [&](GpuKernelBuilder &b, ValueRange buffers, ValueRange) {
    Value row = b.groupId(0);
    Value firstInput = b.mul(row, groups.k), firstWord = b.mul(row, wordsPerRow());
    b.loop(b.threadId(), b.index(wordsPerRow()), b.index(b.threads), [&](Value word) {
      // Of sixteen elements, which four and which of them.
      Value inUnit = b.rem(word, 8), unit = b.sub(word, inUnit);
      Value four = forMatrices ? b.rem(inUnit, 4) : b.div(inUnit, 2);
      Value half = forMatrices ? b.div(inUnit, 4) : b.rem(inUnit, 2);
      Value position = b.add(b.mul(unit, 2), b.add(b.mul(four, 4), half));
      Value low = roundedAt(b, *this, buffers[0], firstInput, position);
      Value high = roundedAt(b, *this, buffers[0], firstInput, b.add(position, b.index(2)));
      b.store(b.bitOr(low, b.shiftLeft(high, 16)), buffers[1], b.add(firstWord, word));
    });
  };
  return kernel.getOrCreate(module);
}

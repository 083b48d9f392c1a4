//===- BlockParameters.cpp - Scales and zero points, read by element -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BlockParameters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

bool quench::isWholeAxis(SchemeAttr scheme, ArrayRef<int64_t> shape, int64_t axis) {
  const int64_t extent = scheme.getBlock()[axis];
  return extent == SchemeAttr::kWhole ||
         (!ShapedType::isDynamic(shape[axis]) && shape[axis] > 0 && extent >= shape[axis]);
}

BlockParameters::BlockParameters(SchemeAttr scheme, ArrayRef<int64_t> shape)
    : scheme(scheme), shape(shape) {
  for (int64_t axis : allLoops(shape.size())) {
    grouped |= scheme.getBlock()[axis] != 1 && !isWholeAxis(scheme, shape, axis);
  }
}

void BlockParameters::add(SmallVectorImpl<LoopOperand> &operands, Value tensor) {
  Parameter &parameter = parameters.emplace_back();
  parameter.tensor = tensor;
  if (!tensor || grouped) {
    return;
  }
  parameter.operand = operands.size();
  LoopOperand &operand = operands.emplace_back();
  operand.tensor = tensor;
  for (int64_t axis : allLoops(shape.size())) {
    operand.loops.push_back(isWholeAxis(scheme, shape, axis) ? LoopOperand::first : axis);
  }
}

Value BlockParameters::read(TensorBuilder &b, ValueRange elements, unsigned i) const {
  const Parameter &parameter = parameters[i];
  if (!parameter.tensor) {
    return {};
  }
  if (parameter.operand >= 0) {
    return elements[parameter.operand];
  }
  SmallVector<Value> block;
  for (int64_t axis : allLoops(shape.size())) {
    if (isWholeAxis(scheme, shape, axis)) {
      block.push_back(b.index(0));
      continue;
    }
    Value index = b.loopIndex(axis);
    const int64_t extent = scheme.getBlock()[axis];
    block.push_back(extent == 1 ? index
                                : arith::DivUIOp::create(b, index, b.index(extent)).getResult());
  }
  return tensor::ExtractOp::create(b, parameter.tensor, block);
}

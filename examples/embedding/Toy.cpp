//===- Toy.cpp - A dialect with one op ------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Toy.h"

#include "ToyDialect.cpp.inc"

#define GET_OP_CLASSES
#include "ToyOps.cpp.inc"

void toy::ToyDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "ToyOps.cpp.inc"
      >();
}

mlir::LogicalResult toy::DenseOp::verify() {
  auto input = mlir::cast<mlir::RankedTensorType>(getInput().getType());
  auto weight = mlir::cast<mlir::RankedTensorType>(getWeight().getType());
  auto bias = mlir::cast<mlir::RankedTensorType>(getBias().getType());
  auto result = mlir::cast<mlir::RankedTensorType>(getResult().getType());
  if (weight.getDimSize(1) != input.getDimSize(1)) {
    return emitOpError("expected a weight with rows of ")
           << input.getDimSize(1) << ", found " << weight;
  }
  if (bias.getDimSize(0) != weight.getDimSize(0) || result.getDimSize(1) != weight.getDimSize(0) ||
      result.getDimSize(0) != input.getDimSize(0)) {
    return emitOpError("expected a bias and rows of the result of ") << weight.getDimSize(0);
  }
  return mlir::success();
}

//===- QTensorExpansion.cpp - Quantized tensors as plain tensors -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/QuenchToLinalg/QuenchToLinalg.h"

using namespace mlir;
using namespace quench;

IntegerType quench::getStoredCodeType(SchemeAttr scheme) {
  const unsigned bits = scheme.getCodeType().getIntOrFloatBitWidth();
  return IntegerType::get(scheme.getContext(), bits <= 8 ? 8 : 16);
}

SmallVector<Type> quench::getExpandedTypes(QTensorType type) {
  SmallVector<Type> types = {
      RankedTensorType::get(type.getShape(), getStoredCodeType(type.getScheme())),
      type.getScalesTensor()};
  if (RankedTensorType zeroPoints = type.getZeroPointsTensor()) {
    types.push_back(zeroPoints);
  }
  return types;
}

QTensorExpansion::QTensorExpansion() {
  addConversion([](Type type) { return type; });
  addConversion([](QTensorType type, SmallVectorImpl<Type> &types) -> std::optional<LogicalResult> {
    types = getExpandedTypes(type);
    return success();
  });
}

//===- ImageWindows.cpp - Windows of images -------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImageWindows.h"

#include "ScalarExpression.h"
#include "TosaEmitter.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

/// The value that a quantization of codes to the same codes has got.
static Value beforeSameCodes(Value value, const IntegerPlan &plan) {
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto quantize = dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>() : QuantizeOp();
  const PlannedValue *before = quantize ? plan.lookup(quantize.getInput()) : nullptr;
  const PlannedValue *codes = before ? plan.lookup(quantize.getResult()) : nullptr;
  return codes && !before->hasHoles && before->form == codes->form ? quantize.getInput() : value;
}

/// The pad of rows and columns alone that a value is, by this number.
static tensor::PadOp findPad(Value value, double padding, const IntegerPlan &plan) {
  auto pad = beforeSameCodes(value, plan).getDefiningOp<tensor::PadOp>();
  if (!pad || !plan.lookup(pad.getResult())) {
    return {};
  }
  ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
  const bool isSpatial =
      low.size() == 4 && low[0] == 0 && low[3] == 0 && high[0] == 0 && high[3] == 0;
  return isSpatial && constantNumber(pad.getConstantPaddingValue()) == padding ? pad
                                                                               : tensor::PadOp();
}

Expected<ImageWindows> quench::readWindows(linalg::LinalgOp op, ArrayRef<int64_t> kernel,
                                           double padding, const IntegerPlan &plan) {
  ImageWindows windows{};
  windows.image = op.getDpsInputOperand(0)->get();
  if (tensor::PadOp pad = findPad(windows.image, padding, plan)) {
    windows.image = pad.getSource();
    for (size_t axis : {0, 1}) {
      windows.pad[2 * axis] = pad.getStaticLow()[axis + 1];
      windows.pad[2 * axis + 1] = pad.getStaticHigh()[axis + 1];
    }
  }
  auto numbers = [&](StringRef name, size_t axis) {
    auto attribute = op->getAttrOfType<DenseIntElementsAttr>(name);
    return attribute ? attribute.getValues<int64_t>()[axis] : 1;
  };
  auto image = cast<RankedTensorType>(windows.image.getType());
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  for (size_t axis : {0, 1}) {
    windows.kernel[axis] = kernel[axis];
    windows.strides[axis] = numbers("strides", axis);
    windows.dilations[axis] = numbers("dilations", axis);
    windows.sizes[axis] = image.getDimSize(axis + 1);
    windows.outputs[axis] = result.getDimSize(axis + 1);
    if (ShapedType::isDynamic(windows.sizes[axis]) ||
        ShapedType::isDynamic(windows.outputs[axis]) || ShapedType::isDynamic(kernel[axis])) {
      return createStringError("the size of its images or windows is open");
    }
    if (windows.strides[axis] < 1 || windows.dilations[axis] < 1) {
      return createStringError("its strides or dilations are below 1");
    }
    const int64_t read = (windows.outputs[axis] - 1) * windows.strides[axis] + windows.extent(axis);
    const int64_t rest =
        windows.pad[2 * axis] + windows.sizes[axis] + windows.pad[2 * axis + 1] - read;
    const int64_t ofPad = std::min(rest, windows.pad[2 * axis + 1]);
    windows.pad[2 * axis + 1] -= ofPad;
    windows.sizes[axis] -= rest - ofPad;
    if (windows.sizes[axis] < 1) {
      return createStringError("its windows see nothing but padding");
    }
  }
  return windows;
}

Value ImageWindows::emitImage(TosaEmitter &e) const {
  Value rows = e.slice(e.integers(image), 1, 0, sizes[0]);
  return e.slice(rows, 2, 0, sizes[1]);
}

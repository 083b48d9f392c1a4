//===- ConvolutionOperands.cpp - What convolutions read -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvolutionOperands.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

using llvm::Expected;

/// A pad by zeros of static sizes.
static tensor::PadOp findZeroPad(Value value) {
  auto pad = value.getDefiningOp<tensor::PadOp>();
  Value filling = pad ? pad.getConstantPaddingValue() : Value();
  return filling && matchPattern(filling, m_PosZeroFloat()) ? pad : tensor::PadOp();
}

/// Whether zero is stored as a code that is read as zero.
static bool keepsZero(QuantizeOp op) {
  SchemeAttr scheme = op.getResult().getType().getScheme();
  APInt zero(32, 0);
  DenseIntElementsAttr zeroPoint;
  if (scheme.hasZeroPoints()) {
    if (!matchPattern(op.getZeroPoint(), m_Constant(&zeroPoint)) || !zeroPoint.isSplat()) {
      return false;
    }
    zero = zeroPoint.getSplatValue<APInt>();
  }
  return scheme.getCodeMin() <= zero.getSExtValue() && scheme.getCodeMax() >= zero.getSExtValue();
}

Expected<ConvolvedImages> quench::findImages(Value value, bool isRows) {
  tensor::PadOp pad = findZeroPad(value);
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  if (pad && pad.getSource().getDefiningOp<DequantizeOp>()) {
    dequantize = pad.getSource().getDefiningOp<DequantizeOp>();
  } else {
    pad = nullptr;
  }
  auto quantize = dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>() : QuantizeOp();
  if (!quantize || !quantize.getResult().getType().getScheme().hasPlainParameters()) {
    return ConvolvedImages{};
  }
  SchemeAttr scheme = quantize.getResult().getType().getScheme();
  bool isWhole = scheme.isPerTensor();
  if (isWhole && quantize.isDynamic()) {
    return llvm::createStringError("the scale of its images is computed from all of them");
  }
  if (pad && !(isWhole && keepsZero(quantize))) {
    return ConvolvedImages{};
  }
  bool isPixel = scheme.getBlock() == ArrayRef<int64_t>{1, 1, 1, SchemeAttr::kWhole};
  if (!isWhole && !(isRows && isPixel)) {
    return ConvolvedImages{};
  }
  return ConvolvedImages{pad, quantize};
}

std::optional<Value> quench::findBias(Value init) {
  if (auto fill = init.getDefiningOp<linalg::FillOp>();
      fill && matchPattern(fill.getInputs().front(), m_PosZeroFloat())) {
    return Value();
  }
  Value bias;
  if (auto broadcast = init.getDefiningOp<linalg::BroadcastOp>();
      broadcast && broadcast.getDimensions() == ArrayRef<int64_t>{0, 1, 2}) {
    bias = broadcast.getInput();
  }
  if (auto generic = init.getDefiningOp<linalg::GenericOp>();
      generic && generic.getNumDpsInputs() == 1 && generic.getNumResults() == 1 &&
      generic.getNumParallelLoops() == generic.getNumLoops()) {
    MLIRContext *context = init.getContext();
    auto maps = generic.getIndexingMapsArray();
    bool isCopy =
        generic.getBody()->getTerminator()->getOperand(0) == generic.getBody()->getArgument(0);
    bool isLast = maps[0] == AffineMap::get(4, 0, getAffineDimExpr(3, context)) &&
                  maps[1] == AffineMap::getMultiDimIdentityMap(4, context);
    bias = isCopy && isLast ? generic.getDpsInputOperand(0)->get() : Value();
  }
  auto type = bias ? dyn_cast<RankedTensorType>(bias.getType()) : RankedTensorType();
  return type && type.getRank() == 1 && type.getElementType().isF32() ? std::optional(bias)
                                                                      : std::nullopt;
}

Value quench::padAgain(ImplicitLocOpBuilder &b, tensor::PadOp pad, Value floats) {
  IRMapping mapping;
  mapping.map(pad.getSource(), floats);
  return b.clone(*pad, mapping)->getResult(0);
}

Value quench::quantizeAgain(ImplicitLocOpBuilder &b, QuantizeOp quantize, Value floats,
                            SchemeAttr scheme, Value scale, Value zeroPoint) {
  auto type = QTensorType::get(cast<RankedTensorType>(floats.getType()), scheme);
  auto again = cast<QuantizeOp>(b.clone(*quantize));
  again.getInputMutable().assign(floats);
  again.getScaleMutable().assign(scale ? ValueRange(scale) : ValueRange());
  again.getZeroPointMutable().assign(zeroPoint ? ValueRange(zeroPoint) : ValueRange());
  again.getResult().setType(type);
  return DequantizeOp::create(b, type.getExpressed(), again.getResult());
}

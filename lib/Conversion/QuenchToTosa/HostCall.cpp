//===- HostCall.cpp - Calls of integer functions --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostCall.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

/// The real numbers of integers, in f32.
static Value toFloats(ImplicitLocOpBuilder &b, Value integers, const IntegerForm &form) {
  auto type = cast<RankedTensorType>(integers.getType()).clone(b.getI32Type());
  auto splat = [&](TypedAttr element) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(type.clone(element.getType()), Attribute(element)));
  };
  if (form.bits < 32) {
    integers = arith::ExtSIOp::create(b, type, integers);
  }
  if (form.zeroPoint != 0) {
    integers = arith::SubIOp::create(
        b, integers, splat(b.getI32IntegerAttr(static_cast<int32_t>(form.zeroPoint))));
  }
  Value floats = arith::SIToFPOp::create(b, type.clone(b.getF32Type()), integers);
  return arith::MulFOp::create(b, floats,
                               splat(b.getF32FloatAttr(static_cast<float>(form.scales[0]))));
}

/// The quantization of a leaf, with 128 taken from unsigned codes and their zero point.
static Value signedCodes(ImplicitLocOpBuilder &b, QuantizeOp leaf) {
  QTensorType type = leaf.getResult().getType();
  SchemeAttr scheme = type.getScheme();
  if (!scheme.getCodeType().isUnsignedInteger()) {
    return leaf.getResult();
  }
  auto ofZeroPoint = cast<RankedTensorType>(leaf.getScale().getType()).clone(b.getI32Type());
  APInt zeroPoint(32, 0);
  DenseElementsAttr elements;
  if (leaf.getZeroPoint() && matchPattern(leaf.getZeroPoint(), m_Constant(&elements))) {
    zeroPoint = elements.getSplatValue<APInt>();
  }
  zeroPoint -= 128;
  Value lowered = arith::ConstantOp::create(b, DenseElementsAttr::get(ofZeroPoint, zeroPoint));
  auto bytes = SchemeAttr::get(b.getContext(), TypeAttr::get(b.getI8Type()), scheme.getBlock(),
                               scheme.getScale(), b.getUnitAttr(), scheme.getCodeMin() - 128,
                               scheme.getCodeMax() - 128);
  return QuantizeOp::create(b, QTensorType::get(type.getExpressed(), bytes), leaf.getInput(),
                            leaf.getScale(), lowered);
}

static Value castTo(ImplicitLocOpBuilder &b, Type type, Value value) {
  return value.getType() == type ? value : tensor::CastOp::create(b, type, value).getResult();
}

/// `floats * scales + bias` with scales of rows or one of all, and a bias of columns or none.
static Value scaleRows(ImplicitLocOpBuilder &b, Value floats, Value scales, Value bias) {
  auto type = cast<RankedTensorType>(floats.getType());
  AffineExpr row = b.getAffineDimExpr(0), column = b.getAffineDimExpr(1);
  AffineExpr first = b.getAffineConstantExpr(0);
  const bool isOne = cast<RankedTensorType>(scales.getType()).getDimSize(0) == 1;
  auto map = [&](ArrayRef<AffineExpr> places) {
    return AffineMap::get(2, 0, places, b.getContext());
  };
  if (!isOne) {
    auto ofRows = RankedTensorType::get({type.getDimSize(0), 1}, b.getF32Type());
    scales = castTo(b, ofRows, scales);
  }
  SmallVector<Value> inputs = {floats, scales};
  SmallVector<AffineMap> maps = {map({row, column}), map({isOne ? first : row, first})};
  if (bias) {
    inputs.push_back(bias);
    maps.push_back(map({column}));
  }
  maps.push_back(map({row, column}));
  Value empty = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  SmallVector<utils::IteratorType> loops(2, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &builder, Location loc, ValueRange elements) {
    Value product = arith::MulFOp::create(builder, loc, elements[0], elements[1]);
    linalg::YieldOp::create(
        builder, loc,
        bias ? arith::AddFOp::create(builder, loc, product, elements[2]).getResult() : product);
  };
  return linalg::GenericOp::create(b, TypeRange{type}, inputs, ValueRange{empty}, maps, loops, body)
      .getResult(0);
}

void quench::callFromHost(const IntegerRegion &region, func::FuncOp function,
                          const IntegerForm &form, const IntegerPlan &plan) {
  Value output = region.outputs.front(), scales;
  const PlannedValue &planned = *plan.lookup(output);
  ImplicitLocOpBuilder b(output.getLoc(), output.getContext());
  b.setInsertionPointAfterValue(output);
  SmallVector<Value> codes;
  for (auto [place, argument] : llvm::enumerate(function.getArguments())) {
    QuantizeOp leaf = region.inputs[place];
    Value quantized = signedCodes(b, leaf);
    auto type = cast<QTensorType>(quantized.getType());
    auto parts = DisassembleOp::create(b, type.getCodesTensor(), type.getScalesTensor(),
                                       type.getZeroPointsTensor(), quantized);
    codes.push_back(castTo(b, argument.getType(), parts.getCodes()));
    scales = planned.scaledBy == leaf.getResult() ? parts.getScales() : scales;
  }
  auto call = func::CallOp::create(b, function, codes);
  Value floats = toFloats(b, call.getResult(0), form);
  if (scales) {
    floats = scaleRows(b, floats, scales, planned.bias);
  }
  output.replaceAllUsesWith(castTo(b, output.getType(), floats));
}

//===- TosaEmitter.cpp - Integer code in TOSA -----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TosaEmitter.h"

#include "WeightIntegers.h"

#include "quench/Numerics/QuantizeTensor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Ops of TOSA
//===----------------------------------------------------------------------===//

SmallVector<int64_t> TosaEmitter::shapeOf(Value value) const {
  ShapedType type = isa<QTensorType>(value.getType())
                        ? cast<QTensorType>(value.getType()).getExpressed()
                        : cast<ShapedType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  std::replace(shape.begin(), shape.end(), ShapedType::kDynamic, rows);
  return shape;
}

Value TosaEmitter::constant(Type element, ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(shape, element);
  SmallVector<APInt> elements;
  for (int64_t value : values) {
    elements.emplace_back(element.getIntOrFloatBitWidth(), value, /*isSigned=*/true);
  }
  return tosa::ConstOp::create(b, type, DenseElementsAttr::get(type, elements));
}

Value TosaEmitter::zero(unsigned bits, int64_t value) {
  return constant(b.getIntegerType(bits), {1}, {value});
}

static Value sizes(ImplicitLocOpBuilder &b, ArrayRef<int64_t> values) {
  auto count = static_cast<int64_t>(values.size());
  auto type = RankedTensorType::get({count}, b.getIndexType());
  return tosa::ConstShapeOp::create(b,
                                    tosa::shapeType::get(b.getContext(), static_cast<int>(count)),
                                    DenseIntElementsAttr::get(type, values));
}

Value TosaEmitter::reshape(Value value, ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape) {
    return value;
  }
  return tosa::ReshapeOp::create(b, type.clone(shape), value, sizes(b, shape));
}

/// Columns of a tensor of rank 3.
Value TosaEmitter::slice(Value value, int64_t first, int64_t count) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  if (shape[2] == count) {
    return value;
  }
  shape[2] = count;
  Value start = sizes(b, {0, 0, first});
  return tosa::SliceOp::create(b, type.clone(shape), value, start, sizes(b, shape));
}

Value TosaEmitter::rescale(Value value, const IntegerForm &from, double scale, unsigned bits,
                           int64_t zeroPoint) {
  RescaleFactors factors = llvm::cantFail(proveRescale(from, scale));
  if (from.bits == bits && from.zeroPoint == zeroPoint && factors.isIdentity()) {
    return value;
  }
  auto channels = static_cast<int64_t>(factors.shifts.size());
  Value multipliers =
      constant(b.getI32Type(), {channels}, llvm::to_vector_of<int64_t>(factors.multipliers));
  Value shifts = constant(b.getI8Type(), {channels}, llvm::to_vector_of<int64_t>(factors.shifts));
  auto type = cast<RankedTensorType>(value.getType()).clone(b.getIntegerType(bits));
  return tosa::RescaleOp::create(b, type, value, multipliers, shifts,
                                 zero(from.bits, from.zeroPoint), zero(bits, zeroPoint),
                                 /*scale32=*/true, tosa::RoundingMode::SINGLE_ROUND,
                                 /*per_channel=*/channels > 1, /*input_unsigned=*/false,
                                 /*output_unsigned=*/false);
}

Value TosaEmitter::widen(Value value, const IntegerForm &from) {
  IntegerForm unscaled = from;
  unscaled.scales = {1.0};
  return from.bits == 32 ? value : rescale(value, unscaled, 1.0, 32, 0);
}

Value TosaEmitter::lookup(Value codes, ArrayRef<int64_t> table) {
  return tosa::TableOp::create(b, codes.getType(), codes, constant(b.getI8Type(), {256}, table));
}

//===----------------------------------------------------------------------===//
// Ops of the function
//===----------------------------------------------------------------------===//

Value TosaEmitter::emitQuantize(QuantizeOp op) {
  const IntegerForm &form = plan.lookup(op.getResult())->form;
  SchemeAttr scheme = op.getResult().getType().getScheme();
  const int64_t least = scheme.getCodeMin(), most = scheme.getCodeMax();
  Operation *source = op.getInput().getDefiningOp();
  if (ScalarFunction function = scalarFunction(source)) {
    const Value operand = source->getOperand(0);
    SmallVector<int64_t> codes;
    for (float value : tabulate(function, plan.lookup(operand)->form)) {
      codes.push_back(numerics::quantizeInteger(
          value, static_cast<float>(form.scales[0]), static_cast<int32_t>(form.zeroPoint),
          static_cast<int32_t>(least), static_cast<int32_t>(most)));
    }
    return lookup(emitted.lookup(operand), codes);
  }
  Value codes = rescale(emitted.lookup(op.getInput()), plan.lookup(op.getInput())->form,
                        form.scales[0], 8, form.zeroPoint);
  if (least > -128 || most < 127) {
    codes = tosa::ClampOp::create(b, codes.getType(), codes, b.getI8IntegerAttr(least),
                                  b.getI8IntegerAttr(most));
  }
  return codes;
}

Value TosaEmitter::emitSum(Operation *op) {
  const double scale = plan.lookup(op->getResult(0))->form.scales[0];
  SmallVector<Value> sides;
  for (Value operand : op->getOperands()) {
    sides.push_back(rescale(emitted.lookup(operand), plan.lookup(operand)->form, scale, 32, 0));
  }
  return tosa::AddOp::create(b, sides[0].getType(), sides[0], sides[1]);
}

Value TosaEmitter::emitProduct(Operation *op) {
  SmallVector<Value> sides;
  for (Value operand : op->getOperands()) {
    sides.push_back(widen(emitted.lookup(operand), plan.lookup(operand)->form));
  }
  return tosa::MulOp::create(b, sides[0].getType(), sides[0], sides[1], zero(8));
}

Value TosaEmitter::emitRectifier(Operation *op) {
  Value input = emitted.lookup(op->getOperand(0));
  const IntegerForm &form = plan.lookup(op->getOperand(0))->form;
  if (form.bits == 8) {
    return tosa::ClampOp::create(b, input.getType(), input, b.getI8IntegerAttr(form.zeroPoint),
                                 b.getI8IntegerAttr(127));
  }
  SmallVector<int64_t> ones(cast<RankedTensorType>(input.getType()).getRank(), 1);
  return tosa::MaximumOp::create(b, input.getType(), input, constant(b.getI32Type(), ones, {0}));
}

/// Values of 16 bits from two tables of bytes: `256 upper + lower`.
Value TosaEmitter::emitFunction(Operation *op) {
  const Value operand = op->getOperand(0);
  std::vector<float> values = tabulate(scalarFunction(op), plan.lookup(operand)->form);
  const double scale = plan.lookup(op->getResult(0))->form.scales[0];
  SmallVector<int64_t> upper, lower;
  for (float value : values) {
    const auto integer = static_cast<int64_t>(std::nearbyint(value / scale));
    lower.push_back(static_cast<int8_t>(integer & 255));
    upper.push_back((integer - lower.back()) / 256);
  }
  IntegerForm byte;
  byte.bits = 8;
  byte.bound = 128;
  byte.scales = {256.0};
  Value codes = emitted.lookup(operand);
  Value high = rescale(lookup(codes, upper), byte, 1.0, 32, 0);
  byte.scales = {1.0};
  Value low = rescale(lookup(codes, lower), byte, 1.0, 32, 0);
  return tosa::AddOp::create(b, high.getType(), high, low);
}

Expected<Value> TosaEmitter::addBias(nn::LinearOp op, Value sums, const IntegerForm &form) {
  Expected<std::vector<float>> bias = readFloats(op.getBias(), store);
  if (!bias) {
    return bias.takeError();
  }
  SmallVector<int64_t> integers;
  for (auto [n, value] : llvm::enumerate(*bias)) {
    integers.push_back(
        static_cast<int64_t>(std::nearbyint(value / form.scales[form.hasOneScale() ? 0 : n])));
  }
  const auto count = static_cast<int64_t>(integers.size());
  return tosa::AddOp::create(b, sums.getType(), sums,
                             constant(b.getI32Type(), {1, count}, integers));
}

Expected<Value> TosaEmitter::emitLinear(nn::LinearOp op) {
  Expected<std::vector<WeightBlock>> blocks = readWeight(op.getWeight(), store);
  if (!blocks) {
    return blocks.takeError();
  }
  const IntegerForm &input = plan.lookup(op.getInput())->form;
  const IntegerForm &output = plan.lookup(op.getResult())->form;
  SmallVector<int64_t> from = shapeOf(op.getInput()), to = shapeOf(op.getResult());
  Value sums, rows = reshape(emitted.lookup(op.getInput()), {1, from[0], from[1]});
  for (const WeightBlock &block : *blocks) {
    Value part = slice(rows, block.first, block.count);
    auto type = RankedTensorType::get({1, block.count, to[1]}, b.getI8Type());
    Value weight = tosa::ConstOp::create(
        b, type, DenseElementsAttr::get(type, ArrayRef<int8_t>(block.integers)));
    Value product =
        tosa::MatMulOp::create(b, RankedTensorType::get({1, to[0], to[1]}, b.getI32Type()), part,
                               weight, zero(8, input.zeroPoint), zero(8));
    product = reshape(product, to);
    if (blocks->size() > 1) {
      IntegerForm form;
      form.bound = block.rowSum * input.bound;
      for (double scale : block.scales) {
        form.scales.push_back(scale * input.scales[0]);
      }
      product = rescale(product, form, output.scales[0], 32, 0);
    }
    sums = sums ? tosa::AddOp::create(b, sums.getType(), sums, product).getResult() : product;
  }
  return op.getBias() ? addBias(op, sums, output) : Expected<Value>(sums);
}

Error TosaEmitter::emit(Operation *op) {
  b.setLoc(op->getLoc());
  Value value;
  if (auto linear = dyn_cast<nn::LinearOp>(op)) {
    Expected<Value> sums = emitLinear(linear);
    if (!sums) {
      return sums.takeError();
    }
    value = *sums;
  } else if (auto quantize = dyn_cast<QuantizeOp>(op)) {
    value = emitQuantize(quantize);
  } else if (isa<DequantizeOp>(op)) {
    value = emitted.lookup(op->getOperand(0));
  } else if (isa<arith::AddFOp>(op)) {
    value = emitSum(op);
  } else if (isa<arith::MulFOp>(op)) {
    value = emitProduct(op);
  } else if (isRectifier(op)) {
    value = emitRectifier(op);
  } else {
    value = emitFunction(op);
  }
  emitted.map(op->getResult(0), value);
  return Error::success();
}

std::pair<Value, IntegerForm> TosaEmitter::result(Value value) {
  IntegerForm form = plan.lookup(value)->form;
  Value integers = emitted.lookup(value);
  if (!form.hasOneScale()) {
    IntegerForm common;
    common.scales = {commonScale(form)};
    integers = rescale(integers, form, common.scales[0], 32, 0);
    form = common;
  }
  return {integers, form};
}

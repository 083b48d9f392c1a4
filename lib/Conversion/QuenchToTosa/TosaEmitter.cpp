//===- TosaEmitter.cpp - Integer code in TOSA -----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TosaEmitter.h"

#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace quench;

using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Ops of the function
//===----------------------------------------------------------------------===//

Error TosaEmitter::emit(Operation *op) {
  b.setLoc(op->getLoc());
  Expected<Value> value = plan.lookup(op->getResult(0))->write(*this);
  if (!value) {
    return value.takeError();
  }
  emitted.map(op->getResult(0), *value);
  return Error::success();
}

std::pair<Value, IntegerForm> TosaEmitter::result(Value value) {
  IntegerForm form = plan.lookup(value)->form;
  if (form.hasOneScale()) {
    return {integers(value), form};
  }
  IntegerForm common = llvm::cantFail(formOfSum(form));
  return {rescale(integers(value), form, common.scales[0], 32, 0), common};
}

SmallVector<int64_t> TosaEmitter::shapeOf(Value value) const {
  ShapedType type = isa<QTensorType>(value.getType())
                        ? cast<QTensorType>(value.getType()).getExpressed()
                        : cast<ShapedType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  std::replace(shape.begin(), shape.end(), ShapedType::kDynamic, rows);
  return shape;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value TosaEmitter::constant(unsigned bits, ArrayRef<int64_t> shape, ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(shape, b.getIntegerType(bits));
  SmallVector<APInt> elements;
  for (int64_t value : values) {
    elements.emplace_back(bits, value, /*isSigned=*/true);
  }
  return tosa::ConstOp::create(b, type, DenseElementsAttr::get(type, elements));
}

Value TosaEmitter::bytes(ArrayRef<int64_t> shape, ArrayRef<int8_t> values) {
  auto type = RankedTensorType::get(shape, b.getI8Type());
  return tosa::ConstOp::create(b, type, DenseElementsAttr::get(type, values));
}

Value TosaEmitter::zero(unsigned bits, int64_t value) { return constant(bits, {1}, {value}); }

Value TosaEmitter::sizes(ArrayRef<int64_t> values) {
  auto count = static_cast<int64_t>(values.size());
  auto type = RankedTensorType::get({count}, b.getIndexType());
  return tosa::ConstShapeOp::create(b,
                                    tosa::shapeType::get(b.getContext(), static_cast<int>(count)),
                                    DenseIntElementsAttr::get(type, values));
}

//===----------------------------------------------------------------------===//
// Elements in other places
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

Value TosaEmitter::reshape(Value value, ArrayRef<int64_t> shape) {
  if (typeOf(value).getShape() == shape) {
    return value;
  }
  return tosa::ReshapeOp::create(b, typeOf(value).clone(shape), value, sizes(shape));
}

Value TosaEmitter::slice(Value value, size_t axis, int64_t first, int64_t count) {
  SmallVector<int64_t> shape(typeOf(value).getShape()), start(shape.size(), 0);
  if (shape[axis] == count) {
    return value;
  }
  shape[axis] = count;
  start[axis] = first;
  Value from = sizes(start);
  return tosa::SliceOp::create(b, typeOf(value).clone(shape), value, from, sizes(shape));
}

namespace {
/// Sizes and padding of axes.
struct Axes {
  SmallVector<int64_t> sizes, low, high;

  SmallVector<int64_t> padded() const {
    SmallVector<int64_t> result;
    for (auto [size, before, after] : llvm::zip_equal(sizes, low, high)) {
      result.push_back(before + size + after);
    }
    return result;
  }
};
} // namespace

/// Axes without padding as parts of the one before them.
static Axes mergeAxes(const Axes &axes) {
  Axes merged;
  for (size_t axis = 0; axis < axes.sizes.size(); ++axis) {
    const int64_t size = axes.sizes[axis];
    if (axis == 0 || axes.low[axis] != 0 || axes.high[axis] != 0) {
      merged.sizes.push_back(size);
      merged.low.push_back(axes.low[axis]);
      merged.high.push_back(axes.high[axis]);
    } else {
      merged.sizes.back() *= size;
      merged.low.back() *= size;
      merged.high.back() *= size;
    }
  }
  return merged;
}

/// Upstream's check of the profile allows shapes of six sizes, which are two for each axis here.
Value TosaEmitter::pad(Value value, ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                       int64_t element) {
  const Axes axes{SmallVector<int64_t>(typeOf(value).getShape()), SmallVector<int64_t>(low),
                  SmallVector<int64_t>(high)};
  const SmallVector<int64_t> shape = axes.padded();
  if (typeOf(value).getShape() == ArrayRef<int64_t>(shape)) {
    return value;
  }
  const Axes merged = axes.sizes.size() > 3 ? mergeAxes(axes) : axes;
  SmallVector<int64_t> around;
  for (auto [before, after] : llvm::zip_equal(merged.low, merged.high)) {
    around.append({before, after});
  }
  Value flat = reshape(value, merged.sizes), padding = sizes(around);
  Value padded = tosa::PadOp::create(b, typeOf(value).clone(merged.padded()), flat, padding,
                                     zero(typeOf(value).getElementTypeBitWidth(), element));
  return reshape(padded, shape);
}

/// TOSA's slices have no strides: `step` elements are an axis of their own, of which one is taken.
Value TosaEmitter::takeEvery(Value value, size_t axis, int64_t first, int64_t count, int64_t step) {
  if (step == 1) {
    return slice(value, axis, first, count);
  }
  SmallVector<int64_t> shape(typeOf(value).getShape()), none(shape.size(), 0), high = none;
  const int64_t place = first % step, begin = first - place;
  high[axis] = std::max<int64_t>(begin + count * step - shape[axis], 0);
  Value part = slice(pad(value, none, high, 0), axis, begin, count * step);
  shape[axis] = count;
  SmallVector<int64_t> split = shape;
  split.insert(split.begin() + static_cast<ptrdiff_t>(axis) + 1, step);
  return reshape(slice(reshape(part, split), axis + 1, place, 1), shape);
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

Type TosaEmitter::alike(Value lhs, Value rhs) {
  SmallVector<int64_t> shape;
  for (auto [x, y] : llvm::zip_equal(typeOf(lhs).getShape(), typeOf(rhs).getShape())) {
    shape.push_back(std::max(x, y));
  }
  return typeOf(lhs).clone(shape);
}

Value TosaEmitter::add(Value lhs, Value rhs) {
  return tosa::AddOp::create(b, alike(lhs, rhs), lhs, rhs);
}

Value TosaEmitter::clamp(Value codes, int64_t least, int64_t most) {
  if (least <= -128 && most >= 127) {
    return codes;
  }
  return tosa::ClampOp::create(b, codes.getType(), codes, b.getI8IntegerAttr(least),
                               b.getI8IntegerAttr(most));
}

Value TosaEmitter::rescale(Value value, const IntegerForm &from, double scale, unsigned bits,
                           int64_t zeroPoint) {
  RescaleFactors factors = llvm::cantFail(proveRescale(from, scale));
  if (from.bits == bits && from.zeroPoint == zeroPoint && factors.isIdentity()) {
    return value;
  }
  auto channels = static_cast<int64_t>(factors.shifts.size());
  Value multipliers = constant(32, {channels}, llvm::to_vector_of<int64_t>(factors.multipliers));
  Value shifts = constant(8, {channels}, llvm::to_vector_of<int64_t>(factors.shifts));
  auto type = typeOf(value).clone(b.getIntegerType(bits));
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
  return tosa::TableOp::create(b, codes.getType(), codes, constant(8, {256}, table));
}

//===- PoolingRules.cpp - Largest and added elements ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The largest codes of windows are TOSA's; of unrounded sums, which it has none for, they are
// maxima of slices. Sums of windows are a depthwise convolution by ones, those of whole axes a
// reduction: exact in i32, and what they are divided by is a factor of their scale.
//
//===----------------------------------------------------------------------===//

#include "ImageWindows.h"
#include "RuleTable.h"
#include "ScalarExpression.h"
#include "TosaEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <limits>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

static constexpr double kNothing = -std::numeric_limits<double>::infinity();

/// Whether an op begins with this number for each result.
static bool beginsWith(linalg::LinalgOp op, double number) {
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  return fill && constantNumber(fill.getInputs().front()) == number;
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// What becomes of the elements of a window, along rows, then along columns; `padding` is around
/// the image.
static Value writeSlices(TosaEmitter &e, const ImageWindows &windows, Value image, int64_t padding,
                         llvm::function_ref<Value(Value, Value)> combine) {
  image = e.pad(image, {0, windows.pad[0], windows.pad[2], 0},
                {0, windows.pad[1], windows.pad[3], 0}, padding);
  for (size_t axis : {0, 1}) {
    Value all;
    for (int64_t tap = 0; tap < windows.kernel[axis]; ++tap) {
      Value elements = e.takeEvery(image, axis + 1, tap * windows.dilations[axis],
                                   windows.outputs[axis], windows.strides[axis]);
      all = all ? combine(all, elements) : elements;
    }
    image = all;
  }
  return image;
}

static Value writeMaxima(TosaEmitter &e, const ImageWindows &windows, int64_t least) {
  return writeSlices(e, windows, windows.emitImage(e), least, [&](Value a, Value c) -> Value {
    return tosa::MaximumOp::create(e.builder(), a.getType(), a, c);
  });
}

static Value writeMaxPool(TosaEmitter &e, const ImageWindows &windows) {
  Value image = windows.emitImage(e);
  SmallVector<int64_t> shape(typeOf(image).getShape());
  shape[1] = windows.outputs[0];
  shape[2] = windows.outputs[1];
  return tosa::MaxPool2dOp::create(e.builder(), typeOf(image).clone(shape), image, windows.kernel,
                                   windows.strides, windows.pad);
}

static SmallVector<int64_t> kernelOf(linalg::LinalgOp op) {
  return SmallVector<int64_t>(
      cast<RankedTensorType>(op.getDpsInputOperand(1)->get().getType()).getShape());
}

static Planned planMaxPool(linalg::PoolingNhwcMaxOp op, const IntegerPlan &plan) {
  Expected<ImageWindows> windows = readWindows(op, kernelOf(op), kNothing, plan);
  if (!windows) {
    return windows.takeError();
  }
  Expected<const PlannedValue *> image = plan.operand(windows->image);
  if (!image) {
    return image.takeError();
  }
  for (size_t side = 0; side < 4; ++side) {
    if (windows->pad[side] >= windows->extent(side / 2)) {
      return createStringError("its windows see nothing but padding");
    }
  }
  if (!beginsWith(op, kNothing)) {
    return createStringError("its maxima begin with a number");
  }
  PlannedValue result;
  result.form = (*image)->form;
  result.operands = {windows->image};
  const bool isCodes = result.form.bits == 8;
  result.write = [windows = *windows, isCodes](TosaEmitter &e) -> Expected<Value> {
    if (isCodes && !windows.isDilated()) {
      return writeMaxPool(e, windows);
    }
    return writeMaxima(e, windows,
                       isCodes ? static_cast<int64_t>(std::numeric_limits<int8_t>::min())
                               : std::numeric_limits<int32_t>::min());
  };
  return result;
}

/// Products with weights that are all one.
static Value writeSums(TosaEmitter &e, const ImageWindows &windows, int64_t zeroPoint) {
  Value image = windows.emitImage(e);
  SmallVector<int64_t> shape(typeOf(image).getShape());
  const int64_t channels = shape[3];
  std::vector<int8_t> ones(windows.kernel[0] * windows.kernel[1] * channels, 1);
  Value weight = e.bytes({windows.kernel[0], windows.kernel[1], channels, 1}, ones);
  Value bias = e.constant(32, {channels}, SmallVector<int64_t>(channels, 0));
  shape[1] = windows.outputs[0];
  shape[2] = windows.outputs[1];
  ImplicitLocOpBuilder &b = e.builder();
  return tosa::DepthwiseConv2DOp::create(b, RankedTensorType::get(shape, b.getI32Type()), image,
                                         weight, bias, e.zero(8, zeroPoint), e.zero(8), windows.pad,
                                         windows.strides, windows.dilations, b.getI32Type());
}

static Planned planSumPool(linalg::PoolingNhwcSumOp op, const IntegerPlan &plan) {
  Expected<ImageWindows> windows = readWindows(op, kernelOf(op), /*padding=*/0.0, plan);
  if (!windows) {
    return windows.takeError();
  }
  Expected<const PlannedValue *> image = plan.operand(windows->image);
  if (!image) {
    return image.takeError();
  }
  if (!beginsWith(op, 0.0)) {
    return createStringError("its sums do not begin with zero");
  }
  const IntegerForm from = (*image)->form;
  Expected<IntegerForm> sums = formOfRepeatedSum(from, windows->kernel[0] * windows->kernel[1]);
  if (!sums) {
    return sums.takeError();
  }
  PlannedValue result;
  result.form = std::move(*sums);
  result.operands = {windows->image};
  result.write = [windows = *windows, from, to = result.form](TosaEmitter &e) -> Expected<Value> {
    if (from.bits == 8) {
      return writeSums(e, windows, from.zeroPoint);
    }
    Value integers = windows.emitImage(e);
    if (to.scales != from.scales) {
      integers = e.rescale(integers, from, to.scales[0], 32, 0);
    }
    return writeSlices(e, windows, integers, 0, [&](Value a, Value c) { return e.add(a, c); });
  };
  return result;
}

//===----------------------------------------------------------------------===//
// Whole axes
//===----------------------------------------------------------------------===//

template <typename TosaOp>
static Value writeReduction(TosaEmitter &e, Value value, ArrayRef<int64_t> axes) {
  SmallVector<int64_t> shape(typeOf(value).getShape()), left;
  for (int64_t axis : axes) {
    shape[axis] = 1;
    value =
        TosaOp::create(e.builder(), typeOf(value).clone(shape), value, static_cast<uint32_t>(axis));
  }
  for (auto [axis, size] : llvm::enumerate(shape)) {
    if (!llvm::is_contained(axes, axis)) {
      left.push_back(size);
    }
  }
  return e.reshape(value, left);
}

static Planned planReduceSum(linalg::ReduceOp op, const PlannedValue &operand) {
  auto type = cast<RankedTensorType>(op.getInputs()[0].getType());
  int64_t count = 1;
  for (int64_t axis : op.getDimensions()) {
    if (type.isDynamicDim(axis)) {
      return createStringError("the size of what it adds up is open");
    }
    count *= type.getDimSize(axis);
  }
  Expected<IntegerForm> sums = formOfRepeatedSum(operand.form, count);
  if (!sums) {
    return sums.takeError();
  }
  PlannedValue result;
  result.form = std::move(*sums);
  result.operands = {op.getInputs()[0]};
  result.write = [value = op.getInputs()[0], from = operand.form, to = result.form,
                  axes =
                      SmallVector<int64_t>(op.getDimensions())](TosaEmitter &e) -> Expected<Value> {
    const bool isSame = to.scales == from.scales;
    Value integers = isSame ? e.widen(e.integers(value), from)
                            : e.rescale(e.integers(value), from, to.scales[0], 32, 0);
    return writeReduction<tosa::ReduceSumOp>(e, integers, axes);
  };
  return result;
}

static Planned planReduceMax(linalg::ReduceOp op, const PlannedValue &operand) {
  PlannedValue result;
  result.form = operand.form;
  result.operands = {op.getInputs()[0]};
  result.write = [value = op.getInputs()[0], axes = SmallVector<int64_t>(op.getDimensions())](
                     TosaEmitter &e) -> Expected<Value> {
    return writeReduction<tosa::ReduceMaxOp>(e, e.integers(value), axes);
  };
  return result;
}

static Planned planReduce(linalg::ReduceOp op, const IntegerPlan &plan) {
  Operation *step = op.getBody()->getTerminator()->getOperand(0).getDefiningOp();
  if (op.getInputs().size() != 1 || !step || op.getBody()->getOperations().size() != 2) {
    return createStringError("it is neither a sum nor a maximum");
  }
  Expected<const PlannedValue *> operand = plan.operand(op.getInputs()[0]);
  if (!operand) {
    return operand.takeError();
  }
  const int64_t last = cast<RankedTensorType>(op.getInputs()[0].getType()).getRank() - 1;
  if (!(*operand)->form.hasOneScale() && llvm::is_contained(op.getDimensions(), last)) {
    return createStringError("its operand has a scale for each channel");
  }
  if (isa<arith::AddFOp>(step) && beginsWith(op, 0.0)) {
    return planReduceSum(op, **operand);
  }
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(step) && beginsWith(op, kNothing)) {
    return planReduceMax(op, **operand);
  }
  return createStringError("it is neither a sum nor a maximum");
}

void quench::addPoolingRules(RuleTable &table) {
  table.add<linalg::PoolingNhwcMaxOp>(planMaxPool);
  table.add<linalg::PoolingNhwcSumOp>(planSumPool);
  table.add<linalg::ReduceOp>(planReduce);
}

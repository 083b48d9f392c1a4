//===- MovementRules.cpp - Elements in other places -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transposes, reshapes, slices, padding and concatenations move integers as they move floats: in
// one scale for all of them.
//
//===----------------------------------------------------------------------===//

#include "RuleTable.h"
#include "ScalarExpression.h"
#include "TosaEmitter.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

using Move = std::function<Value(TosaEmitter &, Value)>;

/// Integers of one scale, moved.
static Planned planMove(Value source, const IntegerPlan &plan, Move move) {
  Expected<const PlannedValue *> operand = plan.operand(source);
  if (!operand) {
    return operand.takeError();
  }
  PlannedValue result;
  const IntegerForm from = (*operand)->form;
  result.form = from;
  if (!from.hasOneScale()) {
    Expected<IntegerForm> common = formOfSum(from);
    if (!common) {
      return common.takeError();
    }
    result.form = std::move(*common);
  }
  result.operands = {source};
  result.write = [source, from, to = result.form, move](TosaEmitter &e) -> Expected<Value> {
    Value integers = e.integers(source);
    return move(e, from.hasOneScale() ? integers
                                      : e.rescale(integers, from, to.scales[0], to.bits, 0));
  };
  return result;
}

static ArrayRef<int64_t> shapeOf(Value integers) {
  return cast<RankedTensorType>(integers.getType()).getShape();
}

static Planned planTranspose(linalg::TransposeOp op, const IntegerPlan &plan) {
  SmallVector<int32_t> order = llvm::to_vector_of<int32_t>(op.getPermutation());
  return planMove(op.getInput(), plan, [order](TosaEmitter &e, Value value) -> Value {
    SmallVector<int64_t> shape;
    for (int32_t axis : order) {
      shape.push_back(shapeOf(value)[axis]);
    }
    Type type = cast<RankedTensorType>(value.getType()).clone(shape);
    return tosa::TransposeOp::create(e.builder(), type, value, order);
  });
}

static Planned planCast(tensor::CastOp op, const IntegerPlan &plan) {
  return planMove(op.getSource(), plan, [](TosaEmitter &, Value value) { return value; });
}

static Planned planCollapse(tensor::CollapseShapeOp op, const IntegerPlan &plan) {
  return planMove(op.getSrc(), plan,
                  [groups = op.getReassociationIndices()](TosaEmitter &e, Value value) {
                    SmallVector<int64_t> shape;
                    for (const ReassociationIndices &group : groups) {
                      int64_t size = 1;
                      for (int64_t axis : group) {
                        size *= shapeOf(value)[axis];
                      }
                      shape.push_back(size);
                    }
                    return e.reshape(value, shape);
                  });
}

static Planned planExpand(tensor::ExpandShapeOp op, const IntegerPlan &plan) {
  SmallVector<int64_t> sizes(op.getResultType().getShape());
  auto groups = op.getReassociationIndices();
  for (const ReassociationIndices &group : groups) {
    if (llvm::count_if(group, [&](int64_t axis) { return ShapedType::isDynamic(sizes[axis]); }) >
        1) {
      return createStringError("several of its sizes are open");
    }
  }
  return planMove(op.getSrc(), plan, [sizes, groups](TosaEmitter &e, Value value) {
    SmallVector<int64_t> shape(sizes);
    for (auto [whole, group] : llvm::zip_equal(shapeOf(value), groups)) {
      int64_t known = 1, *open = nullptr;
      for (int64_t axis : group) {
        open = ShapedType::isDynamic(shape[axis]) ? &shape[axis] : open;
        known *= ShapedType::isDynamic(shape[axis]) ? 1 : shape[axis];
      }
      if (open) {
        *open = whole / known;
      }
    }
    return e.reshape(value, shape);
  });
}

static Planned planSlice(tensor::ExtractSliceOp op, const IntegerPlan &plan) {
  SmallVector<int64_t> first(op.getStaticOffsets()), count(op.getStaticSizes()),
      step(op.getStaticStrides());
  ArrayRef<int64_t> from = op.getSourceType().getShape();
  bool isKnown = op.getType().getRank() == op.getSourceType().getRank();
  for (size_t axis = 0; axis < from.size(); ++axis) {
    bool isWhole = first[axis] == 0 && step[axis] == 1 && ShapedType::isDynamic(count[axis]) &&
                   ShapedType::isDynamic(from[axis]);
    isKnown &=
        isWhole || !(ShapedType::isDynamic(first[axis]) || ShapedType::isDynamic(count[axis]) ||
                     ShapedType::isDynamic(step[axis]));
  }
  if (!isKnown) {
    return createStringError("the place of its slice is open");
  }
  return planMove(op.getSource(), plan, [first, count, step](TosaEmitter &e, Value value) {
    for (size_t axis = 0; axis < first.size(); ++axis) {
      if (!ShapedType::isDynamic(count[axis])) {
        value = e.takeEvery(value, axis, first[axis], count[axis], step[axis]);
      }
    }
    return value;
  });
}

//===----------------------------------------------------------------------===//
// Padding
//===----------------------------------------------------------------------===//

static Planned planPad(tensor::PadOp op, const IntegerPlan &plan) {
  Value filling = op.getConstantPaddingValue();
  std::optional<double> number = filling ? constantNumber(filling) : std::nullopt;
  SmallVector<int64_t> low(op.getStaticLow()), high(op.getStaticHigh());
  auto isKnown = [](int64_t size) { return !ShapedType::isDynamic(size) && size >= 0; };
  if (!number || !llvm::all_of(low, isKnown) || !llvm::all_of(high, isKnown)) {
    return createStringError("its padding is not constant");
  }
  int64_t count = 0;
  for (size_t axis = 1; axis < low.size(); ++axis) {
    count += low[axis] != 0 || high[axis] != 0;
  }
  if (count > 2) {
    return createStringError("more than two axes behind the first are padded");
  }
  Expected<const PlannedValue *> operand = plan.operand(op.getSource());
  if (!operand) {
    return operand.takeError();
  }
  if (*number == -std::numeric_limits<double>::infinity()) {
    PlannedValue result;
    result.form = (*operand)->form;
    result.operands = {op.getSource()};
    result.hasHoles = true;
    return result;
  }
  if (*number != 0.0) {
    return createStringError("its padding is neither zero nor minus infinity");
  }
  return planMove(op.getSource(), plan,
                  [low, high, zero = (*operand)->form.zeroPoint](TosaEmitter &e, Value value) {
                    return e.pad(value, low, high, zero);
                  });
}

//===----------------------------------------------------------------------===//
// Concatenations
//===----------------------------------------------------------------------===//

namespace {
/// Tensors side by side along one axis.
struct Parts {
  int64_t axis = 0;
  SmallVector<Value> values;
  /// Their elements along the axis.
  int64_t covered = 0;
};
} // namespace

/// The tensors that a chain of insertions puts into an empty one, from the first place on.
static std::optional<Parts> readParts(tensor::InsertSliceOp op) {
  Parts parts;
  if (auto before = op.getDest().getDefiningOp<tensor::InsertSliceOp>()) {
    std::optional<Parts> found = readParts(before);
    if (!found) {
      return std::nullopt;
    }
    parts = std::move(*found);
  } else if (!op.getDest().getDefiningOp<tensor::EmptyOp>()) {
    return std::nullopt;
  }
  ArrayRef<int64_t> from = op.getSourceType().getShape(), to = op.getDestType().getShape();
  if (from.size() != to.size()) {
    return std::nullopt;
  }
  if (parts.values.empty()) {
    auto differs = [&](int64_t axis) { return from[axis] != to[axis]; };
    auto axes = llvm::seq<int64_t>(0, static_cast<int64_t>(from.size()));
    parts.axis = llvm::find_if(axes, differs) == axes.end() ? 0 : *llvm::find_if(axes, differs);
  }
  for (auto [axis, offset] : llvm::enumerate(op.getStaticOffsets())) {
    const bool isOwn = static_cast<int64_t>(axis) == parts.axis;
    if (offset != (isOwn ? parts.covered : 0) || op.getStaticStrides()[axis] != 1 ||
        (isOwn ? ShapedType::isDynamic(from[axis]) : from[axis] != to[axis])) {
      return std::nullopt;
    }
  }
  parts.values.push_back(op.getSource());
  parts.covered += from[parts.axis];
  return parts;
}

/// Equal codes side by side; others are brought to a common scale first.
static Planned planInsertSlice(tensor::InsertSliceOp op, const IntegerPlan &plan) {
  std::optional<Parts> parts = readParts(op);
  if (!parts) {
    return createStringError("it is no concatenation along one axis");
  }
  SmallVector<IntegerForm> forms;
  for (Value value : parts->values) {
    Expected<const PlannedValue *> operand = plan.operand(value);
    if (!operand) {
      return operand.takeError();
    }
    forms.push_back((*operand)->form);
  }
  PlannedValue result;
  result.form = forms.front();
  const bool isSame = llvm::all_of(
      forms, [&](const IntegerForm &form) { return form == forms[0] && form.hasOneScale(); });
  if (!isSame) {
    Expected<IntegerForm> common = formOfSum(forms);
    if (!common) {
      return common.takeError();
    }
    result.form = std::move(*common);
  }
  result.hasHoles = parts->covered != op.getDestType().getDimSize(parts->axis);
  result.operands = parts->values;
  result.write = [=, values = parts->values, axis = parts->axis, all = parts->covered,
                  to = result.form](TosaEmitter &e) -> Expected<Value> {
    SmallVector<Value> integers;
    for (auto [value, form] : llvm::zip_equal(values, forms)) {
      integers.push_back(isSame ? e.integers(value)
                                : e.rescale(e.integers(value), form, to.scales[0], 32, 0));
    }
    auto first = cast<RankedTensorType>(integers[0].getType());
    SmallVector<int64_t> shape(first.getShape());
    shape[axis] = all;
    return tosa::ConcatOp::create(e.builder(), first.clone(shape), integers,
                                  static_cast<int32_t>(axis))
        .getResult();
  };
  return result;
}

void quench::addMovementRules(RuleTable &table) {
  table.add<linalg::TransposeOp>(planTranspose);
  table.add<tensor::CastOp>(planCast);
  table.add<tensor::CollapseShapeOp>(planCollapse);
  table.add<tensor::ExpandShapeOp>(planExpand);
  table.add<tensor::ExtractSliceOp>(planSlice);
  table.add<tensor::PadOp>(planPad);
  table.add<tensor::InsertSliceOp>(planInsertSlice);
}

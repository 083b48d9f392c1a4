//===- TosaShapeOps.cpp - Constants and moved elements of TOSA ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TOSA 1.0 on elements of any type (https://www.mlplatform.org/tosa/tosa_spec.html).
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace llvm;

namespace quench::reference {

static Expected<Value> evaluateConstant(tosa::ConstOp op, const Frame &) {
  return evaluateElements(op.getValues());
}

static Expected<Value> evaluateConstantShape(tosa::ConstShapeOp op, const Frame &) {
  Value result;
  result.type = op.getType();
  for (const APInt &size : op.getValues().getValues<APInt>()) {
    result.integers.push_back(size.getSExtValue());
  }
  return result;
}

static Expected<Value> evaluateIdentity(tosa::IdentityOp op, const Frame &frame) {
  return frame[op.getInput1()];
}

/// A size of -1 is what is left for it.
static Expected<Value> evaluateReshape(tosa::ReshapeOp op, const Frame &frame) {
  Value result = frame[op.getInput1()];
  SmallVector<int64_t> shape(ArrayRef<int64_t>(frame[op.getShape()].integers));
  int64_t known = 1, *open = nullptr;
  for (int64_t &size : shape) {
    if (size == -1 && !open) {
      open = &size;
    } else {
      known *= size;
    }
  }
  if (open && known > 0) {
    *open = result.size() / known;
  }
  Expected<int64_t> count = countElements(shape);
  if (!count) {
    return count.takeError();
  }
  if (*count != result.size()) {
    return failure("expected a shape of %lld elements, found %s",
                   static_cast<long long>(result.size()), shapeString(shape).c_str());
  }
  result.type = RankedTensorType::get(shape, result.elementType());
  return result;
}

/// A tensor of this shape whose elements come from `source` at the places that `from` says; those
/// that it says nothing for are `otherwise`.
static Expected<Value>
gather(const Value &source, ArrayRef<int64_t> shape,
       llvm::function_ref<std::optional<SmallVector<int64_t>>(ArrayRef<int64_t>)> from,
       const Value *otherwise = nullptr) {
  Expected<Value> result = makeTensor(source.elementType(), shape);
  if (!result) {
    return result;
  }
  int64_t place = 0;
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    std::optional<SmallVector<int64_t>> own = from(index);
    setElement(*result, place++,
               own ? elementOf(source, position(*own, source.shape())) : elementOf(*otherwise, 0));
  });
  return result;
}

static Expected<Value> evaluateTranspose(tosa::TransposeOp op, const Frame &frame) {
  const Value &source = frame[op.getInput1()];
  ArrayRef<int32_t> axes = op.getPerms();
  SmallVector<int64_t> shape;
  for (int32_t axis : axes) {
    shape.push_back(source.shape()[axis]);
  }
  return gather(source, shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> own(index.size());
    for (auto [axis, coordinate] : llvm::zip_equal(axes, index)) {
      own[axis] = coordinate;
    }
    return std::optional(own);
  });
}

static Expected<Value> evaluatePad(tosa::PadOp op, const Frame &frame) {
  const Value &source = frame[op.getInput1()];
  const std::vector<int64_t> &padding = frame[op.getPadding()].integers;
  SmallVector<int64_t> shape;
  for (auto [axis, size] : llvm::enumerate(source.shape())) {
    shape.push_back(padding[2 * axis] + size + padding[2 * axis + 1]);
  }
  auto from = [&](ArrayRef<int64_t> index) -> std::optional<SmallVector<int64_t>> {
    SmallVector<int64_t> own(index);
    for (auto [axis, size] : llvm::enumerate(source.shape())) {
      own[axis] -= padding[2 * axis];
      if (own[axis] < 0 || own[axis] >= size) {
        return std::nullopt;
      }
    }
    return own;
  };
  return gather(source, shape, from, &frame[op.getPadConst()]);
}

static Expected<Value> evaluateSlice(tosa::SliceOp op, const Frame &frame) {
  const Value &source = frame[op.getInput1()];
  const std::vector<int64_t> &starts = frame[op.getStart()].integers;
  const std::vector<int64_t> &sizes = frame[op.getSize()].integers;
  for (auto [axis, size] : llvm::enumerate(source.shape())) {
    if (starts[axis] < 0 || sizes[axis] < 0 || starts[axis] + sizes[axis] > size) {
      return failure("expected a slice inside of %lld elements on axis %zu",
                     static_cast<long long>(size), axis);
    }
  }
  return gather(source, sizes, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> own(index);
    for (auto [coordinate, start] : llvm::zip_equal(own, starts)) {
      coordinate += start;
    }
    return std::optional(own);
  });
}

/// Tensors one behind the other along an axis.
static Expected<Value> evaluateConcat(tosa::ConcatOp op, const Frame &frame) {
  const size_t axis = op.getAxis();
  const Value &first = frame[op.getInput1().front()];
  SmallVector<int64_t> shape(first.shape());
  shape[axis] = 0;
  for (mlir::Value input : op.getInput1()) {
    shape[axis] += frame[input].shape()[axis];
  }
  Expected<Value> result = makeTensor(first.elementType(), shape);
  if (!result) {
    return result;
  }
  int64_t offset = 0;
  for (mlir::Value input : op.getInput1()) {
    const Value &part = frame[input];
    int64_t place = 0;
    forEachIndex(part.shape(), [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> to(index);
      to[axis] += offset;
      setElement(*result, position(to, shape), elementOf(part, place++));
    });
    offset += part.shape()[axis];
  }
  return result;
}

void addTosaShapeOps(OpTable &table) {
  table.add<tosa::ConstOp>(evaluateConstant);
  table.add<tosa::ConstShapeOp>(evaluateConstantShape);
  table.add<tosa::IdentityOp>(evaluateIdentity);
  table.add<tosa::ReshapeOp>(evaluateReshape);
  table.add<tosa::TransposeOp>(evaluateTranspose);
  table.add<tosa::PadOp>(evaluatePad);
  table.add<tosa::SliceOp>(evaluateSlice);
  table.add<tosa::ConcatOp>(evaluateConcat);
}

} // namespace quench::reference

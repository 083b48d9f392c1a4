//===- IndexOps.cpp - Operators that pick and join elements ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using llvm::Twine;

namespace quench::onnximport {

/// Elements that a constant made at import may have.
static constexpr int64_t maxFolded = int64_t(1) << 24;

static void importConstant(Node &node) {
  Constant result;
  auto integers = [&](ArrayRef<int64_t> values, bool isScalar) {
    result.elements = ElementClass::Integer;
    result.dataType = datatype::Int64;
    result.integers.assign(values.begin(), values.end());
    result.shape.assign(isScalar ? 0 : 1, values.size());
  };
  auto floats = [&](ArrayRef<float> values, bool isScalar) {
    result.dataType = datatype::Float;
    result.floats.assign(values.begin(), values.end());
    result.shape.assign(isScalar ? 0 : 1, values.size());
  };
  if (const ::onnx::AttributeProto *value = node.find("value")) {
    llvm::Expected<Constant> read = node.graph().read(value->t());
    if (!read) {
      return node.fail(llvm::toString(read.takeError()));
    }
    return node.define(0, std::move(*read));
  }
  if (const ::onnx::AttributeProto *value = node.find("value_int")) {
    integers(value->i(), /*isScalar=*/true);
  } else if (const ::onnx::AttributeProto *value = node.find("value_ints")) {
    integers(SmallVector<int64_t>(value->ints().begin(), value->ints().end()), false);
  } else if (const ::onnx::AttributeProto *value = node.find("value_float")) {
    floats(value->f(), /*isScalar=*/true);
  } else if (const ::onnx::AttributeProto *value = node.find("value_floats")) {
    floats(SmallVector<float>(value->floats().begin(), value->floats().end()), false);
  } else {
    return node.fail("expected a tensor or numbers as value");
  }
  node.define(0, std::move(result));
}

static void importConstantOfShape(Node &node) {
  SmallVector<int64_t> shape = node.integers(0);
  Constant value;
  value.floats = {0.0f};
  value.dataType = datatype::Float;
  if (const ::onnx::AttributeProto *attribute = node.find("value")) {
    llvm::Expected<Constant> read = node.graph().read(attribute->t());
    if (!read) {
      return node.fail(llvm::toString(read.takeError()));
    }
    value = std::move(*read);
  }
  llvm::Expected<int64_t> count = countElements(shape);
  if (!count) {
    return node.fail(llvm::toString(count.takeError()));
  }
  if (value.size() != 1 || *count > maxFolded) {
    return node.fail("expected one value, and at most " + Twine(maxFolded) + " elements");
  }
  if (!node.ok()) {
    return;
  }
  value.shape = shape;
  value.name.clear();
  if (value.elements == ElementClass::Float) {
    value.floats.assign(*count, value.floats.front());
  } else {
    value.integers.assign(*count, value.integers.front());
  }
  node.define(0, std::move(value));
}

/// Whether all inputs are sizes and their elements are joined.
static bool joinedSizes(Node &node) {
  Sizes all;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    std::optional<Sizes> sizes = node.maybeSizes(i);
    if (!sizes) {
      return false;
    }
    all.append(*sizes);
  }
  node.defineSizes(0, std::move(all), /*isScalar=*/false);
  return true;
}

static void importConcat(Node &node) {
  if (joinedSizes(node)) {
    return;
  }
  ImplicitLocOpBuilder &b = node.b;
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    inputs.push_back(node.value(i));
  }
  if (!node.ok() || inputs.empty()) {
    return node.fail("expected inputs");
  }
  auto first = cast<RankedTensorType>(inputs.front().getType());
  int64_t axis = node.axis(node.attribute("axis", int64_t(0)), first.getRank());
  int64_t total = 0;
  for (Value input : inputs) {
    auto type = cast<RankedTensorType>(input.getType());
    bool fits = type.getRank() == first.getRank() && !type.isDynamicDim(axis) &&
                type.getElementType() == first.getElementType();
    for (int64_t i = 0; fits && i < type.getRank(); ++i) {
      fits = i == axis || type.getDimSize(i) == first.getDimSize(i);
    }
    if (!fits) {
      return node.fail("expected shapes that differ along axis " + Twine(axis) +
                       " alone, of fixed size there");
    }
    total += type.getDimSize(axis);
  }
  if (!node.ok()) {
    return;
  }
  Sizes sizes = sizesOf(b, inputs.front());
  sizes[axis] = b.getIndexAttr(total);
  Value result = tensor::EmptyOp::create(b, sizes, first.getElementType());
  Sizes offsets(sizes.size(), b.getIndexAttr(0)), strides(sizes.size(), b.getIndexAttr(1));
  int64_t at = 0;
  for (Value input : inputs) {
    offsets[axis] = b.getIndexAttr(at);
    result = tensor::InsertSliceOp::create(b, input, result, offsets, sizesOf(b, input), strides);
    at += cast<RankedTensorType>(input.getType()).getDimSize(axis);
  }
  node.define(0, result);
}

/// A part of a tensor along one axis.
static Value slice(ImplicitLocOpBuilder &b, Value input, int64_t axis, int64_t start, int64_t count,
                   int64_t step) {
  Sizes sizes = sizesOf(b, input), offsets(sizes.size(), b.getIndexAttr(0)),
        strides(sizes.size(), b.getIndexAttr(1));
  offsets[axis] = b.getIndexAttr(start);
  sizes[axis] = b.getIndexAttr(count);
  strides[axis] = b.getIndexAttr(step);
  return tensor::ExtractSliceOp::create(b, input, offsets, sizes, strides);
}

namespace {
/// What a slice takes of an axis of known size.
struct Range {
  int64_t start = 0, count = 0, step = 1;
};
} // namespace

static Range rangeOf(int64_t start, int64_t end, int64_t step, int64_t size) {
  auto place = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, low, high);
  };
  if (step > 0) {
    start = place(start, 0, size);
    end = place(end, 0, size);
    return {start, std::max<int64_t>(llvm::divideCeil(std::max<int64_t>(end - start, 0), step), 0),
            step};
  }
  start = place(start, 0, size - 1);
  end = end < -size ? -1 : place(end, -1, size - 1);
  return {start, std::max<int64_t>(llvm::divideCeil(std::max<int64_t>(start - end, 0), -step), 0),
          step};
}

static void importSlice(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  bool isOld = node.version < 10;
  SmallVector<int64_t> starts = isOld ? node.attributes("starts") : node.integers(1);
  SmallVector<int64_t> ends = isOld ? node.attributes("ends") : node.integers(2);
  SmallVector<int64_t> axes = isOld         ? node.attributes("axes")
                              : node.has(3) ? node.integers(3)
                                            : SmallVector<int64_t>();
  SmallVector<int64_t> steps = node.has(4) ? node.integers(4) : SmallVector<int64_t>();
  for (int64_t i = 0, count = starts.size(); axes.empty() && i < count; ++i) {
    axes.push_back(i);
  }
  if (steps.empty()) {
    steps.assign(starts.size(), 1);
  }
  if (!node.ok() || starts.size() != ends.size() || starts.size() != axes.size() ||
      starts.size() != steps.size()) {
    return node.fail("expected as many starts as ends, axes and steps");
  }
  if (std::optional<Sizes> known = node.maybeSizes(0);
      known && starts.size() == 1 && steps[0] != 0 && steps[0] != INT64_MIN && !known->empty()) {
    Range range = rangeOf(starts[0], ends[0], steps[0], known->size());
    Sizes part;
    for (int64_t i = 0; i < range.count; ++i) {
      part.push_back((*known)[range.start + i * range.step]);
    }
    return node.defineSizes(0, std::move(part), /*isScalar=*/false);
  }
  Value input = node.value(0);
  for (size_t i = 0; node.ok() && i < starts.size(); ++i) {
    auto type = cast<RankedTensorType>(input.getType());
    int64_t axis = node.axis(axes[i], type.getRank());
    if (!node.ok()) {
      return;
    }
    if (type.isDynamicDim(axis)) {
      // All of it is the only part whose size is known to be the same.
      if (starts[i] == 0 && ends[i] >= INT32_MAX && steps[i] == 1) {
        continue;
      }
      return node.fail("expected an axis of fixed size to take a part of");
    }
    if (steps[i] < 1) {
      return node.fail("expected steps above 0, found " + Twine(steps[i]));
    }
    Range range = rangeOf(starts[i], ends[i], steps[i], type.getDimSize(axis));
    if (range.count == 0) {
      return node.fail("expected a part that is not empty along axis " + Twine(axis));
    }
    input = slice(b, input, axis, range.start, range.count, range.step);
  }
  if (node.ok()) {
    node.define(0, input);
  }
}

static void importSplit(Node &node) {
  RankedValue input = node.value(0);
  SmallVector<int64_t> parts = node.has(1) ? node.integers(1) : node.attributes("split");
  if (!node.ok()) {
    return;
  }
  int64_t axis = node.axis(node.attribute("axis", int64_t(0)), input.getType().getRank());
  if (!node.ok() || input.getType().isDynamicDim(axis)) {
    return node.fail("expected an axis of fixed size to split");
  }
  int64_t size = input.getType().getDimSize(axis), count = node.numOutputs();
  if (parts.empty() && count > 0) {
    int64_t each = llvm::divideCeil(size, count);
    for (int64_t at = 0; static_cast<int64_t>(parts.size()) < count; at += each) {
      parts.push_back(std::max<int64_t>(std::min(each, size - at), 0));
    }
  }
  int64_t total = 0;
  bool fits = static_cast<int64_t>(parts.size()) == count;
  for (int64_t part : parts) {
    fits &= part >= 1 && part <= size;
    total += fits ? part : 0;
  }
  if (!fits || total != size) {
    return node.fail("expected parts of " + Twine(size) + " elements, one for each of " +
                     Twine(count) + " results");
  }
  int64_t at = 0;
  for (auto [output, part] : llvm::enumerate(parts)) {
    node.define(output, slice(node.b, input, axis, at, part, 1));
    at += part;
  }
}

/// Picks elements of sizes that are known at import.
static bool gatheredSizes(Node &node, int64_t axis) {
  std::optional<Sizes> known = node.maybeSizes(0), places = node.maybeSizes(1);
  if (!known || !places || axis != 0) {
    return false;
  }
  Sizes result;
  for (OpFoldResult place : *places) {
    std::optional<int64_t> number = getConstantIntValue(place);
    if (!number) {
      return false;
    }
    int64_t index = node.axis(*number, known->size());
    if (!node.ok()) {
      return true;
    }
    result.push_back((*known)[index]);
  }
  const Tensor *indices = node.tensor(1);
  bool isScalar = indices->constant ? indices->constant->shape.empty() : indices->isScalar;
  node.defineSizes(0, std::move(result), isScalar);
  return true;
}

/// Places that count from the end, counted from the start. Whatever they are, a row is read: what
/// is outside of the table has no meaning in ONNX, and is the row that is nearest here.
static Value inRange(Node &node, Value indices, int64_t rows) {
  return elementwise(
      node, indices, node.b.getI32Type(), [&](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
        auto number = [&](int64_t value) -> Value {
          return arith::ConstantIntOp::create(at, value, 32);
        };
        Value fromEnd = arith::AddIOp::create(at, e[0], number(rows));
        Value isNegative = arith::CmpIOp::create(at, arith::CmpIPredicate::slt, e[0], number(0));
        Value place = arith::SelectOp::create(at, isNegative, fromEnd, e[0]);
        place = arith::MinSIOp::create(at, place, number(rows - 1));
        return arith::MaxSIOp::create(at, place, number(0));
      });
}

static void importGather(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  int64_t named = node.attribute("axis", int64_t(0));
  if (gatheredSizes(node, named)) {
    return;
  }
  RankedValue data = node.value(0);
  if (!node.ok()) {
    return;
  }
  int64_t rank = data.getType().getRank(), axis = node.axis(named, rank);
  const Constant *constant = node.maybeConstant(1);
  if (node.ok() && constant && constant->integers.size() == 1) {
    // One place: a slice, whose axis goes unless the index has axes.
    if (data.getType().isDynamicDim(axis)) {
      return node.fail("expected an axis of fixed size to pick from");
    }
    int64_t place = node.axis(constant->integers.front(), data.getType().getDimSize(axis));
    if (!node.ok()) {
      return;
    }
    Value part = slice(b, data, axis, place, 1, 1);
    Sizes sizes = sizesOf(b, part);
    sizes.erase(sizes.begin() + axis);
    Sizes ones(constant->shape.size(), b.getIndexAttr(1));
    sizes.insert(sizes.begin() + axis, ones.begin(), ones.end());
    Value result = reshape(node, part, sizes);
    return result ? node.define(0, result) : void();
  }
  RankedValue indices = node.value(1);
  if (!node.ok()) {
    return;
  }
  if (axis != 0 || rank != 2 || !data.getType().getElementType().isF32() ||
      !indices.getType().getElementType().isInteger(32) || !data.getType().hasStaticShape() ||
      data.getType().getNumElements() == 0 || data.getType().getDimSize(0) > INT32_MAX ||
      indices.getType().getNumDynamicDims() > 1) {
    return node.fail("expected rows of a matrix of floats, or one constant place");
  }
  Sizes own = sizesOf(b, indices);
  OpFoldResult count = b.getIndexAttr(1);
  for (OpFoldResult size : own) {
    std::optional<int64_t> x = getConstantIntValue(count), y = getConstantIntValue(size);
    if (x && y) {
      count = b.getIndexAttr(*x * *y);
    } else if (x == 1) {
      count = size;
    } else {
      count = arith::MulIOp::create(b, getValueOrCreateConstantIndexOp(b, b.getLoc(), count),
                                    getValueOrCreateConstantIndexOp(b, b.getLoc(), size))
                  .getResult();
    }
  }
  Value places = inRange(node, indices, data.getType().getDimSize(0));
  Value flat = places ? reshape(node, places, count) : Value();
  if (!flat) {
    return;
  }
  int64_t width = data.getType().getDimSize(1);
  auto type = RankedTensorType::get({shapeOf(count).front(), width}, b.getF32Type());
  Value rows = nn::EmbeddingOp::create(b, type, data, flat);
  own.push_back(b.getIndexAttr(width));
  Value result = reshape(node, rows, own);
  if (result) {
    node.define(0, result);
  }
}

static void importPad(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  RankedValue input = node.floats(0);
  SmallVector<int64_t> pads = node.version < 11 ? node.attributes("pads") : node.integers(1);
  float value = node.version < 11 ? node.attribute("value", 0.0f) : node.scalar(2, 0.0f);
  std::string mode = node.attribute("mode", "constant");
  if (!node.ok()) {
    return;
  }
  size_t rank = input.getType().getRank();
  bool fits = mode == "constant" && pads.size() == 2 * rank && !node.has(3);
  for (int64_t each : pads) {
    fits &= each >= 0 && each <= (1 << 20);
  }
  if (!fits) {
    return node.fail("expected pads of one constant, two numbers from 0 to 1048576 for each axis");
  }
  Sizes low = toSizes(b, ArrayRef(pads).take_front(rank));
  Sizes high = toSizes(b, ArrayRef(pads).drop_front(rank));
  auto type = tensor::PadOp::inferResultType(input.getType(), ArrayRef(pads).take_front(rank),
                                             ArrayRef(pads).drop_front(rank));
  node.define(0, tensor::PadOp::create(b, type, input, low, high, constantFloat(b, value)));
}

void addIndexOperators(OperatorTable &table) {
  table.add("Concat", importConcat);
  table.add("Constant", importConstant);
  table.add("ConstantOfShape", importConstantOfShape);
  table.add("Gather", importGather);
  table.add("Pad", importPad);
  table.add("Slice", importSlice);
  table.add("Split", importSplit);
}

} // namespace quench::onnximport

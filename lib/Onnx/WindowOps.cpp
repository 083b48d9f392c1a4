//===- WindowOps.cpp - Convolutions and pooling ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pads become `tensor.pad`, so that the op behind it has windows alone. A single spatial axis is
// two of which one has size 1.
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using llvm::Twine;

namespace quench::onnximport {

namespace {

/// How windows move over the spatial axes.
struct Windows {
  SmallVector<int64_t> kernel, strides, dilations, begin, end;
  /// Of the result; kDynamic where the input is open.
  SmallVector<int64_t> outputs;

  /// Elements from the first to the last of a window.
  int64_t extent(size_t axis) const { return dilations[axis] * (kernel[axis] - 1) + 1; }
};

} // namespace

static SmallVector<int64_t> positive(Node &node, StringRef name, size_t count) {
  SmallVector<int64_t> result = node.attributes(name);
  if (result.empty()) {
    result.assign(count, 1);
  }
  constexpr int64_t most = 1 << 20;
  bool fits = result.size() == count &&
              llvm::all_of(result, [](int64_t each) { return each >= 1 && each <= most; });
  if (!fits) {
    node.fail("expected " + Twine(count) + " numbers from 1 to " + Twine(most) + " as attribute '" +
              name + "'");
    result.assign(count, 1);
  }
  return result;
}

/// Pads of one axis for as many windows as strides fit.
static void padSame(Windows &windows, size_t axis, int64_t size, bool upper) {
  int64_t outputs = llvm::divideCeil(size, windows.strides[axis]);
  int64_t total =
      std::max<int64_t>((outputs - 1) * windows.strides[axis] + windows.extent(axis) - size, 0);
  int64_t half = total / 2;
  windows.begin[axis] = upper ? half : total - half;
  windows.end[axis] = total - windows.begin[axis];
}

static Windows readWindows(Node &node, RankedTensorType input, ArrayRef<int64_t> kernel) {
  size_t count = kernel.size();
  Windows windows;
  windows.kernel.assign(kernel.begin(), kernel.end());
  windows.strides = positive(node, "strides", count);
  windows.dilations = positive(node, "dilations", count);
  SmallVector<int64_t> pads = node.attributes("pads");
  std::string form = node.attribute("auto_pad", "NOTSET");
  if (pads.empty() || form != "NOTSET") {
    pads.assign(2 * count, 0);
  }
  constexpr int64_t most = 1 << 20;
  if (pads.size() != 2 * count ||
      !llvm::all_of(pads, [](int64_t each) { return each >= 0 && each <= most; })) {
    node.fail("expected " + Twine(2 * count) + " numbers from 0 to " + Twine(most) +
              " as attribute 'pads'");
    pads.assign(2 * count, 0);
  }
  windows.begin.assign(pads.begin(), pads.begin() + count);
  windows.end.assign(pads.begin() + count, pads.end());
  bool isSame = form == "SAME_UPPER" || form == "SAME_LOWER";
  if (!isSame && form != "NOTSET" && form != "VALID") {
    node.fail("expected a known attribute 'auto_pad', found '" + form + "'");
  }
  bool roundsUp = node.attribute("ceil_mode", int64_t(0)) != 0;
  for (size_t axis = 0; axis < count; ++axis) {
    int64_t size = input.getDimSize(axis + 2);
    if (ShapedType::isDynamic(size)) {
      if (isSame || roundsUp) {
        node.fail("expected spatial axes of fixed size");
      }
      windows.outputs.push_back(size);
      continue;
    }
    if (isSame) {
      padSame(windows, axis, size, form == "SAME_UPPER");
    }
    int64_t room = size + windows.begin[axis] + windows.end[axis] - windows.extent(axis);
    if (room < 0) {
      node.fail("expected windows that fit into the padded input");
      room = 0;
    }
    int64_t stride = windows.strides[axis], outputs = room / stride + 1;
    if (roundsUp && room % stride != 0 && outputs * stride < size + windows.begin[axis]) {
      // One more window, which begins inside and reaches beyond the end.
      windows.end[axis] += outputs * stride - room;
      ++outputs;
    }
    windows.outputs.push_back(outputs);
  }
  return windows;
}

/// Puts `value` around the spatial axes, which are the last ones.
static Value pad(Node &node, Value input, const Windows &windows, float value) {
  ImplicitLocOpBuilder &b = node.b;
  auto isZero = [](int64_t each) { return each == 0; };
  if (llvm::all_of(windows.begin, isZero) && llvm::all_of(windows.end, isZero)) {
    return input;
  }
  auto type = cast<RankedTensorType>(input.getType());
  size_t leading = type.getRank() - windows.kernel.size();
  Sizes low(leading, b.getIndexAttr(0)), high = low;
  low.append(toSizes(b, windows.begin));
  high.append(toSizes(b, windows.end));
  auto padded =
      tensor::PadOp::inferResultType(type, *getConstantIntValues(low), *getConstantIntValues(high));
  return tensor::PadOp::create(b, padded, input, low, high, constantFloat(b, value));
}

/// The sizes of a result with these leading ones.
static Sizes resultSizes(Node &node, ArrayRef<OpFoldResult> leading, Value padded,
                         const Windows &windows) {
  ImplicitLocOpBuilder &b = node.b;
  Sizes sizes(leading), own = sizesOf(b, padded);
  size_t first = own.size() - windows.kernel.size();
  for (auto [axis, size] : llvm::enumerate(windows.outputs)) {
    if (!ShapedType::isDynamic(size)) {
      sizes.push_back(b.getIndexAttr(size));
      continue;
    }
    Value open = getValueOrCreateConstantIndexOp(b, b.getLoc(), own[first + axis]);
    Value extent = arith::ConstantIndexOp::create(b, windows.extent(axis));
    Value stride = arith::ConstantIndexOp::create(b, windows.strides[axis]);
    Value room = arith::DivSIOp::create(b, arith::SubIOp::create(b, open, extent), stride);
    sizes.push_back(
        arith::AddIOp::create(b, room, arith::ConstantIndexOp::create(b, 1)).getResult());
  }
  return sizes;
}

/// Gives inputs of one spatial axis a second one.
static Value addAxis(Node &node, Value value) {
  Sizes sizes = sizesOf(node.b, value);
  sizes.insert(sizes.end() - 1, node.b.getIndexAttr(1));
  return reshape(node, value, sizes);
}

static void addAxis(Windows &windows) {
  for (auto *numbers : {&windows.kernel, &windows.strides, &windows.dilations, &windows.outputs}) {
    numbers->insert(numbers->begin(), 1);
  }
  windows.begin.insert(windows.begin.begin(), 0);
  windows.end.insert(windows.end.begin(), 0);
}

/// Takes the second axis away again.
static Value removeAxis(Node &node, Value value) {
  Sizes sizes = sizesOf(node.b, value);
  sizes.erase(sizes.end() - 2);
  return reshape(node, value, sizes);
}

static DenseIntElementsAttr vectorOf(Node &node, ArrayRef<int64_t> numbers) {
  return node.b.getI64VectorAttr(numbers);
}

/// What sums begin with: the bias of each channel, or zero.
static Value convolutionInit(Node &node, ArrayRef<OpFoldResult> sizes, Value bias) {
  ImplicitLocOpBuilder &b = node.b;
  if (!bias) {
    return filled(b, sizes, 0.0f);
  }
  Value empty = tensor::EmptyOp::create(b, sizes, b.getF32Type());
  return linalg::BroadcastOp::create(b, bias, empty, ArrayRef<int64_t>{0, 2, 3})->getResult(0);
}

/// Channels and filters in groups, each of which sees its own channels alone.
static Value groupedConvolution(Node &node, Value padded, Value filter, int64_t groups,
                                ArrayRef<OpFoldResult> sizes, Value init, const Windows &windows) {
  ImplicitLocOpBuilder &b = node.b;
  auto split = [&](Value value, size_t axis) {
    Sizes own = sizesOf(b, value);
    int64_t size = *getConstantIntValue(own[axis]);
    own[axis] = b.getIndexAttr(size / groups);
    own.insert(own.begin() + axis, b.getIndexAttr(groups));
    return reshape(node, value, own);
  };
  Value input = split(padded, 1), weights = split(filter, 0), start = split(init, 1);
  if (!node.ok()) {
    return {};
  }
  Value result = linalg::Conv2DNgchwGfchwOp::create(
                     b, start.getType(), ValueRange{input, weights}, ValueRange{start},
                     vectorOf(node, windows.strides), vectorOf(node, windows.dilations))
                     .getResult(0);
  return reshape(node, result, sizes);
}

/// A filter for each channel.
static Value depthwiseConvolution(Node &node, Value padded, Value filter, Value init,
                                  const Windows &windows) {
  ImplicitLocOpBuilder &b = node.b;
  Sizes sizes = sizesOf(b, filter);
  sizes.erase(sizes.begin() + 1);
  Value weights = reshape(node, filter, sizes);
  if (!node.ok()) {
    return {};
  }
  return linalg::DepthwiseConv2DNchwChwOp::create(b, init.getType(), ValueRange{padded, weights},
                                                  ValueRange{init}, vectorOf(node, windows.strides),
                                                  vectorOf(node, windows.dilations))
      .getResult(0);
}

static void importConv(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  RankedValue input = node.floats(0), filter = node.floats(1);
  RankedValue bias = node.has(2) ? node.floats(2) : RankedValue();
  int64_t groups = node.attribute("group", int64_t(1));
  if (!node.ok()) {
    return;
  }
  int64_t rank = input.getType().getRank();
  bool fits = (rank == 3 || rank == 4) && filter.getType().getRank() == rank &&
              filter.getType().hasStaticShape() && !input.getType().isDynamicDim(1) &&
              groups >= 1 && filter.getType().getNumElements() > 0 &&
              input.getType().getDimSize(1) == groups * filter.getType().getDimSize(1) &&
              filter.getType().getDimSize(0) % groups == 0;
  if (!fits) {
    std::string types;
    llvm::raw_string_ostream(types) << input.getType() << " and " << filter.getType();
    return node.fail("expected an input and filters with one or two spatial axes and channels that "
                     "fit " +
                     Twine(groups) + " groups, found " + types);
  }
  if (bias && bias.getType().getShape() != ArrayRef<int64_t>{filter.getType().getDimSize(0)}) {
    return node.fail("expected a bias for each of " + Twine(filter.getType().getDimSize(0)) +
                     " filters");
  }
  SmallVector<int64_t> kernel(filter.getType().getShape().drop_front(2));
  SmallVector<int64_t> named = node.attributes("kernel_shape");
  if (!named.empty() && named != kernel) {
    return node.fail("expected the sizes of the filters as attribute 'kernel_shape'");
  }
  Windows windows = readWindows(node, input.getType(), kernel);
  if (!node.ok()) {
    return;
  }
  Value source = input, weights = filter;
  if (rank == 3) {
    source = addAxis(node, source);
    weights = addAxis(node, weights);
    addAxis(windows);
  }
  Value padded = node.ok() ? pad(node, source, windows, 0.0f) : Value();
  if (!padded) {
    return;
  }
  Sizes sizes =
      resultSizes(node, {sizesOf(b, padded)[0], b.getIndexAttr(filter.getType().getDimSize(0))},
                  padded, windows);
  Value init = convolutionInit(node, sizes, bias);
  bool isDepthwise =
      groups > 1 && groups == filter.getType().getDimSize(0) && filter.getType().getDimSize(1) == 1;
  Value result;
  if (isDepthwise) {
    result = depthwiseConvolution(node, padded, weights, init, windows);
  } else if (groups > 1) {
    result = groupedConvolution(node, padded, weights, groups, sizes, init, windows);
  } else {
    result = linalg::Conv2DNchwFchwOp::create(b, init.getType(), ValueRange{padded, weights},
                                              ValueRange{init}, vectorOf(node, windows.strides),
                                              vectorOf(node, windows.dilations))
                 .getResult(0);
  }
  if (result) {
    node.define(0, rank == 3 ? removeAxis(node, result) : result);
  }
}

/// How many elements of the input each window of an average covers; as a constant.
static Value windowCounts(Node &node, RankedTensorType input, const Windows &windows,
                          bool countsPads, ArrayRef<int64_t> explicitEnd) {
  int64_t rows = windows.outputs[0], columns = windows.outputs[1];
  auto along = [&](size_t axis, int64_t place) {
    int64_t count = 0;
    for (int64_t tap = 0; tap < windows.kernel[axis]; ++tap) {
      int64_t at = place * windows.strides[axis] + tap * windows.dilations[axis];
      // What rounding up has added is never counted.
      int64_t low = countsPads ? 0 : windows.begin[axis];
      int64_t high =
          windows.begin[axis] + input.getDimSize(axis + 2) + (countsPads ? explicitEnd[axis] : 0);
      count += at >= low && at < high;
    }
    return count;
  };
  SmallVector<float> counts;
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x) {
      counts.push_back(static_cast<float>(std::max<int64_t>(along(0, y) * along(1, x), 1)));
    }
  }
  auto type = RankedTensorType::get({rows, columns}, node.b.getF32Type());
  return arith::ConstantOp::create(node.b, DenseElementsAttr::get(type, ArrayRef<float>(counts)));
}

static void importPool(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  bool isMax = node.op() == "MaxPool";
  bool countsPads = node.attribute("count_include_pad", int64_t(0)) != 0;
  RankedValue input = node.floats(0);
  if (node.isRead(1)) {
    node.fail("expected one result, found indices, too");
  }
  if (!node.ok()) {
    return;
  }
  int64_t rank = input.getType().getRank();
  SmallVector<int64_t> kernel =
      rank == 3 || rank == 4 ? positive(node, "kernel_shape", rank - 2) : SmallVector<int64_t>();
  if (kernel.empty()) {
    return node.fail("expected one or two spatial axes");
  }
  Windows windows = readWindows(node, input.getType(), kernel);
  SmallVector<int64_t> explicitEnd = node.attributes("pads");
  explicitEnd.erase(explicitEnd.begin(), explicitEnd.begin() + explicitEnd.size() / 2);
  if (explicitEnd.empty()) {
    explicitEnd = windows.end;
  }
  if (!node.ok()) {
    return;
  }
  Value source = input;
  if (rank == 3) {
    source = addAxis(node, source);
    addAxis(windows);
    explicitEnd.insert(explicitEnd.begin(), 0);
  }
  Value padded = node.ok() ? pad(node, source, windows, isMax ? -INFINITY : 0.0f) : Value();
  if (!padded) {
    return;
  }
  Sizes own = sizesOf(b, padded);
  Sizes sizes = resultSizes(node, {own[0], own[1]}, padded, windows);
  Value window = tensor::EmptyOp::create(b, toSizes(b, windows.kernel), b.getF32Type());
  Value init = filled(b, sizes, isMax ? -INFINITY : 0.0f);
  auto strides = vectorOf(node, windows.strides), dilations = vectorOf(node, windows.dilations);
  Value result;
  if (isMax) {
    result = linalg::PoolingNchwMaxOp::create(b, init.getType(), ValueRange{padded, window},
                                              ValueRange{init}, strides, dilations)
                 .getResult(0);
  } else {
    auto type = cast<RankedTensorType>(source.getType());
    constexpr int64_t mostWindows = 1 << 24;
    if (type.isDynamicDim(2) || type.isDynamicDim(3) ||
        windows.outputs[0] > mostWindows / windows.outputs[1]) {
      return node.fail("expected spatial axes of fixed size, with at most " + Twine(mostWindows) +
                       " windows");
    }
    Value sum = linalg::PoolingNchwSumOp::create(b, init.getType(), ValueRange{padded, window},
                                                 ValueRange{init}, strides, dilations)
                    .getResult(0);
    Value counts = windowCounts(node, type, windows, countsPads, explicitEnd);
    result = elementwise(node, {sum, counts}, b.getF32Type(),
                         [](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
                           return arith::DivFOp::create(at, e[0], e[1]);
                         });
  }
  if (result) {
    node.define(0, rank == 3 ? removeAxis(node, result) : result);
  }
}

void addWindowOperators(OperatorTable &table) {
  table.add("AveragePool", importPool);
  table.add("Conv", importConv);
  table.add("MaxPool", importPool);
}

} // namespace quench::onnximport

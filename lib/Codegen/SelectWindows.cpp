//===- SelectWindows.cpp - Kernels of windows of images -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelSelector.h"

#include "quench/Codegen/DepthwiseKernel.h"
#include "quench/Codegen/UnfoldKernel.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

namespace {
/// Images and the zeros around them.
struct PaddedImages {
  Value images;
  std::array<int64_t, 2> low = {0, 0}, high = {0, 0};
};
} // namespace

/// Whether a value is images of f32 of a static size.
static bool isFloatImages(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 4 && type.getElementType().isF32() && hasStaticRows(value);
}

/// What is padded by zeros along rows and columns of pixels alone, or the value itself.
static PaddedImages withoutPads(Value images) {
  auto pad = images.getDefiningOp<tensor::PadOp>();
  Value filling = pad ? pad.getConstantPaddingValue() : Value();
  if (!filling || !matchPattern(filling, m_PosZeroFloat()) || !isFloatImages(pad.getSource())) {
    return {images};
  }
  ArrayRef<int64_t> low = pad.getStaticLow(), high = pad.getStaticHigh();
  auto isPad = [](int64_t size) { return !ShapedType::isDynamic(size) && size >= 0; };
  if (!llvm::all_of(low, isPad) || !llvm::all_of(high, isPad) || low[0] + high[0] != 0 ||
      low[3] + high[3] != 0) {
    return {images};
  }
  return {pad.getSource(), {low[1], low[2]}, {high[1], high[2]}};
}

static Value collapse(ImplicitLocOpBuilder &b, Value value, ArrayRef<ReassociationIndices> axes) {
  return tensor::CollapseShapeOp::create(b, value, axes);
}

/// A row for each row of pixels.
static Value rowsOfPixels(ImplicitLocOpBuilder &b, Value images) {
  return collapse(b, images, {{0, 1}, {2, 3}});
}

/// An empty tensor with `factor` rows for each image; the other axes of `type` are static.
static Value emptyRows(ImplicitLocOpBuilder &b, RankedTensorType type, Value images, int64_t factor,
                       int64_t together = 1) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0)) {
    Value count = tensor::DimOp::create(b, images, 0);
    Value rows = arith::MulIOp::create(b, count, arith::ConstantIndexOp::create(b, factor));
    if (together > 1) {
      rows = arith::CeilDivUIOp::create(b, rows, arith::ConstantIndexOp::create(b, together));
    }
    sizes.push_back(rows);
  }
  return tensor::EmptyOp::create(b, type, sizes);
}

static int64_t countRows(Value images, int64_t factor) {
  int64_t count = staticDim(images, 0);
  return ShapedType::isDynamic(count) ? count : count * factor;
}

SmallVector<Value> KernelSelector::imageParameters(QuantizeOp quantize) {
  SmallVector<Value> parameters = parametersOf(quantize);
  for (Value &parameter : parameters) {
    parameter = collapse(b, parameter, {{0, 1, 2}, {3}});
  }
  return parameters;
}

Value KernelSelector::denseImages(Value value, QuantizeOp quantize) {
  auto [entry, isNew] = images.try_emplace(value.getAsOpaquePointer());
  if (!isNew) {
    return entry->second;
  }
  PaddedImages padded = withoutPads(quantize ? quantize.getInput() : value);
  Value source = padded.images;
  PadImagesKernel kernel{staticDim(source, 1), staticDim(source, 2), staticDim(source, 3),
                         padded.low,           padded.high,          std::nullopt};
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfterValue(value);
  SmallVector<Value> inputs = {rowsOfPixels(b, source)};
  if (!quantize && source == value) {
    return entry->second = inputs.front();
  }
  Type element = b.getF32Type();
  if (quantize) {
    SchemeAttr scheme = quantize.getResult().getType().getScheme();
    int32_t offset = signedByteOffset(scheme);
    kernel.codes = {static_cast<int32_t>(scheme.getCodeMin()) + offset,
                    static_cast<int32_t>(scheme.getCodeMax()) + offset};
    llvm::append_range(inputs, imageParameters(quantize));
    kernel.hasZeroPoint = inputs.size() > 2;
    element = b.getI8Type();
  }
  int64_t height = kernel.paddedHeight();
  auto type = RankedTensorType::get({countRows(source, height), kernel.paddedRow()}, element);
  Value empty = emptyRows(b, type, source, height);
  return entry->second = call(kernel.getOrCreate(module, target), inputs, empty).front();
}

static std::array<int64_t, 2> pair(ArrayRef<int64_t> numbers) { return {numbers[0], numbers[1]}; }

static UnfoldKernel unfoldKernel(nn::UnfoldOp op, ArrayRef<int64_t> shape) {
  return {shape[1],
          shape[2],
          shape[3],
          pair(op.getKernel()),
          pair(op.getStrides()),
          pair(op.getDilations()),
          std::nullopt};
}

/// Whether images become bytes by one scale, and perhaps a zero point, that are given.
static bool hasByteCodes(QuantizeOp op) {
  SchemeAttr scheme = op.getResult().getType().getScheme();
  auto integer = dyn_cast_or_null<IntegerType>(scheme.getElementType());
  return isFloatImages(op.getInput()) && !op.isDynamic() && integer && integer.getWidth() <= 8 &&
         scheme.hasPlainParameters() && scheme.getScaleType().isF32() &&
         (scheme.hasZeroPoints() || (scheme.getCodeMin() <= 0 && scheme.getCodeMax() >= 0));
}

std::optional<RowCodes> KernelSelector::unfoldedRows(nn::UnfoldOp op, const GroupLayout &groups) {
  auto quantize = op.getInput().getDefiningOp<QuantizeOp>();
  if (!quantize || !hasByteCodes(quantize) || !UnfoldKernel::canLayOut(groups)) {
    return std::nullopt;
  }
  return rowsOf(op.getResult(), groups, [&]() -> RowCodes {
    Value dense = denseImages(op.getInput(), quantize), source = quantize.getInput();
    UnfoldKernel kernel = unfoldKernel(op, cast<RankedTensorType>(source.getType()).getShape());
    kernel.groups = groups;
    int64_t factor = kernel.windows(0) * kernel.windows(1), rows = countRows(source, factor);
    auto codes = RankedTensorType::get(groups.codeShape(rows), b.getI8Type());
    auto sums = RankedTensorType::get({rows, groups.numGroups()}, b.getI32Type());
    SmallVector<Value> destinations = {emptyRows(b, codes, source, factor, groups.rows),
                                       emptyRows(b, sums, source, factor)};
    SmallVector<Value> results = call(kernel.getOrCreate(module, target), dense, destinations);
    SmallVector<Value> parameters = imageParameters(quantize);
    RowCodes made{results[0], parameters[0], results[1], /*rowScales=*/false};
    made.zeroPoint = parameters.size() > 1 ? parameters[1] : Value();
    return made;
  });
}

bool KernelSelector::selectUnfold(nn::UnfoldOp op) {
  auto quantize = op.getInput().getDefiningOp<QuantizeOp>();
  if (quantize && hasByteCodes(quantize)) {
    return leaveToUsers(op);
  }
  if (!isFloatImages(op.getInput())) {
    return false;
  }
  Value dense = denseImages(op.getInput());
  UnfoldKernel kernel =
      unfoldKernel(op, cast<RankedTensorType>(op.getInput().getType()).getShape());
  int64_t factor = kernel.windows(0) * kernel.windows(1);
  auto type =
      RankedTensorType::get({countRows(op.getInput(), factor), kernel.columns()}, b.getF32Type());
  Value empty = emptyRows(b, type, op.getInput(), factor);
  Value rows = call(kernel.getOrCreate(module, target), dense, empty).front();
  if (rows.getType() != op.getType()) {
    rows = tensor::CastOp::create(b, op.getType(), rows);
  }
  op->replaceAllUsesWith(ValueRange{rows});
  op->erase();
  return true;
}

bool KernelSelector::selectDepthwise(nn::DepthwiseConvOp op) {
  auto codes = dyn_cast<QTensorType>(op.getInput().getType());
  auto quantize = op.getInput().getDefiningOp<QuantizeOp>();
  auto filterType = dyn_cast<QTensorType>(op.getFilter().getType());
  Value source = codes && quantize ? quantize.getInput() : op.getInput();
  bool isKnown =
      codes ? quantize && hasByteCodes(quantize) &&
                  DepthwiseKernel::refusalOfCodes(codes, filterType, op.getKernel()).empty()
            : isFloatImages(source);
  if (!isKnown) {
    return false;
  }
  ArrayRef<int64_t> shape = cast<RankedTensorType>(source.getType()).getShape();
  DepthwiseKernel kernel{shape[1],
                         shape[2],
                         shape[3],
                         pair(op.getKernel()),
                         pair(op.getStrides()),
                         pair(op.getDilations()),
                         std::nullopt,
                         std::nullopt};
  SmallVector<Value> inputs = {denseImages(op.getInput(), quantize)};
  if (codes) {
    SchemeAttr scheme = filterType.getScheme();
    SmallVector<Value> parameters = imageParameters(quantize);
    kernel.input = ByteCodes{/*hasZeroPoints=*/parameters.size() > 1};
    kernel.filter = ByteCodes{scheme.hasZeroPoints()};
    kernel.perChannel = scheme.getBlock()[1] == 1;
    llvm::append_range(inputs, parameters);
    auto parts = DisassembleOp::create(b, filterType.getCodesTensor(), filterType.getScalesTensor(),
                                       filterType.getZeroPointsTensor(), op.getFilter());
    llvm::append_range(inputs, parts->getResults());
  } else {
    inputs.push_back(op.getFilter());
  }
  if (op.getBias()) {
    kernel.bias = true;
    inputs.push_back(op.getBias());
  }
  int64_t factor = kernel.windows(0) * kernel.windows(1);
  auto rows = RankedTensorType::get({countRows(source, factor), shape[3]}, b.getF32Type());
  return storeProduct(op, inputs, emptyRows(b, rows, source, factor), kernel.epilogue,
                      kernel.requantization, [&] { return kernel.getOrCreate(module, target); });
}

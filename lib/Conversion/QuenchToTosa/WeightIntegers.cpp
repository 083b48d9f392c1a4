//===- WeightIntegers.cpp - Weights as bytes and scales -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightIntegers.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/IR/Matchers.h"

#include <cstdlib>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {
/// What a weight is made of, wherever it was.
struct WeightParts {
  std::vector<int32_t> codes;
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;
};
} // namespace

static Expected<WeightParts> readStored(WeightOp op, QTensorType type, const WeightStore *store) {
  if (!store) {
    return createStringError("there is no weight store to read '" + op.getKey() + "' from");
  }
  Expected<numerics::QuantizedTensor> tensor =
      readQuantized(*store, op.getKey(), type.getScheme().getNumericsScheme(), type.getShape());
  if (!tensor) {
    return tensor.takeError();
  }
  WeightParts parts;
  parts.codes.resize(tensor->codes.size());
  for (size_t i = 0; i < parts.codes.size(); ++i) {
    parts.codes[i] = tensor->codes[i];
  }
  parts.scales = std::move(tensor->scales);
  parts.zeroPoints = std::move(tensor->zeroPoints);
  return parts;
}

static Expected<WeightParts> readAssembled(AssembleOp op) {
  WeightParts parts;
  DenseElementsAttr codes, scales, zeroPoints;
  if (!matchPattern(op.getCodes(), m_Constant(&codes)) ||
      !matchPattern(op.getScales(), m_Constant(&scales)) ||
      (op.getZeroPoints() && !matchPattern(op.getZeroPoints(), m_Constant(&zeroPoints)))) {
    return createStringError("its weight is not constant");
  }
  const bool isUnsigned = codes.getElementType().isUnsignedInteger();
  for (const APInt &code : codes.getValues<APInt>()) {
    parts.codes.push_back(
        static_cast<int32_t>(isUnsigned ? code.getZExtValue() : code.getSExtValue()));
  }
  llvm::append_range(parts.scales, scales.getValues<float>());
  if (zeroPoints) {
    llvm::append_range(parts.zeroPoints, zeroPoints.getValues<int32_t>());
  }
  return parts;
}

static Error checkScheme(QTensorType type) {
  SchemeAttr scheme = type.getScheme();
  if (!scheme.isInteger() || scheme.getCodeType().getIntOrFloatBitWidth() > 8) {
    return createStringError("its weight is not in integers of at most 8 bits");
  }
  if (scheme.hasRealZeroPoints()) {
    return createStringError("its weight has real zero points");
  }
  if (type.getRank() != 2 ||
      (scheme.getBlock()[0] != 1 && scheme.getBlock()[0] != SchemeAttr::kWhole)) {
    return createStringError("blocks of its weight span several rows");
  }
  return Error::success();
}

/// One block of columns.
static Expected<WeightBlock> cut(const WeightParts &parts, QTensorType type, int64_t first,
                                 int64_t count) {
  WeightBlock block;
  block.first = first;
  block.count = count;
  const int64_t N = type.getShape()[0], K = type.getShape()[1];
  ArrayRef<int64_t> shape = type.getShape();
  SmallVector<int64_t> extents = type.getScheme().getBlockShape(shape);
  const int64_t across = type.getScheme().getScaleShape(shape)[1];
  block.integers.resize(N * count);
  for (int64_t n = 0; n < N; ++n) {
    const size_t place = n / extents[0] * across + first / extents[1];
    const int32_t zeroPoint = parts.zeroPoints.empty() ? 0 : parts.zeroPoints[place];
    block.scales.push_back(parts.scales[place]);
    int64_t sum = 0;
    for (int64_t k = 0; k < count; ++k) {
      const int32_t integer = parts.codes[n * K + first + k] - zeroPoint;
      if (!llvm::isInt<8>(integer)) {
        return createStringError("a code of its weight is %d without its zero point, which 8 bits "
                                 "do not hold",
                                 integer);
      }
      block.integers[k * N + n] = static_cast<int8_t>(integer);
      sum += std::abs(integer);
    }
    block.rowSum = std::max(block.rowSum, sum);
  }
  if (llvm::any_of(block.scales, [](double scale) { return !(scale > 0.0); })) {
    return createStringError("a scale of its weight is negative");
  }
  return block;
}

Expected<std::vector<WeightBlock>> quench::readWeight(Value dequantized, const WeightStore *store) {
  auto op = dequantized.getDefiningOp<DequantizeOp>();
  if (!op) {
    return createStringError("its weight is not quantized");
  }
  QTensorType type = op.getInput().getType();
  if (Error error = checkScheme(type)) {
    return std::move(error);
  }
  Operation *source = op.getInput().getDefiningOp();
  Expected<WeightParts> parts = createStringError("its weight is not constant");
  if (auto stored = dyn_cast_or_null<WeightOp>(source)) {
    llvm::consumeError(parts.takeError());
    parts = readStored(stored, type, store);
  } else if (auto assembled = dyn_cast_or_null<AssembleOp>(source)) {
    llvm::consumeError(parts.takeError());
    parts = readAssembled(assembled);
  }
  if (!parts) {
    return parts.takeError();
  }
  std::vector<WeightBlock> blocks;
  const int64_t K = type.getShape()[1];
  const int64_t extent = type.getScheme().getBlockShape(type.getShape())[1];
  for (int64_t first = 0; first < K; first += extent) {
    Expected<WeightBlock> block = cut(*parts, type, first, std::min(extent, K - first));
    if (!block) {
      return block.takeError();
    }
    blocks.push_back(std::move(*block));
  }
  return blocks;
}

Expected<std::vector<float>> quench::readFloats(Value constant, const WeightStore *store) {
  DenseElementsAttr elements;
  if (matchPattern(constant, m_Constant(&elements)) && elements.getElementType().isF32()) {
    return std::vector<float>(elements.getValues<float>().begin(),
                              elements.getValues<float>().end());
  }
  if (auto weight = constant.getDefiningOp<WeightOp>(); weight && store) {
    return store->readFloats(weight.getKey());
  }
  return createStringError("it is not constant");
}

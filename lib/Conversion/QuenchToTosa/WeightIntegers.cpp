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
  if (!type.getExpressed().hasStaticShape() || type.getExpressed().getNumElements() == 0) {
    return createStringError("the size of its weight is open or zero");
  }
  return Error::success();
}

static Expected<WeightParts> readParts(Value dequantized, const WeightStore *store) {
  auto op = dequantized.getDefiningOp<DequantizeOp>();
  if (!op) {
    return createStringError("its weight is not quantized");
  }
  if (Error error = checkScheme(op.getInput().getType())) {
    return std::move(error);
  }
  Operation *source = op.getInput().getDefiningOp();
  if (auto stored = dyn_cast_or_null<WeightOp>(source)) {
    return readStored(stored, op.getInput().getType(), store);
  }
  if (auto assembled = dyn_cast_or_null<AssembleOp>(source)) {
    return readAssembled(assembled);
  }
  return createStringError("its weight is not constant");
}

namespace {
/// Adds the codes of a channel to a block.
class ChannelReader {
public:
  ChannelReader(const WeightParts &parts, WeightBlock &block) : parts(parts), block(block) {}

  /// Begins a channel whose scale is at this place.
  Error begin(size_t place) {
    zeroPoint = parts.zeroPoints.empty() ? 0 : parts.zeroPoints[place];
    sum = 0;
    block.scales.push_back(parts.scales[place]);
    return block.scales.back() > 0.0 ? Error::success()
                                     : createStringError("a scale of its weight is negative");
  }

  Expected<int8_t> read(size_t place) {
    const int32_t integer = parts.codes[place] - zeroPoint;
    if (!llvm::isInt<8>(integer)) {
      return createStringError("a code of its weight is %d without its zero point, which 8 bits do "
                               "not hold",
                               integer);
    }
    sum += std::abs(integer);
    block.channelSum = std::max(block.channelSum, sum);
    return static_cast<int8_t>(integer);
  }

private:
  const WeightParts &parts;
  WeightBlock &block;
  int32_t zeroPoint = 0;
  int64_t sum = 0;
};
} // namespace

/// One block along the rows of an N x K matrix.
static Expected<WeightBlock> cut(const WeightParts &parts, QTensorType type, int64_t first,
                                 int64_t count) {
  WeightBlock block;
  block.first = first;
  block.count = count;
  const int64_t N = type.getShape()[0], K = type.getExpressed().getNumElements() / N;
  SmallVector<int64_t> extents = type.getScheme().getBlockShape(type.getShape());
  SmallVector<int64_t> across = type.getScheme().getScaleShape(type.getShape());
  ChannelReader reader(parts, block);
  block.integers.reserve(N * count);
  for (int64_t n = 0; n < N; ++n) {
    if (Error error = reader.begin(n / extents[0] * across[1] + first / extents[1])) {
      return std::move(error);
    }
    for (int64_t k = first; k < first + count; ++k) {
      Expected<int8_t> integer = reader.read(n * K + k);
      if (!integer) {
        return integer.takeError();
      }
      block.integers.push_back(*integer);
    }
  }
  return block;
}

/// Whether blocks are as large as the tensor on these axes.
static bool isWholeOn(SchemeAttr scheme, ArrayRef<int64_t> shape, size_t first, size_t end) {
  SmallVector<int64_t> extents = scheme.getBlockShape(shape);
  for (size_t axis = first; axis < end; ++axis) {
    if (extents[axis] != shape[axis]) {
      return false;
    }
  }
  return true;
}

static bool isOneOrAll(int64_t extent) { return extent == 1 || extent == SchemeAttr::kWhole; }

Expected<std::vector<WeightBlock>> quench::readWeight(Value dequantized, const WeightStore *store) {
  Expected<WeightParts> parts = readParts(dequantized, store);
  if (!parts) {
    return parts.takeError();
  }
  QTensorType type = dequantized.getDefiningOp<DequantizeOp>().getInput().getType();
  SchemeAttr scheme = type.getScheme();
  if (type.getRank() < 2 || !isOneOrAll(scheme.getBlock()[0])) {
    return createStringError("blocks of its weight span several rows");
  }
  if (type.getRank() > 2 && !isWholeOn(scheme, type.getShape(), 1, type.getRank())) {
    return createStringError("blocks of its weight are parts of filters");
  }
  const int64_t K = type.getExpressed().getNumElements() / type.getShape()[0];
  const int64_t extent = type.getRank() > 2 ? K : scheme.getBlockShape(type.getShape())[1];
  std::vector<WeightBlock> blocks;
  for (int64_t first = 0; first < K; first += extent) {
    Expected<WeightBlock> block = cut(*parts, type, first, std::min(extent, K - first));
    if (!block) {
      return block.takeError();
    }
    blocks.push_back(std::move(*block));
  }
  return blocks;
}

Expected<WeightBlock> quench::readChannelsLast(Value dequantized, const WeightStore *store) {
  Expected<WeightParts> parts = readParts(dequantized, store);
  if (!parts) {
    return parts.takeError();
  }
  QTensorType type = dequantized.getDefiningOp<DequantizeOp>().getInput().getType();
  SchemeAttr scheme = type.getScheme();
  const size_t last = type.getRank() - 1;
  if (!isOneOrAll(scheme.getBlock()[last]) || !isWholeOn(scheme, type.getShape(), 0, last)) {
    return createStringError("blocks of its weight are parts of filters");
  }
  WeightBlock block;
  const int64_t channels = type.getShape()[last];
  block.count = type.getExpressed().getNumElements() / channels;
  block.integers.resize(block.count * channels);
  ChannelReader reader(*parts, block);
  for (int64_t c = 0; c < channels; ++c) {
    if (Error error = reader.begin(scheme.getBlock()[last] == 1 ? c : 0)) {
      return std::move(error);
    }
    for (int64_t tap = 0; tap < block.count; ++tap) {
      Expected<int8_t> integer = reader.read(tap * channels + c);
      if (!integer) {
        return integer.takeError();
      }
      block.integers[tap * channels + c] = *integer;
    }
  }
  return block;
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

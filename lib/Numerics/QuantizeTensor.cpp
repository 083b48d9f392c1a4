//===- QuantizeTensor.cpp - Round-to-nearest quantization -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor is walked in runs: stretches of the last axis that share a block. All per-block work is
// outside of the loops over the elements of a run.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/QuantizeTensor.h"

#include "BlockRuns.h"
#include "quench/Numerics/Rounding.h"
#include "quench/Numerics/ScaleStorage.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static bool isNotFinite(float value) {
  return (llvm::bit_cast<uint32_t>(value) & 0x7f800000) == 0x7f800000;
}

Error quench::numerics::verifyValues(ArrayRef<float> values, ArrayRef<int64_t> shape,
                                     const Scheme &scheme) {
  if (Error error = scheme.verify(shape)) {
    return error;
  }
  if (static_cast<int64_t>(values.size()) != elementCount(shape)) {
    return createStringError("expected %lld values for the shape, found %zu",
                             static_cast<long long>(elementCount(shape)), values.size());
  }
  // An integer maximum, because this loop vectorizes.
  uint32_t largest = 0;
  for (float value : values) {
    largest = std::max(largest, llvm::bit_cast<uint32_t>(value) & 0x7fffffff);
  }
  if (largest < 0x7f800000) {
    return Error::success();
  }
  size_t index = std::find_if(values.begin(), values.end(), isNotFinite) - values.begin();
  return createStringError("expected finite values, found %g at index %zu", values[index], index);
}

static std::vector<ValueRange> rangesOfValid(ArrayRef<float> values, ArrayRef<int64_t> shape,
                                             const Scheme &scheme) {
  constexpr float largest = std::numeric_limits<float>::max();
  std::vector<ValueRange> ranges(scheme.numBlocks(shape), ValueRange{largest, -largest});
  forEachRun(shape, scheme, [&](int64_t begin, int64_t length, int64_t block) {
    float low = ranges[block].min;
    float high = ranges[block].max;
    for (int64_t i = begin; i < begin + length; ++i) {
      low = values[i] < low ? values[i] : low;
      high = values[i] > high ? values[i] : high;
    }
    ranges[block] = {low, high};
  });
  return ranges;
}

Expected<std::vector<ValueRange>> quench::numerics::blockRanges(ArrayRef<float> values,
                                                                ArrayRef<int64_t> shape,
                                                                const Scheme &scheme) {
  if (Error error = verifyValues(values, shape, scheme)) {
    return std::move(error);
  }
  return rangesOfValid(values, shape, scheme);
}

Expected<BlockScales> quench::numerics::scalesForRanges(ArrayRef<ValueRange> ranges,
                                                        ArrayRef<int64_t> shape,
                                                        const Scheme &scheme) {
  if (Error error = scheme.verify(shape)) {
    return std::move(error);
  }
  std::vector<BlockFit> fits(ranges.size());
  for (size_t block = 0; block < ranges.size(); ++block) {
    Expected<float> scale = idealScale(ranges[block], scheme.element, scheme.isAsymmetric());
    if (!scale) {
      return createStringError("block %zu: %s", block, llvm::toString(scale.takeError()).c_str());
    }
    fits[block] = {ranges[block], *scale};
  }
  Expected<ScaleStorage> storage = ScaleStorage::create(fits, shape, scheme);
  return storage ? storage->storeAll(fits) : storage.takeError();
}

int32_t quench::numerics::quantizeInteger(float value, float scale, int32_t zeroPoint,
                                          int32_t minCode, int32_t maxCode) {
  // The sum is exact in f32 wherever it is within the code range.
  float code = roundHalfEven(value / scale) + static_cast<float>(zeroPoint);
  float low = static_cast<float>(minCode);
  float high = static_cast<float>(maxCode);
  code = code > low ? code : low;
  return static_cast<int32_t>(code < high ? code : high);
}

BlockCoding quench::numerics::blockCoding(const BlockScales &scales, size_t block) {
  return {scales.scales[block], scales.zeroPoints.empty() ? 0 : scales.zeroPoints[block],
          scales.realZeroPoints.empty() ? 0.0f : scales.realZeroPoints[block]};
}

int32_t quench::numerics::quantizeElement(float value, const BlockCoding &coding,
                                          const Encoding &element) {
  if (element.isInteger()) {
    return quantizeInteger(value + coding.realZeroPoint, coding.scale, coding.zeroPoint,
                           element.minCode(), element.maxCode());
  }
  // A quotient that overflows f32 is a finite number, so it saturates where infinity would not.
  constexpr float limit = std::numeric_limits<float>::max();
  return element.encodeValue(std::clamp(value / coding.scale, -limit, limit));
}

float quench::numerics::dequantizeElement(int32_t code, const BlockCoding &coding,
                                          const Encoding &element) {
  if (!element.isInteger()) {
    return element.decodeCode(code) * coding.scale;
  }
  // A statement of its own, so that no target fuses the product with the difference.
  const float product = static_cast<float>(code - coding.zeroPoint) * coding.scale;
  return product - coding.realZeroPoint;
}

static Error verifyScales(const BlockScales &scales, ArrayRef<int64_t> shape,
                          const Scheme &scheme) {
  const size_t blocks = scheme.numBlocks(shape);
  if (scales.scales.size() != blocks) {
    return createStringError("expected %zu scales, one for each block, found %zu", blocks,
                             scales.scales.size());
  }
  if (scales.zeroPoints.size() != (scheme.zeroPoint ? blocks : 0)) {
    return createStringError("expected %zu zero points, found %zu", scheme.zeroPoint ? blocks : 0,
                             scales.zeroPoints.size());
  }
  if (scales.realZeroPoints.size() != (scheme.realZeroPoint ? blocks : 0)) {
    return createStringError("expected %zu real zero points, found %zu",
                             scheme.realZeroPoint ? blocks : 0, scales.realZeroPoints.size());
  }
  for (size_t block = 0; block < scales.realZeroPoints.size(); ++block) {
    if (isNotFinite(scales.realZeroPoints[block])) {
      return createStringError("expected a finite zero point, found %g for block %zu",
                               scales.realZeroPoints[block], block);
    }
  }
  for (size_t block = 0; block < blocks; ++block) {
    if (isNotFinite(scales.scales[block]) || scales.scales[block] == 0.0f) {
      return createStringError("expected a finite scale that is not 0, found %g for block %zu",
                               scales.scales[block], block);
    }
  }
  for (size_t block = 0; block < scales.zeroPoints.size(); ++block) {
    int32_t zeroPoint = scales.zeroPoints[block];
    if (zeroPoint < scheme.element.minCode() || zeroPoint > scheme.element.maxCode()) {
      return createStringError("expected a zero point within [%d, %d], found %d for block %zu",
                               scheme.element.minCode(), scheme.element.maxCode(), zeroPoint,
                               block);
    }
  }
  return Error::success();
}

/// The loops over the elements of one run; `codes` is the typed container.
template <typename T>
static void quantizeRun(const float *values, int64_t length, const BlockCoding &coding,
                        const Encoding &element, T *codes) {
  const float scale = coding.scale;
  switch (element.kind()) {
  case Encoding::Kind::Integer: {
    const int32_t low = element.minCode();
    const int32_t high = element.maxCode();
    for (int64_t i = 0; i < length; ++i) {
      codes[i] = static_cast<T>(
          quantizeInteger(values[i] + coding.realZeroPoint, scale, coding.zeroPoint, low, high));
    }
    return;
  }
  case Encoding::Kind::Float: {
    // A quotient that overflows f32 is a finite number, so it saturates where infinity would not.
    constexpr float limit = std::numeric_limits<float>::max();
    const FloatFormat format = element.floatFormat();
    for (int64_t i = 0; i < length; ++i) {
      codes[i] = static_cast<T>(encode(format, std::clamp(values[i] / scale, -limit, limit)));
    }
    return;
  }
  case Encoding::Kind::Codebook:
    for (int64_t i = 0; i < length; ++i) {
      codes[i] = static_cast<T>(element.encodeValue(values[i] / scale));
    }
    return;
  }
}

/// Inputs are known to be valid.
static QuantizedTensor encodeValid(ArrayRef<float> values, ArrayRef<int64_t> shape,
                                   const Scheme &scheme, BlockScales scales) {
  QuantizedTensor result;
  static_cast<BlockScales &>(result) = std::move(scales);
  result.shape.assign(shape.begin(), shape.end());
  result.codes = CodeArray(scheme.element, values.size());
  result.codes.visit([&](auto &codes) {
    forEachRun(shape, scheme, [&](int64_t begin, int64_t length, int64_t block) {
      quantizeRun(values.data() + begin, length, blockCoding(result, block), scheme.element,
                  codes.data() + begin);
    });
  });
  return result;
}

Expected<QuantizedTensor> quench::numerics::quantizeWithScales(ArrayRef<float> values,
                                                               ArrayRef<int64_t> shape,
                                                               const Scheme &scheme,
                                                               BlockScales scales) {
  if (Error error = verifyValues(values, shape, scheme)) {
    return std::move(error);
  }
  if (Error error = verifyScales(scales, shape, scheme)) {
    return std::move(error);
  }
  return encodeValid(values, shape, scheme, std::move(scales));
}

Expected<QuantizedTensor> quench::numerics::quantizeTensor(ArrayRef<float> values,
                                                           ArrayRef<int64_t> shape,
                                                           const Scheme &scheme) {
  if (Error error = verifyValues(values, shape, scheme)) {
    return std::move(error);
  }
  Expected<BlockScales> scales =
      scalesForRanges(rangesOfValid(values, shape, scheme), shape, scheme);
  if (!scales) {
    return scales.takeError();
  }
  return encodeValid(values, shape, scheme, std::move(*scales));
}

Expected<std::vector<float>> quench::numerics::dequantizeTensor(const QuantizedTensor &tensor,
                                                                const Scheme &scheme) {
  if (Error error = scheme.verify(tensor.shape)) {
    return std::move(error);
  }
  if (Error error = verifyScales(tensor, tensor.shape, scheme)) {
    return std::move(error);
  }
  const Encoding &element = scheme.element;
  if (static_cast<int64_t>(tensor.codes.size()) != elementCount(tensor.shape) ||
      tensor.codes.bitWidth() != element.bitWidth() ||
      tensor.codes.isSigned() != element.isSigned()) {
    return createStringError("expected %lld codes of %s, found %zu of %u bits",
                             static_cast<long long>(elementCount(tensor.shape)),
                             element.str().c_str(), tensor.codes.size(), tensor.codes.bitWidth());
  }
  // Codes of up to 8 bits go through a table; bits above the width are ignored, not trusted.
  std::array<float, 256> table{};
  const bool useTable = !element.isInteger() && element.bitWidth() <= 8;
  for (int32_t code = 0; useTable && code < 256; ++code) {
    table[code] = element.decodeCode(code & ((1 << element.bitWidth()) - 1));
  }
  std::vector<float> values(tensor.codes.size());
  tensor.codes.visit([&](const auto &codes) {
    forEachRun(tensor.shape, scheme, [&](int64_t begin, int64_t length, int64_t block) {
      const BlockCoding coding = blockCoding(tensor, block);
      for (int64_t i = begin; i < begin + length; ++i) {
        if (element.isInteger()) {
          // A statement of its own, so that no target fuses the product with the difference.
          const float product = static_cast<float>(codes[i] - coding.zeroPoint) * coding.scale;
          values[i] = product - coding.realZeroPoint;
        } else if (useTable) {
          values[i] = table[static_cast<uint8_t>(codes[i])] * coding.scale;
        } else {
          values[i] = element.decodeCode(codes[i]) * coding.scale;
        }
      }
    });
  });
  return values;
}

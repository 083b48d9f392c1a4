//===- Quantization.cpp - Codes and values by the text of a scheme --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Quantization.h"

#include "OpTable.h"

#include "quench/Numerics/QuantizeTensor.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

using numerics::Encoding;
using numerics::ValueRange;

int64_t blockOf(ArrayRef<int64_t> index, ArrayRef<int64_t> shape, SchemeAttr scheme) {
  SmallVector<int64_t> block;
  for (auto [i, extent] : llvm::zip_equal(index, scheme.getBlock())) {
    block.push_back(extent == SchemeAttr::kWhole ? 0 : i / extent);
  }
  return position(block, scheme.getScaleShape(shape));
}

//===----------------------------------------------------------------------===//
// Scales from values
//===----------------------------------------------------------------------===//

/// The least and the greatest value of each block, with 0 between them.
static Expected<std::vector<ValueRange>> rangesOfBlocks(const Value &input, SchemeAttr scheme) {
  Expected<int64_t> blocks = countElements(scheme.getScaleShape(input.shape()));
  if (!blocks) {
    return blocks.takeError();
  }
  std::vector<ValueRange> ranges(*blocks, ValueRange{0.0f, 0.0f});
  std::optional<size_t> bad;
  size_t element = 0;
  forEachIndex(input.shape(), [&](ArrayRef<int64_t> index) {
    const float x = input.floats[element];
    if (!std::isfinite(x) && !bad) {
      bad = element;
    }
    ValueRange &range = ranges[blockOf(index, input.shape(), scheme)];
    range = {std::min(range.min, x), std::max(range.max, x)};
    ++element;
  });
  if (bad) {
    return failure("expected finite values to compute scales from, found %g at element %zu",
                   input.floats[*bad], *bad);
  }
  return ranges;
}

/// s = max|x| / M, or (hi - lo) / (max - min) with zero points, as it is stored; 1 for zeros.
static Expected<float> scaleOfRange(ValueRange range, SchemeAttr scheme, const Encoding &element) {
  float scale = 0.0f;
  if (scheme.hasZeroPoints()) {
    scale = (range.max - range.min) / static_cast<float>(element.maxCode() - element.minCode());
  } else {
    scale = std::max(-range.min, range.max) / element.maxMagnitude();
  }
  if (range.min == 0.0f && range.max == 0.0f) {
    return 1.0f;
  }
  const mlir::Type stored = scheme.getScaleType();
  const float smallest = numerics::minPositive(scheme.getNumericsScheme().scale.format);
  const float rounded = std::max(roundToType(stored, scale), smallest);
  if (!std::isfinite(rounded)) {
    return failure("the scale of the values from %g to %g does not fit the type of the scales",
                   range.min, range.max);
  }
  return rounded;
}

/// z = clamp(roundeven(-lo / s) + min, min, max)
static int32_t zeroPointOfRange(ValueRange range, float scale, const Encoding &element) {
  const float low = static_cast<float>(element.minCode());
  const float high = static_cast<float>(element.maxCode());
  return static_cast<int32_t>(std::clamp(std::nearbyint(-range.min / scale) + low, low, high));
}

/// z = min * s - lo, rounded to the type it is stored in.
static float realZeroPointOfRange(ValueRange range, float scale, SchemeAttr scheme,
                                  const Encoding &element) {
  const float lowest = static_cast<float>(element.minCode()) * scale;
  const float zeroPoint = lowest - range.min;
  return roundToType(cast<TypeAttr>(scheme.getZeroPoint()).getValue(), zeroPoint);
}

/// Whether scales or zero points are stored by rules that only quench/Numerics has.
static bool hasStoredParameters(SchemeAttr scheme, const numerics::Scheme &numericsScheme) {
  return scheme.getScaleScheme() || numericsScheme.scale.isPowerOfTwo() ||
         isa_and_nonnull<SchemeAttr>(scheme.getZeroPoint());
}

/// Fills in scales and zero points of `result` from the values.
static Error computeScales(const Value &input, SchemeAttr scheme, ScaleChoice choice,
                           Value &result) {
  Expected<std::vector<ValueRange>> ranges = rangesOfBlocks(input, scheme);
  if (!ranges) {
    return ranges.takeError();
  }
  for (ValueRange &range : *ranges) {
    range = {range.min * choice.clip, range.max * choice.clip};
  }
  numerics::Scheme numericsScheme = scheme.getNumericsScheme();
  numericsScheme.scale.rule = *numerics::parseMxScaleRule(stringifyScaleRule(choice.rule));
  if (hasStoredParameters(scheme, numericsScheme)) {
    auto stored = numerics::scalesForRanges(*ranges, input.shape(), numericsScheme);
    if (!stored) {
      return stored.takeError();
    }
    result.scales = stored->scales;
    result.zeroPoints = stored->zeroPoints;
    result.realZeroPoints = stored->realZeroPoints;
    return Error::success();
  }
  for (ValueRange range : *ranges) {
    Expected<float> scale = scaleOfRange(range, scheme, numericsScheme.element);
    if (!scale) {
      return scale.takeError();
    }
    result.scales.push_back(*scale);
    if (scheme.hasRealZeroPoints()) {
      result.realZeroPoints.push_back(
          realZeroPointOfRange(range, *scale, scheme, numericsScheme.element));
    } else if (scheme.hasZeroPoints()) {
      result.zeroPoints.push_back(zeroPointOfRange(range, *scale, numericsScheme.element));
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Given scales
//===----------------------------------------------------------------------===//

static Error takeScales(ArrayRef<int64_t> shape, SchemeAttr scheme, const Value &scale,
                        const Value *zeroPoint, Value &result) {
  const SmallVector<int64_t> blocks = scheme.getScaleShape(shape);
  for (const Value *given : {&scale, zeroPoint}) {
    if (given && given->shape() != ArrayRef<int64_t>(blocks)) {
      return failure("expected scales and zero points of shape [%s], found [%s]",
                     shapeString(blocks).c_str(), shapeString(given->shape()).c_str());
    }
  }
  result.scales = scale.floats;
  if (zeroPoint) {
    result.zeroPoints.assign(zeroPoint->integers.begin(), zeroPoint->integers.end());
    result.realZeroPoints = zeroPoint->floats;
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// clamp(roundeven(x / s) + z, min, max) in f32, where NaN takes the smallest code, or the nearest
/// code of a float format or a codebook.
static int32_t encode(float x, float scale, int32_t zeroPoint, const Encoding &element) {
  float quotient = x / scale;
  if (element.isInteger()) {
    const float low = static_cast<float>(element.minCode());
    const float high = static_cast<float>(element.maxCode());
    const float code = std::nearbyint(quotient) + static_cast<float>(zeroPoint);
    return std::isnan(code) ? element.minCode() : static_cast<int32_t>(std::clamp(code, low, high));
  }
  // A quotient too large for f32 is still a number, not an infinity.
  if (std::isfinite(x) && std::isinf(quotient)) {
    quotient = std::copysign(std::numeric_limits<float>::max(), quotient);
  }
  return element.encodeValue(quotient);
}

Expected<Value> quantize(const Value &input, SchemeAttr scheme, const Value *scale,
                         const Value *zeroPoint, ScaleChoice choice) {
  Value result = Value::quantized(QTensorType::get(cast<RankedTensorType>(input.type), scheme),
                                  std::vector<int32_t>(input.floats.size(), 0), {});
  if (Error error = scale ? takeScales(input.shape(), scheme, *scale, zeroPoint, result)
                          : computeScales(input, scheme, choice, result)) {
    return std::move(error);
  }
  // What was given or computed, before it is divided by. The codes of 0 are not looked at yet.
  Value parameters = result;
  parameters.codes.assign(input.floats.size(), scheme.getNumericsScheme().element.minCode());
  if (Error error = parameters.verify()) {
    return std::move(error);
  }
  const Encoding element = scheme.getNumericsScheme().element;
  size_t i = 0;
  forEachIndex(input.shape(), [&](ArrayRef<int64_t> index) {
    const int64_t block = blockOf(index, input.shape(), scheme);
    const int32_t z = result.zeroPoints.empty() ? 0 : result.zeroPoints[block];
    float x = input.floats[i];
    if (scheme.hasRealZeroPoints()) {
      x += result.realZeroPoints[block];
    }
    result.codes[i] = encode(x, result.scales[block], z, element);
    ++i;
  });
  return result;
}

std::vector<float> decode(const Value &quantized) {
  const SchemeAttr scheme = cast<QTensorType>(quantized.type).getScheme();
  const Encoding element = scheme.getNumericsScheme().element;
  std::vector<float> values;
  forEachIndex(quantized.shape(), [&](ArrayRef<int64_t> index) {
    const int64_t block = blockOf(index, quantized.shape(), scheme);
    const int32_t code = quantized.codes[values.size()];
    const int32_t z = quantized.zeroPoints.empty() ? 0 : quantized.zeroPoints[block];
    const float number =
        element.isInteger() ? static_cast<float>(code - z) : element.decodeCode(code);
    values.push_back(number * quantized.scales[block]);
    if (scheme.hasRealZeroPoints()) {
      values.back() -= quantized.realZeroPoints[block];
    }
  });
  return values;
}

Value dequantize(const Value &quantized) {
  const auto element = cast<FloatType>(quantized.elementType());
  std::vector<float> values = decode(quantized);
  for (float &value : values) {
    value = roundToType(element, value);
  }
  return Value::tensor(element, quantized.shape(), std::move(values));
}

} // namespace quench::reference

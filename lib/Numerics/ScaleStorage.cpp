//===- ScaleStorage.cpp - From ideal to stored scales --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The recursion over nested schemes goes through scalesForRanges: what the blocks of scales share
// is chosen like the scales of any tensor.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/ScaleStorage.h"

#include "BlockRuns.h"

#include <cmath>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

Expected<ScaleStorage> ScaleStorage::create(ArrayRef<BlockFit> fits, ArrayRef<int64_t> shape,
                                            const Scheme &scheme) {
  if (Error error = scheme.verify(shape)) {
    return std::move(error);
  }
  if (static_cast<int64_t>(fits.size()) != scheme.numBlocks(shape)) {
    return createStringError("expected %lld ranges, one for each block, found %zu",
                             static_cast<long long>(scheme.numBlocks(shape)), fits.size());
  }
  ScaleStorage result;
  result.owner = &scheme;
  result.scaleShape = scheme.scaleShape(shape);
  if (!scheme.scale.isNested()) {
    return result;
  }
  const Scheme &nested = *scheme.scale.nested;
  std::vector<float> ideal;
  ideal.reserve(fits.size());
  for (const BlockFit &fit : fits) {
    ideal.push_back(fit.scale);
  }
  Expected<std::vector<ValueRange>> ranges = blockRanges(ideal, result.scaleShape, nested);
  if (!ranges) {
    return createStringError("scales: %s", llvm::toString(ranges.takeError()).c_str());
  }
  Expected<BlockScales> outer = scalesForRanges(*ranges, result.scaleShape, nested);
  if (!outer) {
    return createStringError("scales: %s", llvm::toString(outer.takeError()).c_str());
  }
  result.outer = std::move(*outer);
  result.outerBlock.resize(fits.size());
  forEachRun(result.scaleShape, nested, [&](int64_t begin, int64_t length, int64_t block) {
    std::fill_n(result.outerBlock.begin() + begin, length, block);
  });
  return result;
}

int32_t ScaleStorage::nestedCode(size_t block, float ideal) const {
  const Scheme &nested = *owner->scale.nested;
  const float outerScale = outer.scales[outerBlock[block]];
  if (nested.zeroPoint) {
    const int32_t zeroPoint = outer.zeroPoints[outerBlock[block]];
    int32_t code = ideal == 0.0f ? zeroPoint + 1
                                 : quantizeElement(ideal, outerScale, zeroPoint, nested.element);
    return std::max(code, zeroPoint + 1);
  }
  int32_t code = ideal == 0.0f ? nested.element.encodeValue(1.0f)
                               : quantizeElement(ideal, outerScale, 0, nested.element);
  return nested.element.decodeCode(code) > 0.0f ? code : *nested.element.smallestPositiveCode();
}

Expected<float> ScaleStorage::store(size_t block, const BlockFit &fit) const {
  const ScaleSpec &spec = owner->scale;
  if (spec.isPowerOfTwo()) {
    return std::ldexp(1.0f, mxScaleExponent(spec.rule, fit.range.absmax(), owner->element));
  }
  if (!spec.isNested()) {
    Expected<float> stored = storedScale(fit.scale, spec.format);
    if (!stored) {
      return createStringError("block %zu: %s", block, llvm::toString(stored.takeError()).c_str());
    }
    return stored;
  }
  const int64_t shared = outerBlock[block];
  float stored = dequantizeElement(nestedCode(block, fit.scale), outer.scales[shared],
                                   spec.nested->zeroPoint ? outer.zeroPoints[shared] : 0,
                                   spec.nested->element);
  if (!(stored > 0.0f) || !std::isfinite(stored)) {
    return createStringError(
        "block %zu: the scale %g is stored as %g, expected a finite positive number", block,
        fit.scale, stored);
  }
  return stored;
}

/// Stores the real zero points of `result`: afterwards they are what comes back.
static Error storeRealZeroPoints(BlockScales &result, ArrayRef<int64_t> shape,
                                 const ScaleSpec &spec) {
  if (!spec.isNested()) {
    for (size_t block = 0; block < result.realZeroPoints.size(); ++block) {
      float &zeroPoint = result.realZeroPoints[block];
      const float stored = roundTo(spec.format, zeroPoint);
      if (std::fabs(zeroPoint) > maxFinite(spec.format) || !std::isfinite(stored)) {
        return createStringError("block %zu: the zero point %g is above the largest %s, %g", block,
                                 zeroPoint, name(spec.format).data(), maxFinite(spec.format));
      }
      zeroPoint = stored;
    }
    return Error::success();
  }
  Expected<QuantizedTensor> stored = quantizeTensor(result.realZeroPoints, shape, *spec.nested);
  if (!stored) {
    return createStringError("zero points: %s", llvm::toString(stored.takeError()).c_str());
  }
  Expected<std::vector<float>> decoded = dequantizeTensor(*stored, *spec.nested);
  if (!decoded) {
    return createStringError("zero points: %s", llvm::toString(decoded.takeError()).c_str());
  }
  result.realZeroPoints = std::move(*decoded);
  result.zeroPointTensor = std::make_shared<const QuantizedTensor>(std::move(*stored));
  return Error::success();
}

Expected<BlockScales> ScaleStorage::storeAll(ArrayRef<BlockFit> fits) const {
  BlockScales result;
  result.scales.resize(fits.size());
  for (size_t block = 0; block < fits.size(); ++block) {
    Expected<float> stored = store(block, fits[block]);
    if (!stored) {
      return stored.takeError();
    }
    result.scales[block] = *stored;
  }
  if (owner->zeroPoint) {
    result.zeroPoints.resize(fits.size());
    for (size_t block = 0; block < fits.size(); ++block) {
      result.zeroPoints[block] =
          zeroPointFor(fits[block].range, result.scales[block], owner->element);
    }
  }
  if (owner->realZeroPoint) {
    for (size_t block = 0; block < fits.size(); ++block) {
      result.realZeroPoints.push_back(
          realZeroPointFor(fits[block].range, result.scales[block], owner->element));
    }
    if (Error error = storeRealZeroPoints(result, scaleShape, *owner->realZeroPoint)) {
      return std::move(error);
    }
  }
  if (owner->scale.isNested()) {
    auto tensor = std::make_shared<QuantizedTensor>();
    static_cast<BlockScales &>(*tensor) = outer;
    tensor->shape = scaleShape;
    tensor->codes = CodeArray(owner->scale.nested->element, fits.size());
    for (size_t block = 0; block < fits.size(); ++block) {
      tensor->codes.set(block, nestedCode(block, fits[block].scale));
    }
    result.scaleTensor = std::move(tensor);
  }
  return result;
}

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

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// What the blocks of nested parameters share, chosen from all of them.
Expected<ScaleStorage::Outer> ScaleStorage::createOuter(ArrayRef<float> parameters,
                                                        ArrayRef<int64_t> shape,
                                                        const Scheme &nested) {
  Expected<std::vector<ValueRange>> ranges = blockRanges(parameters, shape, nested);
  if (!ranges) {
    return ranges.takeError();
  }
  Expected<BlockScales> scales = scalesForRanges(*ranges, shape, nested);
  if (!scales) {
    return scales.takeError();
  }
  Outer outer;
  outer.scales = std::move(*scales);
  outer.blockOf.resize(parameters.size());
  forEachRun(shape, nested, [&](int64_t begin, int64_t length, int64_t block) {
    std::fill_n(outer.blockOf.begin() + begin, length, block);
  });
  return outer;
}

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
  std::vector<float> parameters(fits.size());
  if (scheme.scale.isNested()) {
    llvm::transform(fits, parameters.begin(), [](const BlockFit &fit) { return fit.scale; });
    Expected<Outer> outer = createOuter(parameters, result.scaleShape, *scheme.scale.nested);
    if (!outer) {
      return createStringError("scales: %s", llvm::toString(outer.takeError()).c_str());
    }
    result.outerScales = std::move(*outer);
  }
  if (scheme.realZeroPoint && scheme.realZeroPoint->isNested()) {
    for (size_t block = 0; block < fits.size(); ++block) {
      Expected<float> scale = result.storeScale(block, fits[block]);
      if (!scale) {
        return scale.takeError();
      }
      parameters[block] = result.idealZeroPoint(fits[block], *scale);
    }
    Expected<Outer> outer =
        createOuter(parameters, result.scaleShape, *scheme.realZeroPoint->nested);
    if (!outer) {
      return createStringError("zero points: %s", llvm::toString(outer.takeError()).c_str());
    }
    result.outerZeroPoints = std::move(*outer);
  }
  return result;
}

int32_t ScaleStorage::scaleCode(size_t block, float ideal) const {
  const Scheme &nested = *owner->scale.nested;
  const BlockCoding coding = outerScales.coding(block);
  // Of symmetric integers the code is the number itself, of floats and codebooks what encodes it.
  const int32_t one = nested.zeroPoint ? coding.zeroPoint + 1 : nested.element.encodeValue(1.0f);
  const int32_t code = ideal == 0.0f ? one : quantizeElement(ideal, coding, nested.element);
  if (nested.zeroPoint) {
    return std::max(code, coding.zeroPoint + 1);
  }
  return nested.element.decodeCode(code) > 0.0f ? code : *nested.element.smallestPositiveCode();
}

Expected<float> ScaleStorage::storeScale(size_t block, const BlockFit &fit) const {
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
  const float stored = dequantizeElement(scaleCode(block, fit.scale), outerScales.coding(block),
                                         spec.nested->element);
  if (!(stored > 0.0f) || !std::isfinite(stored)) {
    return createStringError(
        "block %zu: the scale %g is stored as %g, expected a finite positive number", block,
        fit.scale, stored);
  }
  return stored;
}

float ScaleStorage::idealZeroPoint(const BlockFit &fit, float scale) const {
  return fit.realZeroPoint.value_or(realZeroPointFor(fit.range, scale, owner->element));
}

int32_t ScaleStorage::zeroPointCode(size_t block, float ideal) const {
  return quantizeElement(ideal, outerZeroPoints.coding(block),
                         owner->realZeroPoint->nested->element);
}

Expected<float> ScaleStorage::storeRealZeroPoint(size_t block, float ideal) const {
  const ScaleSpec &spec = *owner->realZeroPoint;
  float stored = 0.0f;
  if (spec.isNested()) {
    stored = dequantizeElement(zeroPointCode(block, ideal), outerZeroPoints.coding(block),
                               spec.nested->element);
  } else {
    const float largest = maxFinite(spec.format);
    stored = roundTo(spec.format, ideal);
    if (std::fabs(ideal) > largest || !std::isfinite(stored)) {
      return createStringError("block %zu: the zero point %g is above the largest %s, %g", block,
                               ideal, name(spec.format).data(), largest);
    }
  }
  if (!std::isfinite(stored)) {
    return createStringError("block %zu: the zero point %g is stored as %g, expected a finite "
                             "number",
                             block, ideal, stored);
  }
  return stored;
}

Expected<BlockCoding> ScaleStorage::store(size_t block, const BlockFit &fit) const {
  Expected<float> scale = storeScale(block, fit);
  if (!scale) {
    return scale.takeError();
  }
  BlockCoding coding;
  coding.scale = *scale;
  if (owner->zeroPoint) {
    coding.zeroPoint = zeroPointFor(fit.range, *scale, owner->element);
  }
  if (owner->realZeroPoint) {
    Expected<float> zeroPoint = storeRealZeroPoint(block, idealZeroPoint(fit, *scale));
    if (!zeroPoint) {
      return zeroPoint.takeError();
    }
    coding.realZeroPoint = *zeroPoint;
  }
  return coding;
}

std::shared_ptr<const QuantizedTensor> ScaleStorage::parameterTensor(const Outer &outer,
                                                                     ArrayRef<int64_t> shape,
                                                                     const Scheme &nested,
                                                                     ArrayRef<int32_t> codes) {
  auto tensor = std::make_shared<QuantizedTensor>();
  static_cast<BlockScales &>(*tensor) = outer.scales;
  tensor->shape.assign(shape.begin(), shape.end());
  tensor->codes = CodeArray(nested.element, codes.size());
  for (size_t i = 0; i < codes.size(); ++i) {
    tensor->codes.set(i, codes[i]);
  }
  return tensor;
}

Expected<BlockScales> ScaleStorage::storeAll(ArrayRef<BlockFit> fits) const {
  BlockScales result;
  const bool hasNestedZeroPoints = owner->realZeroPoint && owner->realZeroPoint->isNested();
  std::vector<int32_t> scaleCodes, zeroPointCodes;
  for (size_t block = 0; block < fits.size(); ++block) {
    Expected<BlockCoding> coding = store(block, fits[block]);
    if (!coding) {
      return coding.takeError();
    }
    result.scales.push_back(coding->scale);
    if (owner->zeroPoint) {
      result.zeroPoints.push_back(coding->zeroPoint);
    }
    if (owner->realZeroPoint) {
      result.realZeroPoints.push_back(coding->realZeroPoint);
    }
    if (owner->scale.isNested()) {
      scaleCodes.push_back(scaleCode(block, fits[block].scale));
    }
    if (hasNestedZeroPoints) {
      zeroPointCodes.push_back(zeroPointCode(block, idealZeroPoint(fits[block], coding->scale)));
    }
  }
  if (owner->scale.isNested()) {
    result.scaleTensor = parameterTensor(outerScales, scaleShape, *owner->scale.nested, scaleCodes);
  }
  if (hasNestedZeroPoints) {
    result.zeroPointTensor =
        parameterTensor(outerZeroPoints, scaleShape, *owner->realZeroPoint->nested, zeroPointCodes);
  }
  return result;
}

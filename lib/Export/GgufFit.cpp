//===- GgufFit.cpp - Which format of GGUF holds a scheme ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Export/GgufFit.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace llvm;
using namespace quench;
using numerics::CodeArray;
using numerics::Encoding;
using numerics::QuantizedTensor;
using numerics::ScaleSpec;
using numerics::Scheme;

/// Whether codes of `inner` are codes of `outer` of the same value and width.
static bool isPartOf(const Encoding &inner, const Encoding &outer) {
  return inner.isInteger() && outer.isInteger() && inner.bitWidth() == outer.bitWidth() &&
         inner.isSigned() == outer.isSigned() && inner.minCode() >= outer.minCode() &&
         inner.maxCode() <= outer.maxCode();
}

static bool isPartOf(const Scheme &inner, const Scheme &outer);

static bool isPartOf(const ScaleSpec &inner, const ScaleSpec &outer) {
  return inner.isNested() == outer.isNested() &&
         (inner.isNested() ? isPartOf(*inner.nested, *outer.nested) : inner.format == outer.format);
}

/// Whether a tensor of one scheme is one of the other as it is.
static bool isPartOf(const Scheme &inner, const Scheme &outer) {
  return isPartOf(inner.element, outer.element) && inner.block == outer.block &&
         isPartOf(inner.scale, outer.scale) && inner.zeroPoint == outer.zeroPoint &&
         inner.realZeroPoint.has_value() == outer.realZeroPoint.has_value() &&
         (!inner.realZeroPoint || isPartOf(*inner.realZeroPoint, *outer.realZeroPoint));
}

/// The types that hold quantized tensors, smallest first, those without a minimum before others.
static constexpr GgufType candidates[] = {GgufType::TQ2_0, GgufType::Q4_0, GgufType::Q4_1,
                                          GgufType::Q5_0,  GgufType::Q5_1, GgufType::Q8_0};

static constexpr GgufType kQuants[] = {GgufType::Q4_K, GgufType::Q5_K, GgufType::Q6_K};

namespace {
/// What is multiplied with scales: integers of this range.
struct Levels {
  int32_t lowest = 0, highest = 0;
};
} // namespace

/// The levels of an encoding, nothing when they are no integers.
static std::optional<Levels> levelsOf(const Scheme &scheme) {
  const Encoding &element = scheme.element;
  if (element.isFloat()) {
    return std::nullopt;
  }
  Levels levels;
  if (element.isInteger()) {
    levels = {element.minCode(), element.maxCode()};
  } else {
    for (float value : element.codebookValues()) {
      if (std::nearbyint(value) != value || std::fabs(value) > 256) {
        return std::nullopt;
      }
    }
    levels = {static_cast<int32_t>(element.codebookValues().front()),
              static_cast<int32_t>(element.codebookValues().back())};
  }
  if (scheme.zeroPoint) {
    int32_t width = levels.highest - levels.lowest;
    levels = {-width, width};
  }
  return levels;
}

/// Whether each block of a type lies in one block of the scheme.
static bool fitsBlocks(const Scheme &scheme, ArrayRef<int64_t> shape, GgufType type) {
  int64_t block = scheme.block.back();
  return block == numerics::kWhole || block >= shape.back() || block % blockElements(type) == 0;
}

Expected<GgufType> quench::ggufTypeFor(const Scheme &scheme, ArrayRef<int64_t> shape) {
  auto fail = [&](const Twine &reason) {
    return createStringError("no format of GGUF holds " + scheme.str() + " of shape " +
                             shapeToString(shape) + ": " + reason);
  };
  if (shape.size() != 2) {
    return fail("expected a matrix");
  }
  for (GgufType type : concat<const GgufType>(ArrayRef(kQuants), ArrayRef(candidates))) {
    if (ggufBytes(type, shape) && isPartOf(scheme, ggufScheme(type))) {
      return type;
    }
  }
  std::optional<Levels> levels = levelsOf(scheme);
  if (!levels) {
    return fail("expected codes that stand for integers");
  }
  if (shape.back() % blockElements(GgufType::Q8_0) != 0) {
    return fail("expected rows that are a multiple of " + Twine(blockElements(GgufType::Q8_0)));
  }
  for (GgufType type : candidates) {
    Scheme held = ggufScheme(type);
    if (ggufBytes(type, shape) && fitsBlocks(scheme, shape, type) &&
        held.realZeroPoint.has_value() == scheme.realZeroPoint.has_value() &&
        levels->lowest >= held.element.minCode() && levels->highest <= held.element.maxCode()) {
      return type;
    }
  }
  return fail("expected groups that are a multiple of 32, and at most 8 bits, 5 with real zero "
              "points");
}

/// The same values in the scheme of `type`.
static QuantizedTensor regroup(GgufType type, const QuantizedTensor &tensor, const Scheme &scheme) {
  Scheme held = ggufScheme(type);
  QuantizedTensor result;
  result.shape = tensor.shape;
  result.codes = CodeArray(held.element, tensor.codes.size());
  int64_t rows = tensor.shape[0], columns = tensor.shape[1], width = blockElements(type);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      size_t element = row * columns + column;
      int64_t block = scheme.blockIndex(tensor.shape, {row, column});
      if (column % width == 0) {
        result.scales.push_back(tensor.scales[block]);
        if (held.realZeroPoint) {
          result.realZeroPoints.push_back(tensor.realZeroPoints[block]);
        }
      }
      int32_t level = static_cast<int32_t>(scheme.element.decodeCode(tensor.codes[element]));
      result.codes.set(element, level - (scheme.zeroPoint ? tensor.zeroPoints[block] : 0));
    }
  }
  return result;
}

Expected<std::vector<uint8_t>> quench::writeAsGguf(GgufType type, const QuantizedTensor &tensor,
                                                   const Scheme &scheme) {
  return isPartOf(scheme, ggufScheme(type)) ? writeGgufBlocks(type, tensor)
                                            : writeGgufBlocks(type, regroup(type, tensor, scheme));
}

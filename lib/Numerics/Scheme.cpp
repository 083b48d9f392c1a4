//===- Scheme.cpp - How a tensor is stored -------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes, counts and validity of schemes.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Scheme.h"

#include "llvm/Support/MathExtras.h"

using namespace quench::numerics;

using llvm::createStringError;

/// Counts stay far enough from the limits of 64 bits that sizes in bits cannot overflow.
static constexpr int64_t maxElements = int64_t(1) << 56;

static std::string shapeText(llvm::ArrayRef<int64_t> sizes, const char *whole) {
  std::string text = "[";
  for (size_t i = 0; i < sizes.size(); ++i) {
    text += i ? ", " : "";
    text += whole && sizes[i] == kWhole ? std::string(whole) : std::to_string(sizes[i]);
  }
  return text + "]";
}

ScaleSpec::ScaleSpec(Scheme scheme) : nested(std::make_shared<const Scheme>(std::move(scheme))) {}

bool ScaleSpec::operator==(const ScaleSpec &other) const {
  if (nested || other.nested) {
    return nested && other.nested && *nested == *other.nested;
  }
  return format == other.format && (!isPowerOfTwo() || rule == other.rule);
}

bool Scheme::operator==(const Scheme &other) const {
  return element == other.element && block == other.block && scale == other.scale &&
         zeroPoint == other.zeroPoint && realZeroPoint == other.realZeroPoint;
}

/// Checks the scheme of the scales or of the zero points.
static llvm::Error verifyNested(const Scheme &outer, const Scheme &nested, const char *what) {
  if (llvm::Error error = nested.verify()) {
    return createStringError("scheme of the %s: %s", what,
                             llvm::toString(std::move(error)).c_str());
  }
  if (nested.block.size() != outer.block.size()) {
    return createStringError("scheme of the %s: expected %zu block dimensions, as many as the "
                             "outer scheme has, found %zu",
                             what, outer.block.size(), nested.block.size());
  }
  return llvm::Error::success();
}

static llvm::Error verifyNestedScale(const Scheme &outer) {
  const Scheme &nested = *outer.scale.nested;
  if (llvm::Error error = verifyNested(outer, nested, "scales")) {
    return error;
  }
  if (nested.realZeroPoint) {
    return createStringError("scheme of the scales: expected an integer zero point or none");
  }
  if (!nested.zeroPoint && !nested.element.smallestPositiveCode()) {
    return createStringError("scheme of the scales: %s has no code for a positive scale",
                             nested.element.str().c_str());
  }
  return llvm::Error::success();
}

static llvm::Error verifyRealZeroPoint(const Scheme &outer) {
  if (outer.zeroPoint) {
    return createStringError("a zero point is an integer or real, found both");
  }
  const ScaleSpec &spec = *outer.realZeroPoint;
  if (!spec.isNested()) {
    return spec.isPowerOfTwo() ? createStringError("a real zero point needs a format with a sign "
                                                   "and a zero, found %s",
                                                   name(spec.format).data())
                               : llvm::Error::success();
  }
  if (llvm::Error error = verifyNested(outer, *spec.nested, "zero points")) {
    return error;
  }
  // Codes that count from zero have zero points that are not negative.
  const Encoding &element = spec.nested->element;
  if (element.isInteger() && element.minCode() >= 0 && !spec.nested->isAsymmetric() &&
      outer.element.minCode() < 0) {
    return createStringError("scheme of the zero points: %s has no negative codes, which zero "
                             "points of %s need",
                             element.str().c_str(), outer.element.str().c_str());
  }
  return llvm::Error::success();
}

llvm::Error Scheme::verify() const {
  if (llvm::Error error = element.verify()) {
    return error;
  }
  for (size_t axis = 0; axis < block.size(); ++axis) {
    if (block[axis] < 1 && block[axis] != kWhole) {
      return createStringError("expected a positive block size or the whole axis, found %lld for "
                               "axis %zu",
                               static_cast<long long>(block[axis]), axis);
    }
  }
  if (isAsymmetric() && !element.isInteger()) {
    return createStringError("a zero point needs an integer element, found %s",
                             element.str().c_str());
  }
  if (isAsymmetric() && scale.isPowerOfTwo()) {
    return createStringError("a zero point needs scales that are not powers of two, found %s",
                             name(scale.format).data());
  }
  if (element.isInteger() && !isAsymmetric() && (element.minCode() > 0 || element.maxCode() < 0)) {
    return createStringError("without a zero point the codes have to include 0, found %s",
                             element.str().c_str());
  }
  if (element.isCodebook() && scale.isPowerOfTwo() && scale.rule == MxScaleRule::Even) {
    return createStringError("the scale rule 'even' needs an integer or float element, found %s",
                             element.str().c_str());
  }
  if (scale.isNested()) {
    if (llvm::Error error = verifyNestedScale(*this)) {
      return error;
    }
  }
  return realZeroPoint ? verifyRealZeroPoint(*this) : llvm::Error::success();
}

llvm::Error Scheme::verify(llvm::ArrayRef<int64_t> shape) const {
  if (llvm::Error error = verify()) {
    return error;
  }
  if (shape.size() != block.size()) {
    return createStringError(
        "expected a tensor of rank %zu for a scheme with block %s, found shape "
        "%s",
        block.size(), shapeText(block, "*").c_str(), shapeText(shape, nullptr).c_str());
  }
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 0) {
      return createStringError("expected a static shape, found %s",
                               shapeText(shape, nullptr).c_str());
    }
    if (llvm::MulOverflow(count, std::max<int64_t>(size, 1), count) || count > maxElements) {
      return createStringError("expected at most 2^56 elements, found shape %s",
                               shapeText(shape, nullptr).c_str());
    }
  }
  return llvm::Error::success();
}

int64_t quench::numerics::elementCount(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    count *= size;
  }
  return count;
}

llvm::SmallVector<int64_t> Scheme::scaleShape(llvm::ArrayRef<int64_t> shape) const {
  llvm::SmallVector<int64_t> result;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) {
      result.push_back(0);
    } else {
      result.push_back(block[axis] == kWhole ? 1 : (shape[axis] - 1) / block[axis] + 1);
    }
  }
  return result;
}

int64_t Scheme::numBlocks(llvm::ArrayRef<int64_t> shape) const {
  return elementCount(scaleShape(shape));
}

int64_t Scheme::blockIndex(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> index) const {
  llvm::SmallVector<int64_t> blocks = scaleShape(shape);
  int64_t result = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    int64_t position = block[axis] == kWhole ? 0 : index[axis] / block[axis];
    result = result * blocks[axis] + position;
  }
  return result;
}

uint64_t Scheme::storageBits(llvm::ArrayRef<int64_t> shape) const {
  uint64_t blocks = static_cast<uint64_t>(numBlocks(shape));
  auto bitsOf = [&](const ScaleSpec &spec) {
    return spec.isNested() ? spec.nested->storageBits(scaleShape(shape))
                           : blocks * bitWidth(spec.format);
  };
  uint64_t bits = static_cast<uint64_t>(elementCount(shape)) * element.bitWidth() + bitsOf(scale);
  if (realZeroPoint) {
    return bits + bitsOf(*realZeroPoint);
  }
  return bits + (zeroPoint ? blocks * element.bitWidth() : 0);
}

double Scheme::bitsPerWeight(llvm::ArrayRef<int64_t> shape) const {
  int64_t count = elementCount(shape);
  return count == 0 ? 0.0 : static_cast<double>(storageBits(shape)) / static_cast<double>(count);
}

static std::string specText(const ScaleSpec &spec) {
  return spec.isNested() ? spec.nested->str() : name(spec.format).str();
}

std::string Scheme::str() const {
  std::string text =
      "<" + element.str() + ", block = " + shapeText(block, "*") + ", scale = " + specText(scale);
  if (scale.isPowerOfTwo() && scale.rule != MxScaleRule::Floor) {
    text += ", rule = " + name(scale.rule).str();
  }
  if (realZeroPoint) {
    return text + ", zero_point = " + specText(*realZeroPoint) + ">";
  }
  return text + (zeroPoint ? ", zero_point>" : ">");
}

//===- Value.cpp - What an SSA value holds at run time --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Reference/Value.h"

#include "OpTable.h"

#include "quench/Numerics/FloatFormat.h"

#include "mlir/IR/TypeUtilities.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

Value Value::scalar(FloatType type, float value) {
  Value result;
  result.type = type;
  result.floats = {roundToType(type, value)};
  return result;
}

Value Value::scalar(mlir::Type type, int64_t value) {
  Value result;
  result.type = type;
  result.integers = {wrapToType(type, static_cast<uint64_t>(value))};
  return result;
}

Value Value::tensor(FloatType element, ArrayRef<int64_t> shape, std::vector<float> values) {
  Value result;
  result.type = RankedTensorType::get(shape, element);
  result.floats = std::move(values);
  return result;
}

Value Value::tensor(mlir::Type element, ArrayRef<int64_t> shape, std::vector<int64_t> values) {
  Value result;
  result.type = RankedTensorType::get(shape, element);
  result.integers = std::move(values);
  return result;
}

Value Value::quantized(QTensorType type, std::vector<int32_t> codes, std::vector<float> scales,
                       std::vector<int32_t> zeroPoints) {
  Value result;
  result.type = type;
  result.codes = std::move(codes);
  result.scales = std::move(scales);
  result.zeroPoints = std::move(zeroPoints);
  return result;
}

ArrayRef<int64_t> Value::shape() const {
  if (auto quantized = dyn_cast<QTensorType>(type)) {
    return quantized.getShape();
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tensor.getShape() : ArrayRef<int64_t>();
}

mlir::Type Value::elementType() const {
  if (auto quantized = dyn_cast<QTensorType>(type)) {
    return quantized.getExpressed().getElementType();
  }
  return getElementTypeOrSelf(type);
}

int64_t Value::size() const { return ShapedType::getNumElements(shape()); }

Expected<int64_t> countElements(ArrayRef<int64_t> shape) {
  for (int64_t dim : shape) {
    if (dim < 0) {
      return failure("expected dimensions of at least 0, found %lld", static_cast<long long>(dim));
    }
  }
  if (llvm::is_contained(shape, 0)) {
    return 0;
  }
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim > maxElements / count) {
      return failure("expected a tensor of at most 2^30 elements, found the shape %s",
                     shapeString(shape).c_str());
    }
    count *= dim;
  }
  return count;
}

static std::optional<numerics::FloatFormat> formatOf(mlir::Type type) {
  if (!isa_and_nonnull<FloatType>(type)) {
    return std::nullopt;
  }
  std::string name;
  raw_string_ostream(name) << type;
  return numerics::parseFloatFormat(name);
}

float roundToType(mlir::Type type, float value) {
  if (type.isF32()) {
    return value;
  }
  std::optional<numerics::FloatFormat> format = formatOf(type);
  return format ? numerics::roundTo(*format, value) : value;
}

int64_t wrapToType(mlir::Type type, uint64_t bits) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() >= 64) {
    return static_cast<int64_t>(bits);
  }
  if (integer.isUnsigned() || integer.getWidth() <= 1) {
    return static_cast<int64_t>(bits & ((uint64_t(1) << integer.getWidth()) - 1));
  }
  return SignExtend64(bits, integer.getWidth());
}

bool isCompatible(mlir::Type declared, mlir::Type actual) {
  if (auto quantized = dyn_cast<QTensorType>(declared)) {
    auto other = dyn_cast<QTensorType>(actual);
    return other && quantized.getScheme() == other.getScheme() &&
           isCompatible(quantized.getExpressed(), other.getExpressed());
  }
  auto tensor = dyn_cast<TensorType>(declared);
  if (!tensor) {
    return declared == actual;
  }
  auto other = dyn_cast<RankedTensorType>(actual);
  return other && tensor.getElementType() == other.getElementType() &&
         succeeded(verifyCompatibleShape(tensor, other));
}

//===----------------------------------------------------------------------===//
// Validity
//===----------------------------------------------------------------------===//

static Error verifyQuantized(const Value &value, QTensorType type) {
  SchemeAttr scheme = type.getScheme();
  Expected<int64_t> blocks = countElements(scheme.getScaleShape(type.getShape()));
  if (!blocks) {
    return blocks.takeError();
  }
  const size_t zeroPoints =
      scheme.hasRealZeroPoints() ? value.realZeroPoints.size() : value.zeroPoints.size();
  if (value.codes.size() != static_cast<size_t>(value.size()) ||
      value.scales.size() != static_cast<size_t>(*blocks) ||
      zeroPoints != (scheme.hasZeroPoints() ? value.scales.size() : 0)) {
    return failure("expected %lld codes and %lld blocks, found %zu codes, %zu scales and %zu zero "
                   "points",
                   static_cast<long long>(value.size()), static_cast<long long>(*blocks),
                   value.codes.size(), value.scales.size(), zeroPoints);
  }
  numerics::Encoding element = scheme.getNumericsScheme().element;
  for (auto [index, code] : llvm::enumerate(value.codes)) {
    if (code < element.minCode() || code > element.maxCode()) {
      return failure("expected codes within [%d, %d], found %d at element %zu", element.minCode(),
                     element.maxCode(), code, index);
    }
  }
  for (auto [block, scale] : llvm::enumerate(value.scales)) {
    if (!std::isfinite(scale) || scale == 0.0f) {
      return failure("expected finite scales that are not 0, found %g for block %zu", scale, block);
    }
  }
  for (auto [block, zeroPoint] : llvm::enumerate(value.zeroPoints)) {
    if (zeroPoint < element.minCode() || zeroPoint > element.maxCode()) {
      return failure("expected zero points within [%d, %d], found %d for block %zu",
                     element.minCode(), element.maxCode(), zeroPoint, block);
    }
  }
  for (auto [block, zeroPoint] : llvm::enumerate(value.realZeroPoints)) {
    if (!std::isfinite(zeroPoint)) {
      return failure("expected finite zero points, found %g for block %zu", zeroPoint, block);
    }
  }
  return Error::success();
}

static Error verifyDense(const Value &value, mlir::Type element) {
  const size_t count = static_cast<size_t>(value.size());
  if (element.isF32() || formatOf(element)) {
    if (value.floats.size() != count) {
      return failure("expected %zu floats, found %zu", count, value.floats.size());
    }
    for (auto [index, number] : llvm::enumerate(value.floats)) {
      if (!std::isnan(number) && roundToType(element, number) != number) {
        return failure("element %zu, %g, is not a value of its type", index, number);
      }
    }
    return Error::success();
  }
  auto integer = dyn_cast<IntegerType>(element);
  if (!isa<IndexType>(element) &&
      !(integer && integer.getWidth() >= 1 && integer.getWidth() <= 64)) {
    std::string name;
    raw_string_ostream(name) << element;
    return failure("expected floats of at most 32 bits, integers of at most 64 bits or indices as "
                   "elements, found %s",
                   name.c_str());
  }
  if (value.integers.size() != count) {
    return failure("expected %zu integers, found %zu", count, value.integers.size());
  }
  for (auto [index, number] : llvm::enumerate(value.integers)) {
    if (wrapToType(element, static_cast<uint64_t>(number)) != number) {
      return failure("element %zu, %lld, is not a value of its type", index,
                     static_cast<long long>(number));
    }
  }
  return Error::success();
}

Error Value::verify() const {
  if (!type) {
    return failure("expected a value, found none");
  }
  Expected<int64_t> count = countElements(shape());
  if (!count) {
    return count.takeError();
  }
  if (auto quantized = dyn_cast<QTensorType>(type)) {
    return verifyQuantized(*this, quantized);
  }
  return verifyDense(*this, elementType());
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static void printElement(raw_ostream &os, float element) {
  if (std::isnan(element)) {
    os << "nan";
  } else {
    os << format("%.9g", element);
  }
}

static void printElement(raw_ostream &os, int64_t element) { os << element; }

template <typename T>
static void printLine(raw_ostream &os, const Twine &name, ArrayRef<int64_t> shape, mlir::Type type,
                      ArrayRef<T> elements) {
  os << name << ": ";
  for (int64_t dim : shape) {
    os << dim << 'x';
  }
  os << type << " = [";
  interleaveComma(elements, os, [&](auto element) { printElement(os, element); });
  os << "]\n";
}

void print(raw_ostream &os, StringRef name, const Value &value) {
  if (auto quantized = dyn_cast<QTensorType>(value.type)) {
    SchemeAttr scheme = quantized.getScheme();
    MLIRContext *context = scheme.getContext();
    SmallVector<int64_t> blocks = scheme.getScaleShape(value.shape());
    SmallVector<int64_t> codes(value.codes.begin(), value.codes.end());
    SmallVector<int64_t> zeroPoints(value.zeroPoints.begin(), value.zeroPoints.end());
    printLine<int64_t>(os, name + ".codes", value.shape(), scheme.getCodeType(), codes);
    printLine<float>(os, name + ".scales", blocks, Float32Type::get(context), value.scales);
    if (scheme.hasRealZeroPoints()) {
      printLine<float>(os, name + ".zero_points", blocks, Float32Type::get(context),
                       value.realZeroPoints);
    } else if (scheme.hasZeroPoints()) {
      printLine<int64_t>(os, name + ".zero_points", blocks, IntegerType::get(context, 32),
                         zeroPoints);
    }
    return;
  }
  bool isFloat = isa<FloatType>(value.elementType());
  if (isa<RankedTensorType>(value.type)) {
    if (isFloat) {
      printLine<float>(os, name, value.shape(), value.elementType(), value.floats);
    } else {
      printLine<int64_t>(os, name, value.shape(), value.elementType(), value.integers);
    }
    return;
  }
  os << name << ": " << value.type << " = ";
  if (isFloat) {
    printElement(os, value.floats.front());
  } else {
    printElement(os, value.integers.front());
  }
  os << '\n';
}

} // namespace quench::reference

//===- QuantizedWeight.cpp - Quantized tensors in a weight store ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything recurses along the schemes: the tensor of scales is a weight again.
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/QuantizedWeight.h"

#include "quench/Numerics/BitPacking.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <optional>

using namespace llvm;
using namespace quench;
using numerics::CodeArray;
using numerics::Encoding;
using numerics::FloatFormat;
using numerics::QuantizedTensor;
using numerics::ScaleSpec;
using numerics::Scheme;

static std::string codesName(StringRef key) { return (key + ".codes").str(); }
static std::string scaleName(StringRef key) { return (key + ".scale").str(); }
static std::string zeroPointName(StringRef key) { return (key + ".zero_point").str(); }

/// The safetensors type of plainly stored scales and real zero points.
static std::optional<ElementKind> scaleKind(FloatFormat format) {
  switch (format) {
  case FloatFormat::F32:
    return ElementKind::F32;
  case FloatFormat::F16:
    return ElementKind::F16;
  case FloatFormat::BF16:
    return ElementKind::BF16;
  case FloatFormat::F8E4M3FN:
    return ElementKind::F8E4M3FN;
  case FloatFormat::F8E5M2:
    return ElementKind::F8E5M2;
  case FloatFormat::F8E8M0FNU:
    return ElementKind::F8E8M0FNU;
  case FloatFormat::F6E3M2FN:
  case FloatFormat::F6E2M3FN:
  case FloatFormat::F4E2M1FN:
    return std::nullopt;
  }
  return std::nullopt;
}

/// The shape of a tensor of codes after packing its rows.
static SmallVector<int64_t> packedShape(ArrayRef<int64_t> shape, unsigned bits) {
  SmallVector<int64_t> result(shape);
  if (result.empty()) {
    result.push_back(1);
  }
  result.back() = static_cast<int64_t>(numerics::packedSize(result.back(), bits));
  return result;
}

static Error weightError(StringRef key, const Twine &message) {
  return createStringError("weight '" + key + "': " + message);
}

static Error appendParts(StringRef key, const Scheme &scheme, ArrayRef<int64_t> shape,
                         std::vector<QuantizedWeightPart> &parts);

/// The tensors of scales or of real zero points, one for each block.
static Error appendParameters(StringRef key, StringRef name, const ScaleSpec &spec,
                              ArrayRef<int64_t> shape, std::vector<QuantizedWeightPart> &parts) {
  if (spec.isNested()) {
    return appendParts(name, *spec.nested, shape, parts);
  }
  std::optional<ElementKind> kind = scaleKind(spec.format);
  if (!kind) {
    return weightError(key, "expected scales in f32, f16, bf16, f8E4M3FN, f8E5M2 or f8E8M0FNU, "
                            "found " +
                                numerics::name(spec.format));
  }
  parts.push_back({name.str(), *kind, llvm::to_vector(shape)});
  return Error::success();
}

static Error appendParts(StringRef key, const Scheme &scheme, ArrayRef<int64_t> shape,
                         std::vector<QuantizedWeightPart> &parts) {
  if (Error error = scheme.verify(shape)) {
    return weightError(key, toString(std::move(error)));
  }
  unsigned bits = scheme.element.bitWidth();
  SmallVector<int64_t> scaleShape = scheme.scaleShape(shape);
  parts.push_back({codesName(key), ElementKind::U8, packedShape(shape, bits)});
  if (Error error = appendParameters(key, scaleName(key), scheme.scale, scaleShape, parts)) {
    return error;
  }
  if (scheme.realZeroPoint) {
    return appendParameters(key, zeroPointName(key), *scheme.realZeroPoint, scaleShape, parts);
  }
  if (scheme.zeroPoint) {
    parts.push_back({zeroPointName(key), ElementKind::U8, packedShape(scaleShape, bits)});
  }
  return Error::success();
}

Expected<std::vector<QuantizedWeightPart>>
quench::quantizedWeightParts(StringRef key, const Scheme &scheme, ArrayRef<int64_t> shape) {
  std::vector<QuantizedWeightPart> parts;
  if (Error error = appendParts(key, scheme, shape, parts)) {
    return std::move(error);
  }
  return std::move(parts);
}

bool quench::isQuantizedWeight(const WeightStore &store, StringRef key) {
  return store.lookup(codesName(key)) != nullptr;
}

Error quench::declareQuantized(SafetensorsWriter &writer, StringRef key, const Scheme &scheme,
                               ArrayRef<int64_t> shape) {
  Expected<std::vector<QuantizedWeightPart>> parts = quantizedWeightParts(key, scheme, shape);
  if (!parts) {
    return parts.takeError();
  }
  for (const QuantizedWeightPart &part : *parts) {
    if (Error error = writer.declare(part.name, part.kind, part.shape)) {
      return error;
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// Rows of `width` codes, each packed and filled up to a byte.
static std::vector<uint8_t> packRows(const CodeArray &codes, size_t width) {
  unsigned bits = codes.bitWidth();
  if (width == 0 || width * bits % 8 == 0) {
    return packCodes(codes);
  }
  std::vector<uint8_t> bytes;
  bytes.reserve(codes.size() / width * numerics::packedSize(width, bits));
  CodeArray row(bits, codes.isSigned(), width);
  for (size_t begin = 0; begin < codes.size(); begin += width) {
    for (size_t i = 0; i < width; ++i) {
      row.set(i, codes[begin + i]);
    }
    append_range(bytes, packCodes(row));
  }
  return bytes;
}

/// The number of elements of a row.
static size_t rowWidth(ArrayRef<int64_t> shape) { return shape.empty() ? 1 : shape.back(); }

static bool hasCode(const Encoding &element, int32_t code) {
  return code >= element.minCode() && code <= element.maxCode() &&
         (!element.isFloat() || std::isfinite(element.decodeCode(code)));
}

/// "expected a code of i4, found 9".
static std::string codeFault(const Encoding &element, int32_t code) {
  return ("expected a code of " + element.str() + ", found " + Twine(code)).str();
}

/// The first element whose code `element` does not have.
static std::optional<size_t> findBadCode(const CodeArray &codes, const Encoding &element) {
  return codes.visit([&](const auto &container) -> std::optional<size_t> {
    auto bad = find_if(container, [&](int32_t code) { return !hasCode(element, code); });
    if (bad == container.end()) {
      return std::nullopt;
    }
    return bad - container.begin();
  });
}

/// The blocks of a tensor share scales that can be divided by.
static bool isUsableScale(float scale) { return std::isfinite(scale) && scale != 0; }

/// "1e-05 for block 3".
static std::string scaleOfBlock(float scale, size_t block) {
  std::string text;
  raw_string_ostream(text) << format("%g", scale) << " for block " << block;
  return text;
}

/// What the parameters of a tensor are, with the words for them.
struct ParameterKind {
  StringRef what;
  bool mayBeZero;

  bool accepts(float value) const {
    return mayBeZero ? std::isfinite(value) : isUsableScale(value);
  }
  std::string requirement() const {
    return ("expected finite " + what + (mayBeZero ? "" : " that are not 0")).str();
  }
};
static constexpr ParameterKind scaleParameters = {"scales", false};
static constexpr ParameterKind zeroPointParameters = {"zero points", true};

/// Writes scales or real zero points: `values` in a format, or `tensor` by a scheme of its own.
static Error writeParameters(SafetensorsWriter &writer, StringRef key, StringRef name,
                             const ParameterKind &kind, const ScaleSpec &spec,
                             ArrayRef<int64_t> shape, ArrayRef<float> values,
                             const QuantizedTensor *tensor) {
  if (spec.isNested()) {
    if (!tensor || tensor->shape != shape) {
      return weightError(key, "expected a quantized tensor of " + kind.what + " of shape " +
                                  shapeToString(shape));
    }
    return writeQuantized(writer, name, *spec.nested, *tensor);
  }
  size_t blocks = numerics::elementCount(shape);
  if (values.size() != blocks) {
    return weightError(key, "expected " + Twine(blocks) + " " + kind.what + ", found " +
                                Twine(values.size()));
  }
  unsigned bytes = numerics::bitWidth(spec.format) / 8;
  std::vector<uint8_t> data(values.size() * bytes);
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t code = numerics::encode(spec.format, values[i]);
    if (!kind.accepts(values[i]) || numerics::decode(spec.format, code) != values[i]) {
      return weightError(key, kind.requirement() + ", exact in " + numerics::name(spec.format) +
                                  ", found " + scaleOfBlock(values[i], i));
    }
    for (unsigned byte = 0; byte < bytes; ++byte) {
      data[i * bytes + byte] = static_cast<uint8_t>(code >> (8 * byte));
    }
  }
  return writer.write(name, data);
}

Error quench::writeQuantized(SafetensorsWriter &writer, StringRef key, const Scheme &scheme,
                             const QuantizedTensor &tensor) {
  const Encoding &element = scheme.element;
  if (Error error = scheme.verify(tensor.shape)) {
    return weightError(key, toString(std::move(error)));
  }
  size_t count = numerics::elementCount(tensor.shape);
  size_t blocks = scheme.numBlocks(tensor.shape);
  if (tensor.codes.size() != count || tensor.codes.bitWidth() != element.bitWidth() ||
      tensor.codes.isSigned() != element.isSigned()) {
    return weightError(key, "expected " + Twine(count) + " codes of " + element.str() + ", found " +
                                Twine(tensor.codes.size()) + " of " +
                                Twine(tensor.codes.bitWidth()) + " bits");
  }
  if (tensor.zeroPoints.size() != (scheme.zeroPoint ? blocks : 0)) {
    return weightError(key, "expected " + Twine(scheme.zeroPoint ? blocks : 0) +
                                " zero points, found " + Twine(tensor.zeroPoints.size()));
  }
  if (std::optional<size_t> bad = findBadCode(tensor.codes, element)) {
    return weightError(key, codeFault(element, tensor.codes[*bad]) + " at element " + Twine(*bad));
  }
  if (Error error = writer.write(codesName(key), packRows(tensor.codes, rowWidth(tensor.shape)))) {
    return error;
  }
  SmallVector<int64_t> scaleShape = scheme.scaleShape(tensor.shape);
  if (Error error = writeParameters(writer, key, scaleName(key), scaleParameters, scheme.scale,
                                    scaleShape, tensor.scales, tensor.scaleTensor.get())) {
    return error;
  }
  if (scheme.realZeroPoint) {
    return writeParameters(writer, key, zeroPointName(key), zeroPointParameters,
                           *scheme.realZeroPoint, scaleShape, tensor.realZeroPoints,
                           tensor.zeroPointTensor.get());
  }
  if (!scheme.zeroPoint) {
    return Error::success();
  }
  CodeArray zeroPoints(element, blocks);
  for (size_t i = 0; i < blocks; ++i) {
    if (!hasCode(element, tensor.zeroPoints[i])) {
      return weightError(key, codeFault(element, tensor.zeroPoints[i]) +
                                  " as zero point of block " + Twine(i));
    }
    zeroPoints.set(i, tensor.zeroPoints[i]);
  }
  return writer.write(zeroPointName(key), packRows(zeroPoints, rowWidth(scaleShape)));
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Error tensorError(const WeightStore &store, StringRef name, const Twine &message) {
  return createStringError(store.fileOf(name) + ": tensor '" + name + "': " + message);
}

/// The tensor called `name`, if it has this type and shape.
static Expected<const TensorView *> requirePart(const WeightStore &store, StringRef name,
                                                ElementKind kind, ArrayRef<int64_t> shape) {
  Expected<const TensorView *> view = store.requireShape(name, shape);
  if (view && (*view)->kind != kind) {
    return tensorError(store, name,
                       "expected elements of type " + safetensorsName(kind) + ", found " +
                           safetensorsName((*view)->kind));
  }
  return view;
}

static Expected<CodeArray> readCodes(const WeightStore &store, StringRef name,
                                     const Encoding &element, ArrayRef<int64_t> shape) {
  unsigned bits = element.bitWidth();
  Expected<const TensorView *> view =
      requirePart(store, name, ElementKind::U8, packedShape(shape, bits));
  if (!view) {
    return view.takeError();
  }
  ArrayRef<int64_t> stored = (*view)->shape;
  if (shape.size() == 2 && stored.size() > 2 && shape[0] > 0) {
    // Rows of a matrix that are stored in pieces.
    int64_t pieces = numerics::elementCount(stored.drop_back()) / shape[0];
    if (pieces == 0 || shape[1] % pieces != 0 ||
        (pieces > 1 && shape[1] / pieces * bits % 8 != 0)) {
      return tensorError(store, name, "expected rows without padding to read them as a matrix");
    }
  }
  ArrayRef<uint8_t> bytes = (*view)->bytes;
  size_t count = numerics::elementCount(shape);
  size_t width = rowWidth(shape);
  // Rows without padding are one stream.
  size_t run = width * bits % 8 == 0 ? count : width;
  size_t runBytes = numerics::packedSize(run, bits);
  CodeArray codes(element, count);
  for (size_t begin = 0; begin < count; begin += run) {
    Expected<CodeArray> part = numerics::unpackCodes(bytes.slice(begin / run * runBytes, runBytes),
                                                     bits, element.isSigned(), run);
    if (!part) {
      return tensorError(store, name,
                         "row " + Twine(begin / width) + ": " + toString(part.takeError()));
    }
    if (run == count) {
      codes = std::move(*part);
      break;
    }
    for (size_t i = 0; i < run; ++i) {
      codes.set(begin + i, (*part)[i]);
    }
  }
  store.release(name);
  if (std::optional<size_t> bad = findBadCode(codes, element)) {
    return tensorError(store, name,
                       codeFault(element, codes[*bad]) + " at row " + Twine(*bad / width) +
                           ", column " + Twine(*bad % width));
  }
  return std::move(codes);
}

/// Scales or zero points in a float format.
static Expected<std::vector<float>> readPlainParameters(const WeightStore &store, StringRef name,
                                                        const ParameterKind &parameters,
                                                        FloatFormat format,
                                                        ArrayRef<int64_t> shape) {
  std::optional<ElementKind> kind = scaleKind(format);
  if (!kind) {
    return weightError(name, "expected scales in a format of whole bytes, found " +
                                 numerics::name(format));
  }
  Expected<const TensorView *> view = requirePart(store, name, *kind, shape);
  if (!view) {
    return view.takeError();
  }
  ArrayRef<uint8_t> data = (*view)->bytes;
  unsigned bytes = numerics::bitWidth(format) / 8;
  std::vector<float> scales(data.size() / bytes);
  for (size_t i = 0; i < scales.size(); ++i) {
    uint32_t code = 0;
    for (unsigned byte = 0; byte < bytes; ++byte) {
      code |= static_cast<uint32_t>(data[i * bytes + byte]) << (8 * byte);
    }
    scales[i] = numerics::decode(format, code);
    if (!parameters.accepts(scales[i])) {
      return tensorError(store, name,
                         parameters.requirement() + ", found " + scaleOfBlock(scales[i], i));
    }
  }
  return std::move(scales);
}

/// The scales or the real zero points of a weight whose own scheme is known to be valid for its
/// shape; `tensor` is how they are stored when that is by a scheme.
static Error readParameters(const WeightStore &store, StringRef name,
                            const ParameterKind &parameters, const ScaleSpec &spec,
                            ArrayRef<int64_t> shape, std::vector<float> &values,
                            std::shared_ptr<const QuantizedTensor> &tensor) {
  if (!spec.isNested()) {
    Expected<std::vector<float>> plain =
        readPlainParameters(store, name, parameters, spec.format, shape);
    if (!plain) {
      return plain.takeError();
    }
    values = std::move(*plain);
    return Error::success();
  }
  Expected<QuantizedTensor> stored = readQuantized(store, name, *spec.nested, shape);
  if (!stored) {
    return stored.takeError();
  }
  Expected<std::vector<float>> decoded = numerics::dequantizeTensor(*stored, *spec.nested);
  if (!decoded) {
    return tensorError(store, codesName(name), toString(decoded.takeError()));
  }
  for (size_t i = 0; i < decoded->size(); ++i) {
    if (!parameters.accepts((*decoded)[i])) {
      return tensorError(store, codesName(name),
                         parameters.requirement() + ", found " + scaleOfBlock((*decoded)[i], i));
    }
  }
  values = std::move(*decoded);
  tensor = std::make_shared<const QuantizedTensor>(std::move(*stored));
  return Error::success();
}

Expected<QuantizedTensor> quench::readQuantized(const WeightStore &store, StringRef key,
                                                const Scheme &scheme, ArrayRef<int64_t> shape) {
  if (Error error = scheme.verify(shape)) {
    return weightError(key, toString(std::move(error)));
  }
  if (!isQuantizedWeight(store, key) && store.lookup(key)) {
    return tensorError(store, key,
                       "expected a weight quantized as " + scheme.str() +
                           ", found a plain tensor; run quench-quantize first");
  }
  QuantizedTensor result;
  result.shape.assign(shape.begin(), shape.end());
  Expected<CodeArray> codes = readCodes(store, codesName(key), scheme.element, shape);
  if (!codes) {
    return codes.takeError();
  }
  result.codes = std::move(*codes);
  SmallVector<int64_t> scaleShape = scheme.scaleShape(shape);
  if (Error error = readParameters(store, scaleName(key), scaleParameters, scheme.scale, scaleShape,
                                   result.scales, result.scaleTensor)) {
    return std::move(error);
  }
  if (scheme.realZeroPoint) {
    if (Error error =
            readParameters(store, zeroPointName(key), zeroPointParameters, *scheme.realZeroPoint,
                           scaleShape, result.realZeroPoints, result.zeroPointTensor)) {
      return std::move(error);
    }
  }
  if (scheme.zeroPoint) {
    Expected<CodeArray> zeroPoints =
        readCodes(store, zeroPointName(key), scheme.element, scaleShape);
    if (!zeroPoints) {
      return zeroPoints.takeError();
    }
    result.zeroPoints.resize(zeroPoints->size());
    for (size_t i = 0; i < zeroPoints->size(); ++i) {
      result.zeroPoints[i] = (*zeroPoints)[i];
    }
  }
  return std::move(result);
}

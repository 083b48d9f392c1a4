//===- GgufFormat.cpp - Element formats of GGUF tensors -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gguf/GgufFormat.h"

#include "BlockLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;
using namespace quench;
using numerics::CodeArray;
using numerics::Encoding;
using numerics::FloatFormat;
using numerics::QuantizedTensor;
using numerics::ScaleSpec;
using numerics::Scheme;

ArrayRef<GgufType> quench::allGgufTypes() {
  static constexpr GgufType types[] = {GgufType::F32,  GgufType::F16,  GgufType::Q4_0,
                                       GgufType::Q4_1, GgufType::Q5_0, GgufType::Q5_1,
                                       GgufType::Q8_0, GgufType::Q4_K, GgufType::Q5_K,
                                       GgufType::Q6_K, GgufType::BF16, GgufType::TQ2_0};
  return types;
}

std::optional<GgufType> quench::ggufType(uint32_t number) {
  for (GgufType type : allGgufTypes()) {
    if (static_cast<uint32_t>(type) == number) {
      return type;
    }
  }
  return std::nullopt;
}

StringRef quench::name(GgufType type) {
  const BlockLayout *layout = findBlockLayout(type);
  return layout                  ? StringRef(layout->name)
         : type == GgufType::F32 ? "F32"
         : type == GgufType::F16 ? "F16"
                                 : "BF16";
}

int64_t quench::blockElements(GgufType type) {
  const BlockLayout *layout = findBlockLayout(type);
  return layout ? layout->elements : 1;
}

int64_t quench::blockBytes(GgufType type) {
  const BlockLayout *layout = findBlockLayout(type);
  return layout ? layout->bytes : type == GgufType::F32 ? 4 : 2;
}

std::optional<int64_t> quench::ggufBytes(GgufType type, ArrayRef<int64_t> shape) {
  constexpr int64_t mostElements = int64_t(1) << 56;
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 1 || size > mostElements / count) {
      return std::nullopt;
    }
    count *= size;
  }
  if (shape.empty() || shape.back() % blockElements(type) != 0) {
    return std::nullopt;
  }
  return count / blockElements(type) * blockBytes(type);
}

std::optional<ElementKind> quench::ggufElementKind(GgufType type) {
  switch (type) {
  case GgufType::F32:
    return ElementKind::F32;
  case GgufType::F16:
    return ElementKind::F16;
  case GgufType::BF16:
    return ElementKind::BF16;
  default:
    return std::nullopt;
  }
}

Scheme quench::ggufScheme(GgufType type) {
  const BlockLayout &layout = *findBlockLayout(type);
  ScaleSpec scale(FloatFormat::F16);
  if (layout.isNested()) {
    scale = ScaleSpec(Scheme{layout.partCode, {1, layout.parts()}, FloatFormat::F16});
  }
  Scheme scheme{layout.element, {1, layout.part}, scale};
  if (layout.minimum != BlockLayout::Minimum::None) {
    scheme.realZeroPoint = scale;
  }
  return scheme;
}

//===----------------------------------------------------------------------===//
// Blocks to tensors
//===----------------------------------------------------------------------===//

static float decodeHalf(uint16_t bits) { return numerics::decode(FloatFormat::F16, bits); }

static std::string shortNumber(float value) {
  std::string text;
  raw_string_ostream(text) << format("%g", value);
  return text;
}

/// A tensor of codes of the parts of blocks and what they are scaled with.
static std::shared_ptr<QuantizedTensor> createPartTensor(const BlockLayout &layout, int64_t rows,
                                                         int64_t blocks) {
  auto tensor = std::make_shared<QuantizedTensor>();
  tensor->shape = {rows, blocks / rows * layout.parts()};
  tensor->codes = CodeArray(layout.partCode, blocks * layout.parts());
  tensor->scales.resize(blocks);
  return tensor;
}

namespace {

/// Fills a quantized tensor block by block.
class BlockReader {
public:
  BlockReader(const BlockLayout &layout, ArrayRef<int64_t> shape);

  Error read(size_t block, const uint8_t *bytes);
  QuantizedTensor take();

private:
  Error checkFinite(float value, StringRef what) const;
  void readParts(size_t block, float scale, float minimum);

  const BlockLayout &layout;
  bool hasMinimum;
  QuantizedTensor result;
  std::shared_ptr<QuantizedTensor> scales, minima;
  BlockFields fields;
};

} // namespace

BlockReader::BlockReader(const BlockLayout &layout, ArrayRef<int64_t> shape)
    : layout(layout), hasMinimum(layout.minimum != BlockLayout::Minimum::None) {
  int64_t count = numerics::elementCount(shape), blocks = count / layout.elements;
  result.shape.assign(shape.begin(), shape.end());
  result.codes = CodeArray(layout.element, count);
  result.scales.resize(blocks * layout.parts());
  result.realZeroPoints.resize(hasMinimum ? result.scales.size() : 0);
  if (layout.isNested()) {
    scales = createPartTensor(layout, shape[0], blocks);
    minima = hasMinimum ? createPartTensor(layout, shape[0], blocks) : nullptr;
  }
}

Error BlockReader::checkFinite(float value, StringRef what) const {
  return std::isfinite(value)
             ? Error::success()
             : createStringError("expected a finite " + what + ", found " + shortNumber(value));
}

/// The scales and zero points of the parts, and the codes that a scale of 0 makes meaningless.
void BlockReader::readParts(size_t block, float scale, float minimum) {
  // What is scaled by 0 is as well 0 scaled by 1.
  float usableScale = scale == 0 ? 1.0f : scale;
  float usableMinimum = minimum == 0 ? 1.0f : minimum;
  for (int64_t part = 0; part < layout.parts(); ++part) {
    int32_t scaleCode = layout.isNested() ? fields.scaleCodes[part] : 1;
    if (scale == 0 || scaleCode == 0) {
      scaleCode = 1;
      std::fill_n(fields.codes.begin() + part * layout.part, layout.part, 0);
    }
    size_t index = block * layout.parts() + part;
    result.scales[index] = usableScale * static_cast<float>(scaleCode);
    int32_t minimumCode = minimum == 0 ? 0 : fields.minimumCodes[part];
    if (layout.isNested()) {
      scales->codes.set(index, scaleCode);
    }
    if (hasMinimum && layout.isNested()) {
      minima->codes.set(index, minimumCode);
      result.realZeroPoints[index] = usableMinimum * static_cast<float>(minimumCode);
    } else if (hasMinimum) {
      result.realZeroPoints[index] =
          layout.minimum == BlockLayout::Minimum::Added ? -minimum : minimum;
    }
  }
  if (layout.isNested()) {
    scales->scales[block] = usableScale;
    if (hasMinimum) {
      minima->scales[block] = usableMinimum;
    }
  }
}

Error BlockReader::read(size_t block, const uint8_t *bytes) {
  fields = BlockFields();
  layout.unpack(bytes, fields);
  float scale = decodeHalf(fields.scale), minimum = decodeHalf(fields.minimum);
  if (Error failure = checkFinite(scale, "scale")) {
    return failure;
  }
  if (Error failure = checkFinite(minimum, "minimum")) {
    return failure;
  }
  for (int64_t i = 0; i < layout.elements; ++i) {
    if (fields.codes[i] < layout.element.minCode() || fields.codes[i] > layout.element.maxCode()) {
      return createStringError("expected a code of " + layout.element.str() + ", found " +
                               Twine(fields.codes[i]));
    }
  }
  readParts(block, scale, minimum);
  for (int64_t i = 0; i < layout.elements; ++i) {
    result.codes.set(block * layout.elements + i, fields.codes[i]);
  }
  return Error::success();
}

QuantizedTensor BlockReader::take() {
  result.scaleTensor = scales;
  result.zeroPointTensor = minima;
  return std::move(result);
}

Expected<QuantizedTensor> quench::readGgufBlocks(GgufType type, ArrayRef<int64_t> shape,
                                                 ArrayRef<uint8_t> bytes) {
  const BlockLayout *layout = findBlockLayout(type);
  std::optional<int64_t> expected = ggufBytes(type, shape);
  if (!layout || shape.size() != 2 || !expected || static_cast<size_t>(*expected) != bytes.size()) {
    return createStringError("expected a matrix of whole blocks of " + name(type) +
                             ", found shape " + shapeToString(shape));
  }
  BlockReader reader(*layout, shape);
  size_t blocksPerRow = shape[1] / layout->elements;
  for (size_t block = 0; block < bytes.size() / layout->bytes; ++block) {
    if (Error failure = reader.read(block, bytes.data() + block * layout->bytes)) {
      return createStringError("row " + Twine(block / blocksPerRow) + ", block " +
                               Twine(block % blocksPerRow) + ": " + toString(std::move(failure)));
    }
  }
  return reader.take();
}

//===----------------------------------------------------------------------===//
// Tensors to blocks
//===----------------------------------------------------------------------===//

/// The bits of a value that f16 has exactly.
static Expected<uint16_t> encodeHalf(float value, StringRef what) {
  uint32_t bits = numerics::encode(FloatFormat::F16, value);
  if (numerics::decode(FloatFormat::F16, bits) != value) {
    return createStringError("expected a " + what + " that f16 has exactly, found " +
                             shortNumber(value));
  }
  return static_cast<uint16_t>(bits);
}

/// Whether a tensor has the parts that the scheme of a layout asks for.
static bool isInScheme(const BlockLayout &layout, const QuantizedTensor &tensor) {
  size_t blocks = tensor.codes.size() / layout.elements, parts = blocks * layout.parts();
  bool hasMinimum = layout.minimum != BlockLayout::Minimum::None;
  auto fits = [&](const std::shared_ptr<const QuantizedTensor> &stored, bool wanted) {
    return wanted == (stored != nullptr) &&
           (!wanted || (stored->codes.size() == parts && stored->scales.size() == blocks));
  };
  return tensor.codes.size() == static_cast<size_t>(numerics::elementCount(tensor.shape)) &&
         tensor.scales.size() == parts &&
         tensor.realZeroPoints.size() == (hasMinimum ? parts : 0) && tensor.zeroPoints.empty() &&
         fits(tensor.scaleTensor, layout.isNested()) &&
         fits(tensor.zeroPointTensor, layout.isNested() && hasMinimum);
}

static Error fillFields(const BlockLayout &layout, const QuantizedTensor &tensor, size_t block,
                        BlockFields &fields) {
  bool hasMinimum = layout.minimum != BlockLayout::Minimum::None;
  float scale = layout.isNested() ? tensor.scaleTensor->scales[block] : tensor.scales[block];
  float minimum = !hasMinimum         ? 0.0f
                  : layout.isNested() ? tensor.zeroPointTensor->scales[block]
                                      : tensor.realZeroPoints[block];
  if (layout.minimum == BlockLayout::Minimum::Added) {
    minimum = -minimum;
  }
  for (auto [value, what, bits] : {std::tuple(scale, "scale", &fields.scale),
                                   std::tuple(minimum, "zero point", &fields.minimum)}) {
    Expected<uint16_t> half = encodeHalf(value, what);
    if (!half) {
      return half.takeError();
    }
    *bits = *half;
  }
  for (int64_t part = 0; part < layout.parts() && layout.isNested(); ++part) {
    size_t index = block * layout.parts() + part;
    fields.scaleCodes[part] = tensor.scaleTensor->codes[index];
    fields.minimumCodes[part] = hasMinimum ? tensor.zeroPointTensor->codes[index] : 0;
  }
  for (int64_t i = 0; i < layout.elements; ++i) {
    int32_t code = tensor.codes[block * layout.elements + i];
    if (code < layout.element.minCode() || code > layout.element.maxCode()) {
      return createStringError("expected a code of " + layout.element.str() + ", found " +
                               Twine(code));
    }
    fields.codes[i] = code;
  }
  return Error::success();
}

Expected<std::vector<uint8_t>> quench::writeGgufBlocks(GgufType type,
                                                       const QuantizedTensor &tensor) {
  const BlockLayout *layout = findBlockLayout(type);
  std::optional<int64_t> bytes = ggufBytes(type, tensor.shape);
  if (!layout || tensor.shape.size() != 2 || !bytes || !isInScheme(*layout, tensor)) {
    return createStringError("expected a matrix of whole blocks of " + name(type) +
                             " in its scheme, found shape " + shapeToString(tensor.shape));
  }
  std::vector<uint8_t> result(*bytes);
  size_t blocksPerRow = tensor.shape[1] / layout->elements;
  for (size_t block = 0; block < result.size() / layout->bytes; ++block) {
    BlockFields fields;
    if (Error failure = fillFields(*layout, tensor, block, fields)) {
      return createStringError("row " + Twine(block / blocksPerRow) + ", block " +
                               Twine(block % blocksPerRow) + ": " + toString(std::move(failure)));
    }
    layout->pack(fields, result.data() + block * layout->bytes);
  }
  return result;
}

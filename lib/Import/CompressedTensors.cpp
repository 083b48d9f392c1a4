//===- CompressedTensors.cpp - Quantized Hugging Face folders -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/CompressedTensors.h"
#include "quench/Support/JsonFile.h"

#include "quench/WeightStore/TensorFloats.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace llvm;

namespace quench {

using numerics::FloatFormat;
using numerics::QuantizedTensor;
using numerics::Scheme;

static constexpr StringRef packedName = "pack-quantized", plainName = "int-quantized";

bool CompressedFormat::operator==(const CompressedFormat &other) const {
  return isPacked == other.isPacked && bits == other.bits && group == other.group &&
         hasZeroPoints == other.hasZeroPoints && roundsInputs == other.roundsInputs;
}

//===----------------------------------------------------------------------===//
// quantization_config
//===----------------------------------------------------------------------===//

namespace {

/// Reads one configuration; the first problem is kept.
class FormatReader {
public:
  FormatReader(const json::Value &json, StringRef file) : json(json), file(file) {}

  Expected<CompressedFormat> read();

private:
  void fail(const Twine &key, const Twine &expected, const json::Value *found);
  /// A member that is an object; an empty one after a failure.
  const json::Object &object(const json::Object &from, const Twine &key, StringRef name);
  /// Requires one of a few values; absent and null are the same.
  void require(const json::Object &from, const Twine &key, StringRef name,
               ArrayRef<json::Value> allowed);
  /// Requires that a member is absent, null or an empty object.
  void requireNone(const json::Object &from, StringRef name);
  void readWeights(const json::Object &weights, CompressedFormat &format);
  void readInputs(const json::Object &group, CompressedFormat &format);

  const json::Value &json;
  StringRef file;
  std::string problem;
  const json::Object empty;
};

} // namespace

void FormatReader::fail(const Twine &key, const Twine &expected, const json::Value *found) {
  if (problem.empty()) {
    std::string text = found ? formatv("{0}", *found).str() : "nothing";
    constexpr size_t longest = 80;
    text = text.size() <= longest ? text : text.substr(0, longest) + "...";
    problem =
        (file + ": 'quantization_config" + key + "': expected " + expected + ", found " + text)
            .str();
  }
}

const json::Object &FormatReader::object(const json::Object &from, const Twine &key,
                                         StringRef name) {
  const json::Value *value = from.get(name);
  const json::Object *result = value ? value->getAsObject() : nullptr;
  if (!result) {
    fail(key + "." + name, "an object", value);
  }
  return result ? *result : empty;
}

void FormatReader::require(const json::Object &from, const Twine &key, StringRef name,
                           ArrayRef<json::Value> allowed) {
  const json::Value *value = from.get(name);
  const json::Value absent = nullptr;
  for (const json::Value &each : allowed) {
    if ((value ? *value : absent) == each) {
      return;
    }
  }
  std::string text;
  for (const json::Value &each : allowed) {
    text += (text.empty() ? "" : " or ") + formatv("{0}", each).str();
  }
  fail(key + "." + name, text, value);
}

void FormatReader::requireNone(const json::Object &from, StringRef name) {
  const json::Value *value = from.get(name);
  if (!value || value->kind() == json::Value::Null) {
    return;
  }
  const json::Object *members = value->getAsObject();
  if (!members || !members->empty()) {
    fail("." + name, "none", value);
  }
}

void FormatReader::readWeights(const json::Object &weights, CompressedFormat &format) {
  constexpr StringRef key = ".config_groups.weights";
  require(weights, key, "type", {"int"});
  require(weights, key, "dynamic", {false, nullptr});
  // The order in which weights were quantized, which changes nothing afterwards; "static" is
  // another name of "weight". In any other order columns of the codes are permuted.
  require(weights, key, "actorder", {nullptr, false, "weight", "static"});
  if (format.isPacked) {
    require(weights, key, "num_bits", {4, 8});
    require(weights, key, "symmetric", {true, false});
  } else {
    require(weights, key, "num_bits", {8});
    require(weights, key, "symmetric", {true});
  }
  require(weights, key, "strategy", {"channel", "group"});
  if (!problem.empty()) {
    return;
  }
  format.bits = static_cast<unsigned>(*weights.getInteger("num_bits"));
  format.hasZeroPoints = !*weights.getBoolean("symmetric");
  if (*weights.getString("strategy") == "channel") {
    return;
  }
  constexpr int64_t largestGroup = int64_t(1) << 28;
  const json::Value *size = weights.get("group_size");
  std::optional<int64_t> group = size ? integerOf(*size) : std::nullopt;
  if (!group || *group < 1 || *group > largestGroup) {
    fail(Twine(key) + ".group_size", "an integer from 1 to " + Twine(largestGroup), size);
    return;
  }
  format.group = *group;
}

void FormatReader::readInputs(const json::Object &group, CompressedFormat &format) {
  const json::Value *value = group.get("input_activations");
  if (!value || value->kind() == json::Value::Null) {
    return;
  }
  constexpr StringRef key = ".config_groups.input_activations";
  const json::Object &inputs = object(group, ".config_groups", "input_activations");
  require(inputs, key, "num_bits", {8});
  require(inputs, key, "type", {"int"});
  require(inputs, key, "symmetric", {true});
  require(inputs, key, "dynamic", {true});
  require(inputs, key, "strategy", {"token"});
  format.roundsInputs = true;
}

Expected<CompressedFormat> FormatReader::read() {
  CompressedFormat format;
  const json::Object *config = json.getAsObject();
  if (!config) {
    fail("", "an object", &json);
    return createStringError(Twine(problem));
  }
  require(*config, "", "quant_method", {"compressed-tensors"});
  require(*config, "", "format", {packedName, plainName});
  require(*config, "", "kv_cache_scheme", {nullptr});
  // "dense" says that zeros are stored like other weights.
  const json::Object *sparsity = config->getObject("sparsity_config");
  if (!sparsity || sparsity->getString("format") != "dense") {
    requireNone(*config, "sparsity_config");
  }
  requireNone(*config, "transform_config");
  format.isPacked = config->getString("format") == packedName;
  const json::Object &groups = object(*config, "", "config_groups");
  if (groups.size() != 1) {
    fail(".config_groups", "one group", config->get("config_groups"));
    return createStringError(Twine(problem));
  }
  const json::Object *group = groups.begin()->second.getAsObject();
  if (!group) {
    fail(".config_groups", "an object in it", &groups.begin()->second);
    return createStringError(Twine(problem));
  }
  require(*group, ".config_groups", "format", {nullptr, *config->getString("format")});
  require(*group, ".config_groups", "targets", {json::Array{"Linear"}});
  require(*group, ".config_groups", "output_activations", {nullptr});
  readWeights(object(*group, ".config_groups", "weights"), format);
  readInputs(*group, format);
  if (!problem.empty()) {
    return createStringError(Twine(problem));
  }
  return format;
}

Expected<CompressedFormat> CompressedFormat::parse(const json::Value &json, StringRef file) {
  return FormatReader(json, file).read();
}

json::Value CompressedFormat::toJson(ArrayRef<std::string> ignored) const {
  auto numbers = [](unsigned bits, StringRef strategy, json::Value group) {
    return json::Object{{"num_bits", bits},           {"type", "int"},       {"symmetric", true},
                        {"strategy", strategy},       {"group_size", group}, {"dynamic", false},
                        {"block_structure", nullptr}, {"actorder", nullptr}};
  };
  json::Object weights =
      numbers(bits, group ? "group" : "channel", group ? json::Value(group) : nullptr);
  weights["symmetric"] = !hasZeroPoints;
  json::Value inputs = nullptr;
  if (roundsInputs) {
    json::Object tokens = numbers(8, "token", nullptr);
    tokens["dynamic"] = true;
    inputs = std::move(tokens);
  }
  json::Object layers{{"targets", json::Array{"Linear"}},
                      {"weights", std::move(weights)},
                      {"input_activations", inputs},
                      {"output_activations", nullptr}};
  return json::Object{{"quant_method", "compressed-tensors"},
                      {"format", isPacked ? packedName : plainName},
                      {"quantization_status", "compressed"},
                      {"kv_cache_scheme", nullptr},
                      {"ignore", json::Array(ignored)},
                      {"config_groups", json::Object{{"group_0", std::move(layers)}}}};
}

/// Words of 32 bits for codes of 4 or 8 bits.
static int64_t numWords(int64_t codes, unsigned bits) {
  return divideCeil(codes, int64_t(32 / bits));
}

int64_t CompressedFormat::numGroups(int64_t columns) const {
  return group ? divideCeil(columns, group) : 1;
}

SmallVector<int64_t, 2> CompressedFormat::packedShape(int64_t rows, int64_t columns) const {
  return {rows, numWords(columns, bits)};
}

SmallVector<int64_t, 2> CompressedFormat::zeroPointShape(int64_t rows, int64_t columns) const {
  return {numWords(rows, bits), numGroups(columns)};
}

Scheme CompressedFormat::scheme(FloatFormat scale) const {
  Scheme result{numerics::Encoding::integer(bits, !hasZeroPoints),
                {1, group ? group : numerics::kWhole},
                scale};
  result.zeroPoint = hasZeroPoints;
  return result;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// "M.weight" and what to add to it: "M.weight_scale".
static std::string partName(StringRef name, StringRef part) { return (name + part).str(); }

bool isCompressedWeight(const WeightStore &store, StringRef name) {
  return name.ends_with(".weight") && store.lookup(partName(name, "_scale"));
}

static Error tensorError(const WeightStore &store, StringRef name, const Twine &message) {
  return createStringError(store.fileOf(name) + ": tensor '" + name + "': " + message);
}

static Expected<const TensorView *> findPart(const WeightStore &store, StringRef name,
                                             ElementKind kind, ArrayRef<int64_t> shape) {
  Expected<const TensorView *> view = store.requireShape(name, shape);
  if (view && (*view)->kind != kind) {
    return tensorError(store, name,
                       "expected " + safetensorsName(kind) + ", found " +
                           safetensorsName((*view)->kind));
  }
  return view;
}

static std::optional<FloatFormat> scaleFormat(ElementKind kind) {
  switch (kind) {
  case ElementKind::F32:
    return FloatFormat::F32;
  case ElementKind::F16:
    return FloatFormat::F16;
  case ElementKind::BF16:
    return FloatFormat::BF16;
  default:
    return std::nullopt;
  }
}

namespace {

/// Where a packed code is: which word and by how much it is shifted there.
struct PackedPlace {
  int64_t word;
  unsigned shift;
};

} // namespace

/// Codes of a row lie behind each other.
static PackedPlace placeOfCode(int64_t row, int64_t column, int64_t columns, unsigned bits) {
  int64_t perWord = 32 / bits;
  return {row * numWords(columns, bits) + column / perWord,
          static_cast<unsigned>(column % perWord * bits)};
}

/// Zero points of a column lie behind each other.
static PackedPlace placeOfZeroPoint(int64_t row, int64_t group, int64_t groups, unsigned bits) {
  int64_t perWord = 32 / bits;
  return {row / perWord * groups + group, static_cast<unsigned>(row % perWord * bits)};
}

Expected<CompressedWeight> findCompressedWeight(const WeightStore &store, StringRef name,
                                                ArrayRef<int64_t> shape,
                                                const CompressedFormat &format) {
  CompressedWeight weight;
  int64_t rows = shape[0], columns = shape[1];
  std::string scaleName = partName(name, "_scale");
  Expected<const TensorView *> scale =
      store.requireShape(scaleName, {rows, format.numGroups(columns)});
  if (!scale) {
    return scale.takeError();
  }
  std::optional<FloatFormat> scaleType = scaleFormat((*scale)->kind);
  if (!scaleType) {
    return tensorError(store, scaleName,
                       "expected F32, F16 or BF16, found " + safetensorsName((*scale)->kind));
  }
  weight.scale = *scale;
  weight.scheme = format.scheme(*scaleType);
  auto refuse = [&](StringRef part, const Twine &reason) -> Error {
    std::string other = partName(name, part);
    return store.lookup(other) ? tensorError(store, other, "expected none, since " + reason)
                               : Error::success();
  };
  if (Error failure = refuse("_g_idx", "weights are in the order of inputs")) {
    return failure;
  }
  std::string zeroPointName = partName(name, "_zero_point");
  if (format.hasZeroPoints) {
    Expected<const TensorView *> zeroPoints =
        findPart(store, zeroPointName, ElementKind::I32, format.zeroPointShape(rows, columns));
    if (!zeroPoints) {
      return zeroPoints.takeError();
    }
    weight.zeroPoints = *zeroPoints;
  } else if (Error failure = refuse("_zero_point", "weights are symmetric")) {
    return failure;
  }
  Expected<const TensorView *> codes =
      format.isPacked ? findPart(store, partName(name, "_packed"), ElementKind::I32,
                                 format.packedShape(rows, columns))
                      : findPart(store, name, ElementKind::I8, shape);
  if (!codes) {
    return codes.takeError();
  }
  weight.codes = *codes;
  if (!format.isPacked) {
    return weight;
  }
  std::string shapeName = partName(name, "_shape");
  Expected<const TensorView *> stored = findPart(store, shapeName, ElementKind::I64, {2});
  if (!stored) {
    return stored.takeError();
  }
  weight.packedShape = *stored;
  int64_t found[] = {(*stored)->load<int64_t>(0), (*stored)->load<int64_t>(1)};
  if (ArrayRef<int64_t>(found) != shape) {
    return tensorError(store, shapeName,
                       "expected " + shapeToString(shape) + ", found " + shapeToString(found));
  }
  return weight;
}

Expected<QuantizedTensor> readCompressedWeight(const WeightStore &store,
                                               const CompressedWeight &weight,
                                               ArrayRef<int64_t> shape,
                                               const CompressedFormat &format) {
  QuantizedTensor tensor;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.codes = numerics::CodeArray(weight.scheme.element, weight.codes ? shape[0] * shape[1] : 0);
  int64_t rows = shape[0], columns = shape[1], groups = format.numGroups(columns);
  // Packed codes count from 0 on.
  int32_t lowest = weight.scheme.element.minCode();
  auto packedCode = [&](const TensorView &words, PackedPlace place) {
    uint32_t code = words.load<uint32_t>(place.word) >> place.shift;
    return static_cast<int32_t>(code & maskTrailingOnes<uint32_t>(format.bits)) + lowest;
  };
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      int64_t element = row * columns + column;
      tensor.codes.set(
          element, format.isPacked
                       ? packedCode(*weight.codes, placeOfCode(row, column, columns, format.bits))
                       : weight.codes->load<int8_t>(element));
    }
    for (int64_t group = 0; weight.zeroPoints && group < groups; ++group) {
      tensor.zeroPoints.push_back(
          packedCode(*weight.zeroPoints, placeOfZeroPoint(row, group, groups, format.bits)));
    }
  }
  tensor.scales = *toFloats(*weight.scale);
  for (size_t i = 0; i < tensor.scales.size(); ++i) {
    if (!std::isfinite(tensor.scales[i]) || tensor.scales[i] == 0) {
      return tensorError(store, weight.scale->name,
                         "expected finite scales that are not 0, found another at element " +
                             Twine(i));
    }
  }
  return tensor;
}

/// Adds a code to words that are 0 in its place.
static void addPacked(std::vector<uint8_t> &words, PackedPlace place, int32_t code) {
  uint8_t *word = words.data() + place.word * sizeof(uint32_t);
  support::endian::write32le(word, support::endian::read32le(word) | static_cast<uint32_t>(code)
                                                                         << place.shift);
}

std::vector<uint8_t> CompressedFormat::pack(const QuantizedTensor &tensor) const {
  int64_t rows = tensor.shape[0], columns = tensor.shape[1];
  std::vector<uint8_t> bytes;
  if (!isPacked) {
    for (size_t i = 0; i < tensor.codes.size(); ++i) {
      bytes.push_back(static_cast<uint8_t>(tensor.codes[i]));
    }
    return bytes;
  }
  int32_t lowest = scheme(FloatFormat::F32).element.minCode();
  bytes.resize(rows * numWords(columns, bits) * sizeof(uint32_t));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      addPacked(bytes, placeOfCode(row, column, columns, bits),
                tensor.codes[row * columns + column] - lowest);
    }
  }
  return bytes;
}

std::vector<uint8_t> CompressedFormat::packZeroPoints(const QuantizedTensor &tensor) const {
  int64_t rows = tensor.shape[0], groups = numGroups(tensor.shape[1]);
  std::vector<uint8_t> bytes(numWords(rows, bits) * groups * sizeof(uint32_t));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t group = 0; group < groups; ++group) {
      addPacked(bytes, placeOfZeroPoint(row, group, groups, bits),
                tensor.zeroPoints[row * groups + group]);
    }
  }
  return bytes;
}

} // namespace quench

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
         roundsInputs == other.roundsInputs;
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

void FormatReader::readWeights(const json::Object &weights, CompressedFormat &format) {
  constexpr StringRef key = ".config_groups.weights";
  require(weights, key, "type", {"int"});
  require(weights, key, "symmetric", {true});
  require(weights, key, "dynamic", {false, nullptr});
  require(weights, key, "actorder", {nullptr, "weight"});
  if (format.isPacked) {
    require(weights, key, "num_bits", {4, 8});
  } else {
    require(weights, key, "num_bits", {8});
  }
  require(weights, key, "strategy", {"channel", "group"});
  if (!problem.empty()) {
    return;
  }
  format.bits = static_cast<unsigned>(*weights.getInteger("num_bits"));
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
  const json::Value *sparsity = config->get("sparsity_config");
  if (sparsity && sparsity->kind() != json::Value::Null &&
      !(sparsity->getAsObject() && sparsity->getAsObject()->empty())) {
    fail(".sparsity_config", "none", sparsity);
  }
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
  auto numbers = [](unsigned bits, StringRef strategy, json::Value group, bool dynamic) {
    return json::Object{{"num_bits", bits},           {"type", "int"},       {"symmetric", true},
                        {"strategy", strategy},       {"group_size", group}, {"dynamic", dynamic},
                        {"block_structure", nullptr}, {"actorder", nullptr}};
  };
  json::Value inputs = nullptr;
  if (roundsInputs) {
    inputs = numbers(8, "token", nullptr, true);
  }
  json::Object layers{{"targets", json::Array{"Linear"}},
                      {"weights", numbers(bits, group ? "group" : "channel",
                                          group ? json::Value(group) : nullptr, false)},
                      {"input_activations", inputs},
                      {"output_activations", nullptr}};
  return json::Object{{"quant_method", "compressed-tensors"},
                      {"format", isPacked ? packedName : plainName},
                      {"quantization_status", "compressed"},
                      {"kv_cache_scheme", nullptr},
                      {"ignore", json::Array(ignored)},
                      {"config_groups", json::Object{{"group_0", std::move(layers)}}}};
}

Scheme CompressedFormat::scheme(FloatFormat scale) const {
  return Scheme{numerics::Encoding::integer(bits), {1, group ? group : numerics::kWhole}, scale};
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

/// Words of 32 bits in a row.
static int64_t wordsPerRow(int64_t columns, unsigned bits) {
  return divideCeil(columns, int64_t(32 / bits));
}

Expected<CompressedWeight> findCompressedWeight(const WeightStore &store, StringRef name,
                                                ArrayRef<int64_t> shape,
                                                const CompressedFormat &format) {
  CompressedWeight weight;
  int64_t rows = shape[0], columns = shape[1];
  int64_t groups = format.group ? divideCeil(columns, format.group) : 1;
  std::string scaleName = partName(name, "_scale");
  Expected<const TensorView *> scale = store.requireShape(scaleName, {rows, groups});
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
  for (StringRef refused : {"_zero_point", "_g_idx"}) {
    if (store.lookup(partName(name, refused))) {
      return tensorError(store, partName(name, refused),
                         "expected none, since weights are "
                         "symmetric and in the order of inputs");
    }
  }
  Expected<const TensorView *> codes =
      format.isPacked ? findPart(store, partName(name, "_packed"), ElementKind::I32,
                                 {rows, wordsPerRow(columns, format.bits)})
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
  unsigned perWord = 32 / format.bits;
  int32_t offset = 1 << (format.bits - 1);
  int64_t words = wordsPerRow(shape[1], format.bits);
  for (int64_t row = 0; row < shape[0]; ++row) {
    for (int64_t column = 0; column < shape[1]; ++column) {
      int64_t element = row * shape[1] + column;
      if (!format.isPacked) {
        tensor.codes.set(element, weight.codes->load<int8_t>(element));
        continue;
      }
      uint32_t word = weight.codes->load<uint32_t>(row * words + column / perWord);
      uint32_t bits =
          word >> (column % perWord * format.bits) & maskTrailingOnes<uint32_t>(format.bits);
      tensor.codes.set(element, static_cast<int32_t>(bits) - offset);
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

std::vector<uint8_t> CompressedFormat::pack(const QuantizedTensor &tensor) const {
  int64_t rows = tensor.shape[0], columns = tensor.shape[1];
  std::vector<uint8_t> bytes;
  if (!isPacked) {
    for (size_t i = 0; i < tensor.codes.size(); ++i) {
      bytes.push_back(static_cast<uint8_t>(tensor.codes[i]));
    }
    return bytes;
  }
  unsigned perWord = 32 / bits;
  int64_t words = wordsPerRow(columns, bits);
  bytes.resize(rows * words * sizeof(uint32_t));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      uint32_t code =
          static_cast<uint32_t>(tensor.codes[row * columns + column] + (1 << (bits - 1)));
      uint8_t *word = bytes.data() + (row * words + column / perWord) * sizeof(uint32_t);
      support::endian::write32le(word, support::endian::read32le(word) |
                                           code << (column % perWord * bits));
    }
  }
  return bytes;
}

} // namespace quench

//===- LlamaConfig.cpp - config.json of Llama-style models ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/LlamaConfig.h"

#include "quench/Support/JsonFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace llvm;

namespace quench {

namespace {

/// Reads values of a JSON object. The first problem is kept in `failure`; what is read after it is
/// the default.
class ConfigReader {
public:
  ConfigReader(const json::Object &object, StringRef file) : object(object), file(file.str()) {}

  LlamaConfig read();
  Error takeError() {
    return problem.empty() ? Error::success() : createStringError(Twine(problem));
  }

private:
  /// "FILE: 'KEY': expected …, found …" for the value at `key` of `object`, or what takes its
  /// place.
  void fail(const Twine &key, const Twine &expected, const json::Value *found);
  /// The value of a key, null when it is absent or JSON's null.
  const json::Value *find(const json::Object &from, StringRef key) const;
  /// An integer from 1 to `LlamaConfig::maxSize`; `absent` when there is none, 0 for required keys.
  int64_t size(StringRef key, int64_t absent = 0);
  /// A finite number above 0.
  double positive(const json::Object &from, StringRef key, const Twine &name,
                  std::optional<double> absent);
  bool boolean(StringRef key, bool absent);

  void readArchitecture(LlamaConfig &config);
  void readSizes(LlamaConfig &config);
  void readBiases(LlamaConfig &config);
  void readSlidingWindow(LlamaConfig &config);
  void readRotary(LlamaConfig &config);
  void readRotaryScaling(const json::Object &scaling, StringRef key, RotaryConfig &rotary);
  void readOthers(LlamaConfig &config);

  const json::Object &object;
  std::string file;
  std::string problem;
};

struct Architecture {
  StringRef name;
  StringRef modelType;
};

} // namespace

static constexpr StringRef llama = "LlamaForCausalLM";
static constexpr StringRef mistral = "MistralForCausalLM";
static constexpr StringRef qwen2 = "Qwen2ForCausalLM";
static constexpr Architecture architectures[] = {
    {llama, "llama"}, {mistral, "mistral"}, {qwen2, "qwen2"}};

/// A value as messages show it.
static std::string describe(const json::Value *value) {
  if (!value) {
    return "nothing";
  }
  if (const json::Object *object = value->getAsObject(); object && !object->empty()) {
    return "an object";
  }
  std::string text = formatv("{0}", *value);
  if (std::optional<double> number = value->getAsNumber(); number && !integerOf(*value)) {
    // As few digits as tell the number apart.
    for (int digits = 6; digits <= 17; ++digits) {
      SmallString<32> shorter;
      raw_svector_ostream(shorter) << format("%.*g", digits, *number);
      double reread;
      if (!StringRef(shorter).getAsDouble(reread) && reread == *number) {
        return shorter.str().str();
      }
    }
  }
  constexpr size_t longest = 80;
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

void ConfigReader::fail(const Twine &key, const Twine &expected, const json::Value *found) {
  if (problem.empty()) {
    problem = (file + ": '" + key + "': expected " + expected + ", found " + describe(found)).str();
  }
}

const json::Value *ConfigReader::find(const json::Object &from, StringRef key) const {
  const json::Value *value = from.get(key);
  return value && value->kind() != json::Value::Null ? value : nullptr;
}

int64_t ConfigReader::size(StringRef key, int64_t absent) {
  const json::Value *value = find(object, key);
  if (!value && absent != 0) {
    return absent;
  }
  std::optional<int64_t> number = value ? integerOf(*value) : std::nullopt;
  if (!number || *number < 1 || *number > LlamaConfig::maxSize) {
    fail(key, "an integer from 1 to " + Twine(LlamaConfig::maxSize), value);
    return 1;
  }
  return *number;
}

double ConfigReader::positive(const json::Object &from, StringRef key, const Twine &name,
                              std::optional<double> absent) {
  const json::Value *value = find(from, key);
  if (!value && absent) {
    return *absent;
  }
  std::optional<double> number = value ? value->getAsNumber() : std::nullopt;
  // Also in f32, which is what the model computes with.
  float narrow = number ? static_cast<float>(*number) : 0.0f;
  if (!(narrow > 0) || !std::isfinite(narrow)) {
    fail(name, "a finite number above 0", value);
    return 1;
  }
  return *number;
}

bool ConfigReader::boolean(StringRef key, bool absent) {
  const json::Value *value = find(object, key);
  if (!value) {
    return absent;
  }
  std::optional<bool> flag = value->getAsBoolean();
  if (!flag) {
    fail(key, "true or false", value);
  }
  return flag.value_or(absent);
}

void ConfigReader::readArchitecture(LlamaConfig &config) {
  const json::Value *value = find(object, "architectures");
  const json::Array *names = value ? value->getAsArray() : nullptr;
  std::optional<StringRef> name;
  if (names && names->size() == 1) {
    name = names->front().getAsString();
  }
  const Architecture *known = find_if(
      architectures, [&](const Architecture &architecture) { return architecture.name == name; });
  if (known == std::end(architectures)) {
    fail("architectures",
         "one of [\"" + llama + "\"], [\"" + mistral + "\"] and [\"" + qwen2 + "\"]", value);
    return;
  }
  config.architecture = known->name.str();
  const json::Value *type = find(object, "model_type");
  if (type && type->getAsString() != known->modelType) {
    fail("model_type", "\"" + known->modelType + "\" for " + known->name, type);
  }
}

void ConfigReader::readSizes(LlamaConfig &config) {
  config.hiddenSize = size("hidden_size");
  config.intermediateSize = size("intermediate_size");
  config.numLayers = size("num_hidden_layers");
  config.vocabSize = size("vocab_size");
  config.maxPositions = size("max_position_embeddings");
  config.numHeads = size("num_attention_heads");
  config.numKeyValueHeads = size("num_key_value_heads", config.numHeads);
  if (config.numHeads % config.numKeyValueHeads != 0) {
    fail("num_key_value_heads", "a divisor of the " + Twine(config.numHeads) + " attention heads",
         find(object, "num_key_value_heads"));
  }
  if (find(object, "head_dim")) {
    config.headDim = size("head_dim");
  } else if (config.hiddenSize % config.numHeads != 0) {
    fail("num_attention_heads",
         "a divisor of the hidden size " + Twine(config.hiddenSize) + " without 'head_dim'",
         find(object, "num_attention_heads"));
  } else {
    config.headDim = config.hiddenSize / config.numHeads;
  }
  if (config.headDim % 2 != 0) {
    problem =
        problem.empty()
            ? (file + ": 'head_dim': expected an even size, found " + Twine(config.headDim)).str()
            : problem;
  }
  if (config.querySize() > LlamaConfig::maxSize) {
    fail("num_attention_heads",
         "at most " + Twine(LlamaConfig::maxSize) + " columns together with a head size of " +
             Twine(config.headDim),
         find(object, "num_attention_heads"));
  }
}

void ConfigReader::readBiases(LlamaConfig &config) {
  bool attentionBias = boolean("attention_bias", false);
  bool mlpBias = boolean("mlp_bias", false);
  if (config.architecture != llama) {
    // These architectures have no such choice, so the keys cannot mean anything but the default.
    if (mlpBias) {
      fail("mlp_bias", "false for " + config.architecture, find(object, "mlp_bias"));
    }
    if (attentionBias && config.architecture == mistral) {
      fail("attention_bias", "false for " + config.architecture, find(object, "attention_bias"));
    }
  }
  config.qkvBias = attentionBias || config.architecture == qwen2;
  config.outputBias = attentionBias && config.architecture == llama;
  config.mlpBias = mlpBias;
}

void ConfigReader::readSlidingWindow(LlamaConfig &config) {
  // Mistral's default, which old files leave out; they were written for 4096 as well.
  constexpr int64_t mistralWindow = 4096;
  bool used = boolean("use_sliding_window", config.architecture != qwen2);
  bool anyLayer = true;
  if (const json::Value *types = find(object, "layer_types")) {
    const json::Array *layers = types->getAsArray();
    if (!layers || layers->size() != static_cast<size_t>(config.numLayers)) {
      fail("layer_types",
           "an array with an entry for each of " + Twine(config.numLayers) + " layers", types);
      return;
    }
    anyLayer = false;
    for (const json::Value &layer : *layers) {
      std::optional<StringRef> type = layer.getAsString();
      if (type != StringRef("full_attention") && type != StringRef("sliding_attention")) {
        fail("layer_types", "\"full_attention\" or \"sliding_attention\"", &layer);
      }
      anyLayer |= type == StringRef("sliding_attention");
    }
  }
  bool absent = !object.get("sliding_window");
  if (!used || !anyLayer) {
    return;
  }
  if (find(object, "sliding_window")) {
    config.slidingWindow = size("sliding_window");
  } else if (absent && config.architecture == mistral) {
    config.slidingWindow = mistralWindow;
  } else if (config.architecture == qwen2) {
    fail("sliding_window", "an integer where 'use_sliding_window' is true",
         object.get("sliding_window"));
  }
}

void ConfigReader::readRotaryScaling(const json::Object &scaling, StringRef key,
                                     RotaryConfig &rotary) {
  constexpr StringRef known[] = {"rope_type",        "type",
                                 "factor",           "low_freq_factor",
                                 "high_freq_factor", "original_max_position_embeddings",
                                 "rope_theta",       "partial_rotary_factor"};
  // Sorted, because the object is not.
  std::vector<StringRef> names;
  for (const auto &[name, value] : scaling) {
    names.push_back(name);
  }
  sort(names);
  for (StringRef name : names) {
    if (!is_contained(known, name)) {
      fail(key + "." + name, "no key of this name (known are " + join(ArrayRef(known), ", ") + ")",
           scaling.get(name));
    }
  }
  rotary.theta = positive(scaling, "rope_theta", key + ".rope_theta", rotary.theta);
  if (positive(scaling, "partial_rotary_factor", key + ".partial_rotary_factor", 1.0) != 1.0) {
    fail(key + ".partial_rotary_factor", "1", scaling.get("partial_rotary_factor"));
  }
  StringRef typeKey = find(scaling, "rope_type") ? "rope_type" : "type";
  const json::Value *type = find(scaling, typeKey);
  std::optional<StringRef> name = type ? type->getAsString() : std::nullopt;
  if (name == StringRef("default")) {
    return;
  }
  if (name != StringRef("linear") && name != StringRef("llama3")) {
    fail(key + "." + (type ? typeKey : "rope_type"), "\"default\", \"linear\" or \"llama3\"", type);
    return;
  }
  rotary.factor = positive(scaling, "factor", key + ".factor", std::nullopt);
  if (rotary.factor < 1) {
    fail(key + ".factor", "at least 1", scaling.get("factor"));
  }
  if (name == StringRef("linear")) {
    rotary.scaling = RotaryScaling::Linear;
    return;
  }
  rotary.scaling = RotaryScaling::Llama3;
  rotary.lowFrequencyFactor =
      positive(scaling, "low_freq_factor", key + ".low_freq_factor", std::nullopt);
  rotary.highFrequencyFactor =
      positive(scaling, "high_freq_factor", key + ".high_freq_factor", std::nullopt);
  if (rotary.lowFrequencyFactor >= rotary.highFrequencyFactor) {
    fail(key + ".high_freq_factor", "more than 'low_freq_factor'", scaling.get("high_freq_factor"));
  }
  const json::Value *length = find(scaling, "original_max_position_embeddings");
  std::optional<int64_t> positions = length ? integerOf(*length) : std::nullopt;
  if (!positions || *positions < 1 || *positions > LlamaConfig::maxSize) {
    fail(key + ".original_max_position_embeddings",
         "an integer from 1 to " + Twine(LlamaConfig::maxSize), length);
    return;
  }
  rotary.originalMaxPositions = *positions;
}

void ConfigReader::readRotary(LlamaConfig &config) {
  config.rotary.theta = positive(object, "rope_theta", "rope_theta", config.rotary.theta);
  if (positive(object, "partial_rotary_factor", "partial_rotary_factor", 1.0) != 1.0) {
    fail("partial_rotary_factor", "1", find(object, "partial_rotary_factor"));
  }
  StringRef older = "rope_scaling", newer = "rope_parameters";
  const json::Value *scaling = find(object, older), *parameters = find(object, newer);
  if (scaling && parameters && *scaling != *parameters) {
    fail(older, "nothing beside '" + newer + "' but the same values", scaling);
    return;
  }
  StringRef key = parameters ? newer : older;
  const json::Value *value = parameters ? parameters : scaling;
  if (!value) {
    return;
  }
  const json::Object *fields = value->getAsObject();
  if (!fields) {
    fail(key, "an object or null", value);
    return;
  }
  readRotaryScaling(*fields, key, config.rotary);
}

void ConfigReader::readOthers(LlamaConfig &config) {
  const json::Value *activation = find(object, "hidden_act");
  if (activation && activation->getAsString() != StringRef("silu")) {
    fail("hidden_act", "\"silu\"", activation);
  }
  if (const json::Value *quantized = find(object, "quantization_config")) {
    Expected<CompressedFormat> format = CompressedFormat::parse(*quantized, file);
    if (format) {
      config.compression = *format;
    } else {
      std::string text = toString(format.takeError());
      problem = problem.empty() ? text : problem;
    }
  }
}

LlamaConfig ConfigReader::read() {
  LlamaConfig config;
  config.file = file;
  readArchitecture(config);
  readOthers(config);
  readSizes(config);
  // The default of all three architectures.
  config.rmsNormEpsilon = positive(object, "rms_norm_eps", "rms_norm_eps", 1e-6);
  config.tieWordEmbeddings = boolean("tie_word_embeddings", false);
  readBiases(config);
  readSlidingWindow(config);
  readRotary(config);
  return config;
}

Expected<LlamaConfig> LlamaConfig::parse(const json::Value &json, StringRef file) {
  const json::Object *object = json.getAsObject();
  if (!object) {
    return createStringError(file + ": expected an object, found " + describe(&json));
  }
  ConfigReader reader(*object, file);
  LlamaConfig config = reader.read();
  if (Error failure = reader.takeError()) {
    return std::move(failure);
  }
  return config;
}

Expected<LlamaConfig> LlamaConfig::read(StringRef path) {
  Expected<json::Value> json = readJsonFile(path);
  if (!json) {
    return json.takeError();
  }
  return parse(*json, path);
}

} // namespace quench

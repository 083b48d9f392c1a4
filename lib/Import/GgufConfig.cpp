//===- GgufConfig.cpp - Metadata of GGUF models ---------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/GgufConfig.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"

#include <cmath>
#include <cstring>

using namespace llvm;

namespace quench {

namespace {

/// Reads values of the metadata. The first problem is kept; what is read after it is the default.
class MetadataReader {
public:
  explicit MetadataReader(const GgufFile &file) : file(file) {}

  Expected<LlamaConfig> read();

private:
  /// "FILE: key 'KEY': expected …, found …".
  void fail(StringRef key, const Twine &expected);
  /// The key of the architecture: "llama." before `suffix`.
  std::string keyOf(StringRef suffix) const { return (architecture + "." + suffix).str(); }
  /// An integer from 1 to `LlamaConfig::maxSize`; `absent` when there is none, 0 for needed keys.
  int64_t size(StringRef suffix, int64_t absent = 0);
  /// A finite number above 0, also in f32.
  double positive(StringRef suffix, std::optional<double> absent);
  /// Refuses any value but `neutral`.
  void refuse(StringRef suffix, double neutral);

  void readArchitecture(LlamaConfig &config);
  void readSizes(LlamaConfig &config);
  void readRotary(LlamaConfig &config);
  void readDivisors(LlamaConfig &config);
  void readTensors(LlamaConfig &config);
  void refuseOthers();
  void refuseUnknown();

  const GgufFile &file;
  StringRef architecture;
  /// Suffixes of the keys that have been read.
  StringSet<> known;
  std::string problem;
};

} // namespace

void MetadataReader::fail(StringRef key, const Twine &expected) {
  if (problem.empty()) {
    const GgufValue *value = file.find(key);
    problem = (file.path() + ": key '" + key + "': expected " + expected + ", found " +
               (value ? value->str() : "nothing"))
                  .str();
  }
}

int64_t MetadataReader::size(StringRef suffix, int64_t absent) {
  std::string key = keyOf(suffix);
  const GgufValue *value = file.find(key);
  known.insert(suffix);
  if (!value && absent != 0) {
    return absent;
  }
  if (!value || value->kind != GgufValue::Kind::Integer || value->isHuge || value->integer < 1 ||
      value->integer > LlamaConfig::maxSize) {
    fail(key, "an integer from 1 to " + Twine(LlamaConfig::maxSize));
    return 1;
  }
  return value->integer;
}

double MetadataReader::positive(StringRef suffix, std::optional<double> absent) {
  std::string key = keyOf(suffix);
  const GgufValue *value = file.find(key);
  known.insert(suffix);
  if (!value && absent) {
    return *absent;
  }
  float narrow =
      value && value->kind == GgufValue::Kind::Number ? static_cast<float>(value->number) : 0.0f;
  if (!(narrow > 0) || !std::isfinite(narrow)) {
    fail(key, "a finite number above 0");
    return 1;
  }
  return value->number;
}

void MetadataReader::refuse(StringRef suffix, double neutral) {
  std::string key = keyOf(suffix);
  const GgufValue *value = file.find(key);
  known.insert(suffix);
  bool isNeutral =
      !value ||
      (value->kind == GgufValue::Kind::Integer && static_cast<double>(value->integer) == neutral) ||
      (value->kind == GgufValue::Kind::Number && value->number == neutral) ||
      (value->kind == GgufValue::Kind::Boolean && double(value->boolean) == neutral);
  if (!isNeutral) {
    fail(key, "no such key, or " + Twine(static_cast<int64_t>(neutral)));
  }
}

void MetadataReader::readArchitecture(LlamaConfig &config) {
  constexpr StringRef key = "general.architecture";
  const GgufValue *value = file.find(key);
  architecture = "llama";
  if (!value || value->kind != GgufValue::Kind::String ||
      (value->text != "llama" && value->text != "qwen2")) {
    fail(key, "\"llama\" or \"qwen2\"");
    return;
  }
  architecture = value->text;
  config.architecture = architecture == "llama" ? "LlamaForCausalLM" : "Qwen2ForCausalLM";
}

void MetadataReader::readSizes(LlamaConfig &config) {
  config.hiddenSize = size("embedding_length");
  config.intermediateSize = size("feed_forward_length");
  config.numLayers = size("block_count");
  config.maxPositions = size("context_length");
  config.numHeads = size("attention.head_count");
  config.numKeyValueHeads = size("attention.head_count_kv", config.numHeads);
  config.rmsNormEpsilon = positive("attention.layer_norm_rms_epsilon", std::nullopt);
  if (config.numHeads % config.numKeyValueHeads != 0) {
    fail(keyOf("attention.head_count_kv"),
         "a divisor of the " + Twine(config.numHeads) + " attention heads");
  }
  std::string headKey = keyOf("attention.key_length");
  if (!file.find(headKey) && config.hiddenSize % config.numHeads != 0) {
    fail(keyOf("attention.head_count"), "a divisor of the embedding length " +
                                            Twine(config.hiddenSize) + " without '" + headKey +
                                            "'");
  }
  config.headDim =
      size("attention.key_length", std::max<int64_t>(1, config.hiddenSize / config.numHeads));
  for (StringRef same : {"attention.value_length", "rope.dimension_count"}) {
    if (size(same, config.headDim) != config.headDim) {
      fail(keyOf(same), "the head size " + Twine(config.headDim));
    }
  }
  if (config.headDim % 2 != 0) {
    fail(file.find(headKey) ? headKey : keyOf("attention.head_count"),
         "a count that leaves heads of even size, not " + Twine(config.headDim));
  }
  if (config.querySize() > LlamaConfig::maxSize) {
    fail(keyOf("attention.head_count"), "at most " + Twine(LlamaConfig::maxSize) +
                                            " columns together with a head size of " +
                                            Twine(config.headDim));
  }
  if (file.find(keyOf("attention.sliding_window"))) {
    config.slidingWindow = size("attention.sliding_window");
  }
}

void MetadataReader::readRotary(LlamaConfig &config) {
  config.rotary.theta = positive("rope.freq_base", 10000.0);
  std::string key = keyOf("rope.scaling.type");
  if (const GgufValue *type = file.find(key)) {
    if (type->kind != GgufValue::Kind::String || (type->text != "none" && type->text != "linear")) {
      fail(key, "\"none\" or \"linear\"");
      return;
    }
    if (type->text == "none") {
      return;
    }
  }
  // Older files have the second key; a factor alone means linear scaling.
  double older = positive("rope.scale_linear", 1.0);
  config.rotary.factor = positive("rope.scaling.factor", older);
  if (config.rotary.factor != 1.0) {
    config.rotary.scaling = RotaryScaling::Linear;
  }
}

/// What llama.cpp calls the factors of frequencies: how files say what Llama 3.1 does.
void MetadataReader::readDivisors(LlamaConfig &config) {
  const GgufTensor *tensor = file.lookup("rope_freqs.weight");
  if (!tensor || !problem.empty()) {
    return;
  }
  if (tensor->type != GgufType::F32 || tensor->shape != ArrayRef<int64_t>{config.headDim / 2}) {
    problem = (file.path() + ": tensor 'rope_freqs.weight': expected F32 of shape " +
               shapeToString({config.headDim / 2}) + ", found " + name(tensor->type) +
               " of shape " + shapeToString(tensor->shape))
                  .str();
    return;
  }
  for (int64_t i = 0; i < config.headDim / 2; ++i) {
    float divisor;
    std::memcpy(&divisor, tensor->bytes.data() + i * sizeof(float), sizeof(float));
    if (!std::isfinite(divisor) || !(divisor > 0)) {
      problem = (file.path() +
                 ": tensor 'rope_freqs.weight': expected finite numbers above 0, found another at "
                 "element " +
                 Twine(i))
                    .str();
      return;
    }
    config.rotary.divisors.push_back(divisor);
  }
}

/// What the presence and shapes of tensors say.
void MetadataReader::readTensors(LlamaConfig &config) {
  config.tieWordEmbeddings = !file.lookup("output.weight");
  for (const GgufTensor &tensor : file.tensors()) {
    StringRef tensorName = tensor.name;
    if (!tensorName.consume_front("blk.") || !tensorName.consume_back(".bias")) {
      continue;
    }
    StringRef part = tensorName.split('.').second;
    config.qkvBias |= part == "attn_q" || part == "attn_k" || part == "attn_v";
    config.outputBias |= part == "attn_output";
    config.mlpBias |= part == "ffn_gate" || part == "ffn_up" || part == "ffn_down";
  }
  const GgufTensor *table = file.lookup("token_embd.weight");
  if (!table) {
    problem = problem.empty() ? (file.path() + ": tensor 'token_embd.weight': expected it in the "
                                               "file, found no such tensor")
                                    .str()
                              : problem;
    return;
  }
  config.vocabSize = table->shape.front();
  if (config.vocabSize > LlamaConfig::maxSize) {
    problem = problem.empty()
                  ? (file.path() + ": tensor 'token_embd.weight': expected at most " +
                     Twine(LlamaConfig::maxSize) + " rows, found " + Twine(config.vocabSize))
                        .str()
                  : problem;
  }
  if (size("vocab_size", config.vocabSize) != config.vocabSize) {
    fail(keyOf("vocab_size"),
         "the " + Twine(config.vocabSize) + " rows of tensor 'token_embd.weight'");
  }
}

void MetadataReader::refuseOthers() {
  refuse("expert_count", 0);
  refuse("expert_shared_count", 0);
  refuse("attention.scale", 0);
  refuse("attention.causal", 1);
  refuse("attention.clamp_kqv", 0);
  refuse("attention.max_alibi_bias", 0);
  refuse("rope.scaling.attn_factor", 1);
  refuse("pooling_type", 0);
  refuse("attn_logit_softcapping", 0);
  refuse("final_logit_softcapping", 0);
  refuse("logit_scale", 1);
  refuse("residual_scale", 1);
  refuse("embedding_scale", 1);
  refuse("use_parallel_residual", 0);
  const GgufValue *parts = file.find("split.count");
  if (parts && (parts->kind != GgufValue::Kind::Integer || parts->integer > 1)) {
    fail("split.count", "a model in one file");
  }
}

/// Keys whose meaning is not known may change what the model computes.
void MetadataReader::refuseUnknown() {
  // These do not, or not alone: experts and YaRN are refused above, other forms of scaling take
  // some of these keys and leave the rest. llama.cpp reads no layout of tensors.
  for (StringRef suffix :
       {"expert_used_count", "expert_feed_forward_length", "rope.scaling.type",
        "rope.scaling.factor", "rope.scale_linear", "rope.scaling.original_context_length",
        "rope.scaling.finetuned", "attention.sliding_window", "tensor_data_layout"}) {
    known.insert(suffix);
  }
  std::string prefix = keyOf("");
  for (const auto &[key, value] : file.metadata()) {
    StringRef suffix = key;
    if (suffix.consume_front(prefix) && !known.contains(suffix)) {
      fail(key, "no such key, whose meaning is not known");
    }
  }
}

Expected<LlamaConfig> MetadataReader::read() {
  LlamaConfig config;
  config.file = file.path().str();
  readArchitecture(config);
  refuseOthers();
  readSizes(config);
  readRotary(config);
  readDivisors(config);
  readTensors(config);
  refuseUnknown();
  if (!problem.empty()) {
    return createStringError(Twine(problem));
  }
  return config;
}

Expected<LlamaConfig> readGgufConfig(const GgufFile &file) { return MetadataReader(file).read(); }

} // namespace quench

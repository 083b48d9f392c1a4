//===- LlamaConfigTest.cpp - Tests of config.json -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/LlamaConfig.h"

#include "quench/Support/JsonFile.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

/// A Llama with `changes` (members of an object) in place of or beside its own.
llvm::Expected<LlamaConfig> parseWith(llvm::StringRef changes) {
  auto base = parseJson(R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
    "hidden_act": "silu", "hidden_size": 30, "intermediate_size": 50, "num_hidden_layers": 2,
    "num_attention_heads": 3, "vocab_size": 37, "rms_norm_eps": 1e-05,
    "max_position_embeddings": 16, "torch_dtype": "float16", "bos_token_id": null})",
                        "base");
  auto changed = parseJson(("{" + changes + "}").str(), "changes");
  EXPECT_TRUE(base && changed) << changes.str();
  llvm::json::Object object = *base->getAsObject();
  for (auto &[key, value] : *changed->getAsObject()) {
    if (value.getAsString() == llvm::StringRef("<absent>")) {
      object.erase(key);
    } else {
      object[key] = value;
    }
  }
  return LlamaConfig::parse(llvm::json::Value(std::move(object)), "config.json");
}

LlamaConfig configWith(llvm::StringRef changes) {
  auto config = parseWith(changes);
  EXPECT_TRUE(static_cast<bool>(config)) << llvm::toString(config.takeError());
  return config ? *config : LlamaConfig();
}

TEST(LlamaConfig, reads_sizes_and_fills_in_defaults) {
  LlamaConfig config = configWith("");
  EXPECT_EQ(config.file, "config.json");
  EXPECT_EQ(config.architecture, "LlamaForCausalLM");
  EXPECT_EQ(config.hiddenSize, 30);
  EXPECT_EQ(config.intermediateSize, 50);
  EXPECT_EQ(config.numLayers, 2);
  EXPECT_EQ(config.numHeads, 3);
  EXPECT_EQ(config.numKeyValueHeads, 3);
  EXPECT_EQ(config.headDim, 10);
  EXPECT_EQ(config.vocabSize, 37);
  EXPECT_EQ(config.maxPositions, 16);
  EXPECT_EQ(config.rmsNormEpsilon, 1e-5);
  EXPECT_EQ(config.rotary.theta, 10000);
  EXPECT_EQ(config.rotary.scaling, RotaryScaling::None);
  EXPECT_FALSE(config.slidingWindow || config.tieWordEmbeddings);
  EXPECT_FALSE(config.qkvBias || config.outputBias || config.mlpBias);
  EXPECT_EQ(configWith(R"("rms_norm_eps": "<absent>")").rmsNormEpsilon, 1e-6);
}

TEST(LlamaConfig, reads_choices) {
  LlamaConfig config = configWith(R"("num_key_value_heads": 1, "head_dim": 64, "rope_theta": 1e6,
      "tie_word_embeddings": true, "attention_bias": true, "mlp_bias": true)");
  EXPECT_EQ(config.numKeyValueHeads, 1);
  EXPECT_EQ(config.headDim, 64);
  EXPECT_EQ(config.querySize(), 192);
  EXPECT_EQ(config.keyValueSize(), 64);
  EXPECT_EQ(config.rotary.theta, 1e6);
  EXPECT_TRUE(config.tieWordEmbeddings && config.qkvBias && config.outputBias && config.mlpBias);
}

TEST(LlamaConfig, knows_the_biases_of_qwen2) {
  LlamaConfig config =
      configWith(R"("architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2")");
  EXPECT_TRUE(config.qkvBias);
  EXPECT_FALSE(config.outputBias || config.mlpBias);
}

TEST(LlamaConfig, reads_rotary_scaling_under_old_and_new_names) {
  for (llvm::StringRef key : {"rope_type", "type"}) {
    LlamaConfig config =
        configWith(("\"rope_scaling\": {\"" + key + "\": \"linear\", \"factor\": 2.5}").str());
    EXPECT_EQ(config.rotary.scaling, RotaryScaling::Linear);
    EXPECT_EQ(config.rotary.factor, 2.5);
  }
  LlamaConfig config = configWith(R"("rope_parameters": {"rope_type": "llama3", "factor": 8.0,
      "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
      "rope_theta": 500000.0})");
  EXPECT_EQ(config.rotary.scaling, RotaryScaling::Llama3);
  EXPECT_EQ(config.rotary.theta, 500000);
  EXPECT_EQ(config.rotary.factor, 8);
  EXPECT_EQ(config.rotary.lowFrequencyFactor, 1);
  EXPECT_EQ(config.rotary.highFrequencyFactor, 4);
  EXPECT_EQ(config.rotary.originalMaxPositions, 8192);
  config = configWith(R"("rope_scaling": null, "rope_theta": 7.0,
      "rope_parameters": {"rope_type": "default"})");
  EXPECT_EQ(config.rotary.scaling, RotaryScaling::None);
  EXPECT_EQ(config.rotary.theta, 7);
}

TEST(LlamaConfig, reads_sliding_windows) {
  const char *mistral = R"("architectures": ["MistralForCausalLM"], "model_type": "mistral")";
  const char *qwen2 = R"("architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2")";
  auto window = [](std::string changes) { return configWith(changes).slidingWindow; };
  std::string some = R"(, "sliding_window": 8)";
  EXPECT_EQ(window(R"("sliding_window": 8)"), 8);
  EXPECT_EQ(window(mistral + some), 8);
  EXPECT_EQ(window(mistral), 4096);
  EXPECT_EQ(window(mistral + std::string(R"(, "sliding_window": null)")), std::nullopt);
  EXPECT_EQ(window(qwen2 + some), std::nullopt);
  EXPECT_EQ(window(qwen2 + some + R"(, "use_sliding_window": true)"), 8);
  EXPECT_EQ(window(mistral + some + R"(, "layer_types": ["full_attention", "full_attention"])"),
            std::nullopt);
  EXPECT_EQ(window(mistral + some + R"(, "layer_types": ["full_attention", "sliding_attention"])"),
            8);
}

struct BadConfig {
  const char *changes;
  const char *message;
};

const BadConfig badConfigs[] = {
    {R"("architectures": ["GPT2LMHeadModel"])",
     R"('architectures': expected one of ["LlamaForCausalLM"], ["MistralForCausalLM"] and )"
     R"(["Qwen2ForCausalLM"], found ["GPT2LMHeadModel"])"},
    {R"("architectures": "<absent>")",
     R"('architectures': expected one of ["LlamaForCausalLM"], ["MistralForCausalLM"] and )"
     R"(["Qwen2ForCausalLM"], found nothing)"},
    {R"("architectures": "LlamaForCausalLM")",
     R"('architectures': expected one of ["LlamaForCausalLM"], ["MistralForCausalLM"] and )"
     R"(["Qwen2ForCausalLM"], found "LlamaForCausalLM")"},
    {R"("model_type": "gemma")",
     R"('model_type': expected "llama" for LlamaForCausalLM, found "gemma")"},
    {R"("hidden_size": "<absent>")",
     R"('hidden_size': expected an integer from 1 to 268435456, found nothing)"},
    {R"("hidden_size": 0)", R"('hidden_size': expected an integer from 1 to 268435456, found 0)"},
    {R"("intermediate_size": -50)",
     R"('intermediate_size': expected an integer from 1 to 268435456, found -50)"},
    {R"("vocab_size": "37")",
     R"('vocab_size': expected an integer from 1 to 268435456, found "37")"},
    {R"("vocab_size": 36.5)",
     R"('vocab_size': expected an integer from 1 to 268435456, found 36.5)"},
    {R"("num_hidden_layers": 99999999999999999999)",
     R"('num_hidden_layers': expected an integer from 1 to 268435456, found 1e+20)"},
    {R"("max_position_embeddings": null)",
     R"('max_position_embeddings': expected an integer from 1 to 268435456, found nothing)"},
    {R"("num_attention_heads": 4)",
     R"('num_attention_heads': expected a divisor of the hidden size 30 without 'head_dim', )"
     R"(found 4)"},
    {R"("num_attention_heads": 268435456, "head_dim": 64)",
     R"('num_attention_heads': expected at most 268435456 columns together with a head size of )"
     R"(64, found 268435456)"},
    {R"("num_key_value_heads": 2)",
     R"('num_key_value_heads': expected a divisor of the 3 attention heads, found 2)"},
    {R"("head_dim": 7)", R"('head_dim': expected an even size, found 7)"},
    {R"("hidden_size": 27)", R"('head_dim': expected an even size, found 9)"},
    {R"("rms_norm_eps": 0)", R"('rms_norm_eps': expected a finite number above 0, found 0)"},
    {R"("rms_norm_eps": 1e300)",
     R"('rms_norm_eps': expected a finite number above 0, found 1e+300)"},
    {R"("rope_theta": -1)", R"('rope_theta': expected a finite number above 0, found -1)"},
    {R"("rope_theta": "10000")",
     R"('rope_theta': expected a finite number above 0, found "10000")"},
    {R"("tie_word_embeddings": 1)", R"('tie_word_embeddings': expected true or false, found 1)"},
    {R"("hidden_act": "gelu")", R"('hidden_act': expected "silu", found "gelu")"},
    {R"("quantization_config": {"quant_method": "gptq"})",
     R"('quantization_config.quant_method': expected "compressed-tensors", found "gptq")"},
    {R"("partial_rotary_factor": 0.3)", R"('partial_rotary_factor': expected 1, found 0.3)"},
    {R"("rope_scaling": "linear")",
     R"('rope_scaling': expected an object or null, found "linear")"},
    {R"("rope_scaling": {})",
     R"('rope_scaling.rope_type': expected "default", "linear" or "llama3", found nothing)"},
    {R"("rope_scaling": {"type": "dynamic", "factor": 2})",
     R"('rope_scaling.type': expected "default", "linear" or "llama3", found "dynamic")"},
    {R"("rope_scaling": {"rope_type": "yarn", "beta_fast": 32})",
     R"('rope_scaling.beta_fast': expected no key of this name (known are rope_type, type, factor, )"
     R"(low_freq_factor, high_freq_factor, original_max_position_embeddings, rope_theta, )"
     R"(partial_rotary_factor), found 32)"},
    {R"("rope_scaling": {"type": "linear"})",
     R"('rope_scaling.factor': expected a finite number above 0, found nothing)"},
    {R"("rope_scaling": {"type": "linear", "factor": 0.5})",
     R"('rope_scaling.factor': expected at least 1, found 0.5)"},
    {R"("rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4,
        "high_freq_factor": 4, "original_max_position_embeddings": 8192})",
     R"('rope_scaling.high_freq_factor': expected more than 'low_freq_factor', found 4)"},
    {R"("rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
        "high_freq_factor": 4})",
     R"('rope_scaling.original_max_position_embeddings': expected an integer from 1 to )"
     R"(268435456, found nothing)"},
    {R"("rope_scaling": {"type": "linear", "factor": 2}, "rope_parameters": {"type": "default"})",
     R"('rope_scaling': expected nothing beside 'rope_parameters' but the same values, found an )"
     R"(object)"},
    {R"("rope_parameters": {"full_attention": {"rope_type": "default"}})",
     R"('rope_parameters.full_attention': expected no key of this name (known are rope_type, type, )"
     R"(factor, low_freq_factor, high_freq_factor, original_max_position_embeddings, rope_theta, )"
     R"(partial_rotary_factor), found an object)"},
    {R"("architectures": ["MistralForCausalLM"], "model_type": "mistral", "attention_bias": true)",
     R"('attention_bias': expected false for MistralForCausalLM, found true)"},
    {R"("architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "mlp_bias": true)",
     R"('mlp_bias': expected false for Qwen2ForCausalLM, found true)"},
    {R"("sliding_window": 0)",
     R"('sliding_window': expected an integer from 1 to 268435456, found 0)"},
    {R"("layer_types": ["full_attention"])",
     R"('layer_types': expected an array with an entry for each of 2 layers, found )"
     R"(["full_attention"])"},
    {R"("layer_types": ["full_attention", "linear_attention"])",
     R"('layer_types': expected "full_attention" or "sliding_attention", found )"
     R"("linear_attention")"},
};

TEST(LlamaConfig, refusals_name_the_file_the_key_and_what_is_supported) {
  for (const BadConfig &bad : badConfigs) {
    auto config = parseWith(bad.changes);
    ASSERT_FALSE(static_cast<bool>(config)) << bad.changes;
    EXPECT_EQ(llvm::toString(config.takeError()), "config.json: " + std::string(bad.message));
  }
}

TEST(LlamaConfig, refuses_what_is_no_object) {
  auto config = LlamaConfig::parse(llvm::json::Array{1}, "config.json");
  ASSERT_FALSE(static_cast<bool>(config));
  EXPECT_EQ(llvm::toString(config.takeError()), "config.json: expected an object, found [1]");
}

} // namespace

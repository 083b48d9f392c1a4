//===- TinyModel.h - Small random Hugging Face folders -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_IMPORT_TINYMODEL_H
#define QUENCH_UNITTESTS_IMPORT_TINYMODEL_H

#include "../Support/TemporaryFolder.h"
#include "quench/WeightStore/SafetensorsWriter.h"

#include "llvm/ADT/APFloat.h"

#include "gtest/gtest.h"

#include <map>
#include <set>

namespace quench {

/// A model with sizes that are no powers of two. Values are multiples of 1/256 below 1/2, exact in
/// every format.
struct TinyModel {
  static constexpr int64_t hidden = 30, inner = 50, layers = 2, heads = 3, headDim = 10, vocab = 37,
                           positions = 16;

  int64_t keyValueHeads = 1;
  bool tied = false, qkvBias = false, outputBias = false, mlpBias = false;
  ElementKind kind = ElementKind::F32;
  unsigned shards = 1;
  std::string architecture = "LlamaForCausalLM";
  /// More members of config.json, with a comma in front.
  std::string more;
  /// Tensors that are not written, and values that are changed, by name.
  std::set<std::string> leftOut;
  std::map<std::string, std::map<size_t, float>> poison;

  struct Tensor {
    std::string name;
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  std::vector<Tensor> tensors;

  const std::vector<float> &operator[](const std::string &name) const {
    for (const Tensor &tensor : tensors) {
      if (tensor.name == name) {
        return tensor.values;
      }
    }
    ADD_FAILURE() << "no tensor " << name;
    return tensors.front().values;
  }

  void add(const std::string &name, std::vector<int64_t> shape) {
    std::vector<float> values;
    for (int64_t i = 0; i < *numElements(shape); ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      values.push_back((static_cast<int64_t>(state >> 40) % 255 - 127) / 256.0f);
    }
    for (auto [index, value] : poison[name]) {
      values[index] = value;
    }
    if (!leftOut.count(name)) {
      tensors.push_back({name, std::move(shape), std::move(values)});
    }
  }

  void addLinear(const std::string &name, int64_t rows, int64_t columns, bool bias) {
    add(name + ".weight", {rows, columns});
    if (bias) {
      add(name + ".bias", {rows});
    }
  }

  /// Makes the tensors and writes config.json and the weights.
  void write(const TemporaryFolder &folder) {
    tensors.clear();
    add("model.embed_tokens.weight", {vocab, hidden});
    for (int64_t layer = 0; layer < layers; ++layer) {
      std::string prefix = "model.layers." + std::to_string(layer) + ".";
      add(prefix + "input_layernorm.weight", {hidden});
      addLinear(prefix + "self_attn.q_proj", heads * headDim, hidden, qkvBias);
      addLinear(prefix + "self_attn.k_proj", keyValueHeads * headDim, hidden, qkvBias);
      addLinear(prefix + "self_attn.v_proj", keyValueHeads * headDim, hidden, qkvBias);
      addLinear(prefix + "self_attn.o_proj", hidden, heads * headDim, outputBias);
      add(prefix + "post_attention_layernorm.weight", {hidden});
      addLinear(prefix + "mlp.gate_proj", inner, hidden, mlpBias);
      addLinear(prefix + "mlp.up_proj", inner, hidden, mlpBias);
      addLinear(prefix + "mlp.down_proj", hidden, inner, mlpBias);
      add(prefix + "self_attn.rotary_emb.inv_freq", {headDim / 2});
    }
    add("model.norm.weight", {hidden});
    if (!tied) {
      add("lm_head.weight", {vocab, hidden});
    }
    auto flag = [](bool value) { return value ? "true" : "false"; };
    std::string config = "{\"architectures\": [\"" + architecture + "\"]";
    auto size = [&](const char *key, int64_t value) {
      config += std::string(", \"") + key + "\": " + std::to_string(value);
    };
    size("hidden_size", hidden);
    size("intermediate_size", inner);
    size("num_hidden_layers", layers);
    size("num_attention_heads", heads);
    size("num_key_value_heads", keyValueHeads);
    size("vocab_size", vocab);
    size("max_position_embeddings", positions);
    config += std::string(", \"rms_norm_eps\": 1e-5, \"tie_word_embeddings\": ") + flag(tied);
    if (architecture == "LlamaForCausalLM") {
      config += std::string(", \"attention_bias\": ") + flag(outputBias) +
                ", \"mlp_bias\": " + flag(mlpBias);
    }
    folder.put("config.json", config + more + "}");
    writeShards(folder);
  }

private:
  std::vector<uint8_t> encode(llvm::ArrayRef<float> values) const {
    const llvm::fltSemantics &format = kind == ElementKind::F32   ? llvm::APFloat::IEEEsingle()
                                       : kind == ElementKind::F16 ? llvm::APFloat::IEEEhalf()
                                                                  : llvm::APFloat::BFloat();
    std::vector<uint8_t> bytes;
    for (float value : values) {
      llvm::APFloat number(value);
      bool inexact = false;
      number.convert(format, llvm::APFloat::rmNearestTiesToEven, &inexact);
      uint64_t bits = number.bitcastToAPInt().getZExtValue();
      for (unsigned byte = 0; byte < bitWidth(kind) / 8; ++byte) {
        bytes.push_back(static_cast<uint8_t>(bits >> (8 * byte)));
      }
    }
    return bytes;
  }

  void writeShards(const TemporaryFolder &folder) const {
    std::string map;
    for (unsigned shard = 0; shard < shards; ++shard) {
      std::string file =
          shards == 1 ? "model.safetensors" : "model-" + std::to_string(shard + 1) + ".safetensors";
      auto writer = SafetensorsWriter::create(folder / file);
      ASSERT_TRUE(static_cast<bool>(writer)) << llvm::toString(writer.takeError());
      for (bool declare : {true, false}) {
        for (size_t i = shard; i < tensors.size(); i += shards) {
          const Tensor &tensor = tensors[i];
          llvm::Error failure = declare ? (*writer)->declare(tensor.name, kind, tensor.shape)
                                        : (*writer)->write(tensor.name, encode(tensor.values));
          ASSERT_FALSE(static_cast<bool>(failure)) << llvm::toString(std::move(failure));
          if (declare) {
            map += (map.empty() ? "\"" : ", \"") + tensor.name + "\": \"" + file + "\"";
          }
        }
      }
      ASSERT_FALSE(static_cast<bool>((*writer)->commit()));
    }
    if (shards > 1) {
      folder.put("model.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
    }
  }

  uint64_t state = 1;
};

} // namespace quench

#endif // QUENCH_UNITTESTS_IMPORT_TINYMODEL_H

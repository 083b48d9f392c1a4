//===- LlamaNames.cpp - Llama models in the words of GGUF -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gguf/LlamaNames.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"

#include <cstring>

using namespace llvm;

static StringRef moduleOfLayer(StringRef module) {
  return StringSwitch<StringRef>(module)
      .Case("input_layernorm", "attn_norm")
      .Case("self_attn.q_proj", "attn_q")
      .Case("self_attn.k_proj", "attn_k")
      .Case("self_attn.v_proj", "attn_v")
      .Case("self_attn.o_proj", "attn_output")
      .Case("post_attention_layernorm", "ffn_norm")
      .Case("mlp.gate_proj", "ffn_gate")
      .Case("mlp.up_proj", "ffn_up")
      .Case("mlp.down_proj", "ffn_down")
      .Default("");
}

std::string quench::ggufNameOf(StringRef huggingFaceName) {
  auto [module, kind] = huggingFaceName.rsplit('.');
  StringRef whole = StringSwitch<StringRef>(module)
                        .Case("model.embed_tokens", "token_embd")
                        .Case("model.norm", "output_norm")
                        .Case("lm_head", "output")
                        .Default("");
  if (!whole.empty()) {
    return (whole + Twine(".") + kind).str();
  }
  if (!module.consume_front("model.layers.")) {
    return "";
  }
  auto [layer, part] = module.split('.');
  StringRef name = moduleOfLayer(part);
  return name.empty() ? "" : ("blk." + Twine(layer) + "." + name + "." + kind).str();
}

bool quench::isRotated(StringRef huggingFaceName) {
  StringRef module = huggingFaceName.rsplit('.').first;
  return module.ends_with(".self_attn.q_proj") || module.ends_with(".self_attn.k_proj");
}

/// Row `half * D / 2 + j` of a head here is row `2 j + half` there.
static std::vector<uint8_t> reorderRows(ArrayRef<uint8_t> bytes, size_t rowBytes, int64_t headDim,
                                        bool toGguf) {
  std::vector<uint8_t> result(bytes.size());
  int64_t rows = static_cast<int64_t>(bytes.size() / rowBytes), half = headDim / 2;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t inHead = row % headDim;
    int64_t other = row - inHead + 2 * (inHead % half) + inHead / half;
    auto [from, to] = toGguf ? std::pair(row, other) : std::pair(other, row);
    std::memcpy(result.data() + to * rowBytes, bytes.data() + from * rowBytes, rowBytes);
  }
  return result;
}

std::vector<uint8_t> quench::rowsToGguf(ArrayRef<uint8_t> bytes, size_t rowBytes, int64_t headDim) {
  return reorderRows(bytes, rowBytes, headDim, /*toGguf=*/true);
}

std::vector<uint8_t> quench::rowsFromGguf(ArrayRef<uint8_t> bytes, size_t rowBytes,
                                          int64_t headDim) {
  return reorderRows(bytes, rowBytes, headDim, /*toGguf=*/false);
}

//===- LlamaConfig.h - config.json of Llama-style models --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything in a Hugging Face `config.json` that changes what the model
// computes is understood or refused; what is left (tokenizer ids, dropout,
// version strings) is not looked at.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_LLAMACONFIG_H
#define QUENCH_IMPORT_LLAMACONFIG_H

#include "quench/Import/CompressedTensors.h"
#include "quench/Import/RotaryFrequencies.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <optional>
#include <string>

namespace quench {

/// The shape of a Llama, Mistral or Qwen2 model.
struct LlamaConfig {
  /// No size in a configuration may be larger, so that products of two and their bytes fit.
  static constexpr int64_t maxSize = int64_t(1) << 28;

  /// The file it came from, for messages.
  std::string file;
  /// "LlamaForCausalLM", "MistralForCausalLM" or "Qwen2ForCausalLM".
  std::string architecture;
  int64_t hiddenSize = 0;
  int64_t intermediateSize = 0;
  int64_t numLayers = 0;
  int64_t numHeads = 0;
  /// Divides `numHeads`.
  int64_t numKeyValueHeads = 0;
  /// Even. `numHeads * headDim` need not be the hidden size.
  int64_t headDim = 0;
  int64_t vocabSize = 0;
  int64_t maxPositions = 0;
  double rmsNormEpsilon = 0;
  RotaryConfig rotary;
  /// Each token sees this many tokens at most, itself included.
  std::optional<int64_t> slidingWindow;
  bool tieWordEmbeddings = false;
  /// Biases of q_proj, k_proj and v_proj; of o_proj; of gate_proj, up_proj and down_proj.
  bool qkvBias = false;
  bool outputBias = false;
  bool mlpBias = false;
  /// How quantized layers are stored; none when all weights are floats.
  std::optional<CompressedFormat> compression;

  /// Columns of queries, and of keys and values.
  int64_t querySize() const { return numHeads * headDim; }
  int64_t keyValueSize() const { return numKeyValueHeads * headDim; }

  /// Reads and checks a `config.json`. Errors read "FILE: 'KEY': expected …, found …".
  static llvm::Expected<LlamaConfig> read(llvm::StringRef path);

  /// The same for parsed text; `file` is its name in messages.
  static llvm::Expected<LlamaConfig> parse(const llvm::json::Value &json, llvm::StringRef file);
};

} // namespace quench

#endif // QUENCH_IMPORT_LLAMACONFIG_H

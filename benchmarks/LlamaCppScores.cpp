//===- LlamaCppScores.cpp - What llama.cpp makes of a GGUF model ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// usage: llama-cpp-scores MODEL TOKENS WINDOW COUNT
//        llama-cpp-scores decode INPUT OUTPUT
//
// `decode` writes a quantized file in F32. TOKENS is a file of bytes, one a token. Scores windows
// that do not overlap, as `quench eval` does, COUNT of them, and prints JSON: the mean of the
// negative logarithms of probabilities, and the likeliest token behind each of the first WINDOW
// tokens. Built by check_llama_cpp.py against the headers and libraries of the npm packages
// node-llama-cpp and @node-llama-cpp/linux-x64; BACKENDS is the folder of the latter's libraries.
//
//===----------------------------------------------------------------------===//

#include "ggml-backend.h"
#include "llama.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// Evaluates one window; logits of all tokens are kept in the context.
static bool decodeWindow(llama_context *context, const std::string &data, size_t begin,
                         size_t window) {
  llama_memory_clear(llama_get_memory(context), true);
  llama_batch batch = llama_batch_init(static_cast<int32_t>(window), 0, 1);
  for (size_t i = 0; i < window; ++i) {
    batch.token[i] = static_cast<unsigned char>(data[begin + i]);
    batch.pos[i] = static_cast<int32_t>(i);
    batch.n_seq_id[i] = 1;
    batch.seq_id[i][0] = 0;
    batch.logits[i] = 1;
  }
  batch.n_tokens = static_cast<int32_t>(window);
  bool good = llama_decode(context, batch) == 0;
  llama_batch_free(batch);
  return good;
}

/// -ln of the probability of a token.
static double surprise(const float *logits, int words, int token) {
  double largest = *std::max_element(logits, logits + words), sum = 0;
  for (int i = 0; i < words; ++i) {
    sum += std::exp(logits[i] - largest);
  }
  return largest + std::log(sum) - logits[token];
}

static int score(const char *path, const std::string &data, size_t window, size_t count) {
  llama_model *model = llama_model_load_from_file(path, llama_model_default_params());
  if (!model) {
    return 1;
  }
  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = static_cast<uint32_t>(window);
  // More threads than free cores wait for each other.
  parameters.n_threads = parameters.n_threads_batch = 1;
  parameters.type_k = parameters.type_v = GGML_TYPE_F32;
  parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
  llama_context *context = llama_init_from_model(model, parameters);
  if (!context) {
    return 1;
  }
  int words = llama_vocab_n_tokens(llama_model_get_vocab(model));
  double sum = 0;
  size_t scored = 0;
  std::string choices;
  for (size_t begin = 0; begin + window <= data.size() && begin / window < count; begin += window) {
    if (!decodeWindow(context, data, begin, window)) {
      std::fprintf(stderr, "llama.cpp: decoding failed\n");
      return 1;
    }
    for (size_t i = 0; i < window; ++i) {
      const float *logits = llama_get_logits_ith(context, static_cast<int32_t>(i));
      if (begin == 0) {
        long best = std::max_element(logits, logits + words) - logits;
        choices += (i == 0 ? "" : ", ") + std::to_string(best);
      }
      if (i + 1 < window) {
        sum += surprise(logits, words, static_cast<unsigned char>(data[begin + i + 1]));
        ++scored;
      }
    }
  }
  std::printf("{\"nll\": %.9f, \"tokens\": %zu, \"choices\": [%s]}\n", sum / double(scored), scored,
              choices.c_str());
  llama_free(context);
  llama_model_free(model);
  return 0;
}

static int decodeFile(const char *input, const char *output) {
  llama_model_quantize_params parameters = llama_model_quantize_default_params();
  parameters.ftype = LLAMA_FTYPE_ALL_F32;
  parameters.allow_requantize = true;
  parameters.nthread = 1;
  return static_cast<int>(llama_model_quantize(input, output, &parameters));
}

int main(int argc, char **argv) {
  bool decodes = argc == 4 && std::strcmp(argv[1], "decode") == 0;
  if (argc != 5 && !decodes) {
    std::fprintf(stderr, "usage: %s MODEL TOKENS WINDOW COUNT | decode INPUT OUTPUT\n", argv[0]);
    return 1;
  }
  llama_log_set(
      [](ggml_log_level level, const char *text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) {
          std::fputs(text, stderr);
        }
      },
      nullptr);
  ggml_backend_load_all_from_path(BACKENDS);
  llama_backend_init();
  if (decodes) {
    return decodeFile(argv[2], argv[3]);
  }
  std::ifstream file(argv[2], std::ios::binary);
  std::string data((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return score(argv[1], data, std::strtoul(argv[3], nullptr, 10),
               std::strtoul(argv[4], nullptr, 10));
}

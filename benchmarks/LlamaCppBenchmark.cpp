//===- LlamaCppBenchmark.cpp - The speed of llama.cpp on a GGUF model -----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// usage: llama-cpp-benchmark quantize INPUT OUTPUT
//        llama-cpp-benchmark run MODEL THREADS PROMPT DECODE
//
// `quantize` writes Q4_0 as llama.cpp does by default (the output layer in Q6_K). `run` prints
// tokens in a second, in JSON: medians of three prompts, and of all decoded tokens. Built by
// compare_llama_cpp.py against the headers and libraries of the npm packages node-llama-cpp and
// @node-llama-cpp/linux-x64; BACKENDS is the folder of the latter's libraries.
//
//===----------------------------------------------------------------------===//

#include "ggml-backend.h"
#include "llama.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

static double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Seconds that a batch of tokens takes.
static double decode(llama_context *context, std::vector<llama_token> tokens) {
  double begin = seconds();
  llama_batch batch = llama_batch_get_one(tokens.data(), static_cast<int32_t>(tokens.size()));
  if (llama_decode(context, batch) != 0) {
    std::fprintf(stderr, "llama.cpp: decoding failed\n");
    std::exit(1);
  }
  llama_synchronize(context);
  return seconds() - begin;
}

static int run(const char *path, int threads, int prompt, int decoded) {
  llama_model *model = llama_model_load_from_file(path, llama_model_default_params());
  if (!model) {
    return 1;
  }
  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = prompt + decoded;
  parameters.n_batch = parameters.n_ubatch = prompt;
  parameters.n_threads = parameters.n_threads_batch = threads;
  llama_context *context = llama_init_from_model(model, parameters);
  if (!context) {
    return 1;
  }
  int words = llama_vocab_n_tokens(llama_model_get_vocab(model));
  auto token = [&](int index) { return 300 + (index * 7919) % (words - 300); };
  std::vector<llama_token> tokens;
  for (int i = 0; i < prompt; ++i) {
    tokens.push_back(token(i));
  }
  std::vector<double> prompts, steps;
  for (int repetition = 0; repetition < 4; ++repetition) {
    llama_memory_clear(llama_get_memory(context), true);
    prompts.push_back(decode(context, tokens));
  }
  for (int i = 0; i < decoded; ++i) {
    steps.push_back(decode(context, {token(i)}));
  }
  prompts.erase(prompts.begin()); // warms up
  std::printf("{\"prefill_tokens_per_s\": %.2f, \"decode_tokens_per_s\": %.2f}\n",
              prompt / median(prompts), 1.0 / median(steps));
  llama_free(context);
  llama_model_free(model);
  return 0;
}

int main(int argc, char **argv) {
  llama_log_set(
      [](ggml_log_level level, const char *text, void *) {
        if (level == GGML_LOG_LEVEL_ERROR) {
          std::fputs(text, stderr);
        }
      },
      nullptr);
  ggml_backend_load_all_from_path(BACKENDS);
  llama_backend_init();
  if (argc == 4 && std::strcmp(argv[1], "quantize") == 0) {
    llama_model_quantize_params parameters = llama_model_quantize_default_params();
    parameters.ftype = LLAMA_FTYPE_MOSTLY_Q4_0;
    return static_cast<int>(llama_model_quantize(argv[2], argv[3], &parameters));
  }
  if (argc == 6 && std::strcmp(argv[1], "run") == 0) {
    return run(argv[2], std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5]));
  }
  std::fprintf(stderr, "usage: %s quantize INPUT OUTPUT | run MODEL THREADS PROMPT DECODE\n",
               argv[0]);
  return 1;
}

//===- QuantizerBenchmark.cpp - GPTQ and rotations of single weights ------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The peer of pytorch_quantizers.py, which does the same work on data of the same kind.
// Arguments of a benchmark: outputs, inputs, threads.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Gptq.h"
#include "quench/Numerics/HadamardTransform.h"

#include "benchmark/benchmark.h"

#include <algorithm>
#include <cmath>
#include <random>

using namespace quench::numerics;

static std::vector<float> randomWeights(int64_t outputs, int64_t inputs) {
  std::mt19937 random(0);
  std::normal_distribution<float> normal(0.0f, 1.0f / std::sqrt(static_cast<float>(inputs)));
  std::vector<float> weights(outputs * inputs);
  for (float &weight : weights) {
    weight = normal(random);
  }
  return weights;
}

/// The Gram matrix of inputs that share a common part and have a few large channels: positive
/// definite and far from diagonal.
static std::vector<double> randomGram(int64_t size) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform;
  std::vector<double> scale(size), common(size), gram(size * size);
  for (int64_t i = 0; i < size; ++i) {
    scale[i] = 1.0 + 10.0 * std::pow(uniform(random), 8);
    common[i] = uniform(random) - 0.5;
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      gram[i * size + j] = scale[i] * scale[j] * (common[i] * common[j] + (i == j ? 1.0 : 0.0));
    }
  }
  return gram;
}

/// Factor and solution, as one linear layer of its own costs; layers that share their input share
/// the factor.
static void gptqGroups128(benchmark::State &state) {
  int64_t outputs = state.range(0), inputs = state.range(1);
  unsigned threads = static_cast<unsigned>(state.range(2));
  std::vector<float> weights = randomWeights(outputs, inputs);
  std::vector<double> gram = randomGram(inputs);
  Scheme scheme;
  scheme.element = Encoding::integer(4);
  scheme.block = {1, 128};
  GramFactorOptions factorOptions;
  factorOptions.threads = threads;
  GptqOptions options;
  options.threads = threads;
  for (auto _ : state) {
    GramFactor factor = llvm::cantFail(GramFactor::compute(gram, inputs, factorOptions));
    GptqResult result = llvm::cantFail(gptq(weights, {outputs, inputs}, scheme, factor, options));
    benchmark::DoNotOptimize(result.loss);
  }
  state.counters["parameters_per_s"] = benchmark::Counter(
      static_cast<double>(outputs * inputs) * state.iterations(), benchmark::Counter::kIsRate);
}

/// R1ᵀ W R2 with Hadamard matrices, in double, from floats to floats.
static void rotateBothSides(benchmark::State &state) {
  int64_t outputs = state.range(0), inputs = state.range(1);
  std::vector<float> weights = randomWeights(outputs, inputs);
  HadamardTransform rows(llvm::cantFail(HadamardMatrix::create(inputs)));
  HadamardTransform columns(llvm::cantFail(HadamardMatrix::create(outputs)));
  std::vector<double> wide(outputs * inputs), flipped(outputs * inputs);
  auto transpose = [](const std::vector<double> &from, std::vector<double> &to, int64_t height,
                      int64_t width) {
    constexpr int64_t tile = 32;
    for (int64_t i = 0; i < height; i += tile) {
      for (int64_t j = 0; j < width; j += tile) {
        for (int64_t r = i; r < std::min(i + tile, height); ++r) {
          for (int64_t c = j; c < std::min(j + tile, width); ++c) {
            to[c * height + r] = from[r * width + c];
          }
        }
      }
    }
  };
  for (auto _ : state) {
    std::copy(weights.begin(), weights.end(), wide.begin());
    rows.apply(wide.data(), outputs, inputs, /*transposed=*/false);
    transpose(wide, flipped, outputs, inputs);
    columns.apply(flipped.data(), inputs, outputs, /*transposed=*/false);
    transpose(flipped, wide, inputs, outputs);
    std::copy(wide.begin(), wide.end(), weights.begin());
    benchmark::ClobberMemory();
  }
  state.counters["parameters_per_s"] = benchmark::Counter(
      static_cast<double>(outputs * inputs) * state.iterations(), benchmark::Counter::kIsRate);
}

#define QUENCH_SHAPES                                                                              \
  ->Args({1024, 1024, 1})                                                                          \
      ->Args({2048, 2048, 1})                                                                      \
      ->Args({1024, 1024, 2})                                                                      \
      ->Args({2048, 2048, 2})                                                                      \
      ->Args({2048, 5632, 2})                                                                      \
      ->Args({4096, 4096, 2})
// CPU time is that of all threads.
#define QUENCH_TIMES ->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond)
BENCHMARK(gptqGroups128) QUENCH_SHAPES QUENCH_TIMES;
BENCHMARK(rotateBothSides) QUENCH_SHAPES QUENCH_TIMES;
BENCHMARK_MAIN();

//===- OneDnnBenchmark.cpp - Integer products by oneDNN -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The peer of `contraction-benchmark`, with the same arguments: rows M, outputs N, inputs K,
// threads, layers. Unsigned activations and signed weights, which oneDNN may lay out as it likes,
// to sums of 32 bits. Unlike there, activations are codes already and sums are not scaled.
//
//===----------------------------------------------------------------------===//

#include "benchmark/benchmark.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <omp.h>
#include <vector>

using DataType = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

template <typename T> static void fill(const dnnl::memory &memory, int64_t count, int least) {
  T *values = static_cast<T *>(memory.get_data_handle());
  for (int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<T>(least + i * 7919 % 255);
  }
}

static void runProducts(benchmark::State &state) {
  int64_t m = state.range(0), n = state.range(1), k = state.range(2), layers = state.range(4);
  omp_set_num_threads(static_cast<int>(state.range(3)));
  dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  dnnl::memory::desc input({m, k}, DataType::u8, Tag::ab);
  dnnl::memory::desc anyWeights({k, n}, DataType::s8, Tag::any);
  dnnl::memory::desc output({m, n}, DataType::s32, Tag::ab);
  dnnl::matmul::primitive_desc description({input, anyWeights, output}, engine);
  dnnl::matmul product(description);

  dnnl::memory x(description.src_desc(), engine), y(description.dst_desc(), engine);
  fill<uint8_t>(x, m * k, 0);
  dnnl::memory plain({{k, n}, DataType::s8, Tag::ba}, engine);
  fill<int8_t>(plain, k * n, -127);
  std::vector<dnnl::memory> weights;
  for (int64_t layer = 0; layer < layers; ++layer) {
    weights.emplace_back(description.weights_desc(), engine);
    dnnl::reorder(plain, weights.back()).execute(stream, plain, weights.back());
  }
  stream.wait();
  for (auto _ : state) {
    for (const dnnl::memory &layer : weights) {
      product.execute(stream, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, layer}, {DNNL_ARG_DST, y}});
    }
    stream.wait();
  }
  double macs = static_cast<double>(m * n * k * layers) * static_cast<double>(state.iterations());
  state.counters["macs_per_s"] = benchmark::Counter(macs, benchmark::Counter::kIsRate);
  state.SetLabel(description.impl_info_str());
}

static void shapes(benchmark::internal::Benchmark *benchmark) {
  benchmark->ArgNames({"M", "N", "K", "threads", "layers"})->UseRealTime();
  for (int64_t threads : {1, 2}) {
    for (auto [n, k] : {std::pair(4096, 4096), std::pair(11008, 4096)}) {
      for (int64_t m : {64, 256}) {
        benchmark->Args({m, n, k, threads, 1});
        benchmark->Args({m, n, k, threads, 3});
      }
    }
    benchmark->Args({1, 4096, 4096, threads, 16});
  }
}
BENCHMARK(runProducts)->Name("onednn_u8s8")->Apply(shapes);
BENCHMARK_MAIN();

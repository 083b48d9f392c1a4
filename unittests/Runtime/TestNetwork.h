//===- TestNetwork.h - A decoder layer of any sizes ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_RUNTIME_TESTNETWORK_H
#define QUENCH_UNITTESTS_RUNTIME_TESTNETWORK_H

#include "TestModel.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

namespace quench {

struct NetworkSizes {
  int64_t heads, keyHeads, headSize, capacity;
  int64_t vocabulary = 11;
  /// The scheme that keys and values are rounded to before they are cached; empty for none.
  const char *cacheScheme = "";
  /// Whether the caches are observed, and so have to hold floats.
  bool watchCaches = false;
};

/// With capital letters for sizes, and for what depends on the scheme of the caches.
inline constexpr llvm::StringLiteral networkText = R"(
    func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index,
                       %kc: tensor<CAPxKHxDxf32>, %vc: tensor<CAPxKHxDxf32>)
        -> (tensor<?xVOCxf32>, tensor<CAPxKHxDxf32>, tensor<CAPxKHxDxf32>)
        attributes {nn.causal_lm} {
      %zero = arith.constant 0 : index
      %n = tensor.dim %tokens, %zero : tensor<?xi32>
      %qt = quench.weight @q : tensor<VOCxWIDTHxf32>
      %kt = quench.weight @k : tensor<VOCxKEYSxf32>
      %vt = quench.weight @v : tensor<VOCxKEYSxf32>
      %x = nn.embedding %qt[%tokens] : tensor<VOCxWIDTHxf32>, tensor<?xi32> -> tensor<?xWIDTHxf32>
      %k = nn.embedding %kt[%tokens] : tensor<VOCxKEYSxf32>, tensor<?xi32> -> tensor<?xKEYSxf32>
      %v = nn.embedding %vt[%tokens] : tensor<VOCxKEYSxf32>, tensor<?xi32> -> tensor<?xKEYSxf32>
      %q3 = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, QH, D] : tensor<?xWIDTHxf32> into tensor<?xQHxDxf32>
      %k3 = tensor.expand_shape %k [[0], [1, 2]] output_shape [%n, KH, D] : tensor<?xKEYSxf32> into tensor<?xKHxDxf32>
      %v3 = tensor.expand_shape %v [[0], [1, 2]] output_shape [%n, KH, D] : tensor<?xKEYSxf32> into tensor<?xKHxDxf32>
      %f = quench.weight @frequencies : tensor<HALFxf32>
      %cos, %sin = nn.rotary_table %f from %position length %n : tensor<HALFxf32> -> tensor<?xHALFxf32>
      quench.observe %cos as "cosine" : tensor<?xHALFxf32>
      quench.observe %sin as "sine" : tensor<?xHALFxf32>
      %qr = nn.rotary_embedding %q3, %cos, %sin : tensor<?xQHxDxf32>, tensor<?xHALFxf32>
      %kr = nn.rotary_embedding %k3, %cos, %sin : tensor<?xKHxDxf32>, tensor<?xHALFxf32>
      quench.observe %qr as "rotated" : tensor<?xQHxDxf32>
      ROUND_K
      ROUND_V
      %keys = nn.cache_update ENTRY_K into %kc at %position : tensor<?xKHxDxf32> into tensor<CAPxKHxDxf32>
      %values = nn.cache_update ENTRY_V into %vc at %position : tensor<?xKHxDxf32> into tensor<CAPxKHxDxf32>
      WATCH
      %o3 = nn.attention %qr, %keys, %values at %position scale SCALE : tensor<?xQHxDxf32>, tensor<CAPxKHxDxf32>
      %o = tensor.collapse_shape %o3 [[0], [1, 2]] : tensor<?xQHxDxf32> into tensor<?xWIDTHxf32>
      quench.observe %o as "attention" : tensor<?xWIDTHxf32>
      %g = quench.weight @gain : tensor<WIDTHxf32>
      %r = arith.addf %x, %o : tensor<?xWIDTHxf32>
      quench.observe %r as "sum" : tensor<?xWIDTHxf32>
      %plain = nn.rms_norm %r epsilon 1.0e-5 : tensor<?xWIDTHxf32>
      quench.observe %plain as "norm" : tensor<?xWIDTHxf32>
      %norm = nn.rms_norm %r gain(%g : tensor<WIDTHxf32>) epsilon 1.0e-5 : tensor<?xWIDTHxf32>
      quench.observe %norm as "norm with gain" : tensor<?xWIDTHxf32>
      %silu = nn.silu %norm : tensor<?xWIDTHxf32>
      quench.observe %silu as "silu" : tensor<?xWIDTHxf32>
      %gate = nn.silu %x : tensor<?xWIDTHxf32>
      %gated = arith.mulf %gate, %norm : tensor<?xWIDTHxf32>
      quench.observe %gated as "gated" : tensor<?xWIDTHxf32>
      %end = arith.addf %gated, %silu : tensor<?xWIDTHxf32>
      %rest = arith.subi %n, %first : index
      %last = tensor.extract_slice %end[%first, 0] [%rest, WIDTH] [1, 1] : tensor<?xWIDTHxf32> to tensor<?xWIDTHxf32>
      %head = quench.weight @head : tensor<VOCxWIDTHxf32>
      %logits = nn.linear %last, %head : tensor<?xWIDTHxf32>, tensor<VOCxWIDTHxf32> -> tensor<?xVOCxf32>
      return %logits, %keys, %values : tensor<?xVOCxf32>, tensor<CAPxKHxDxf32>, tensor<CAPxKHxDxf32>
    })";

/// Embeddings as queries, keys and values, then rotary embedding, attention over caches, RMS norm,
/// gated and plain SiLU, a residual add and logits. Every result is observed under its name.
inline void buildNetwork(TestModel &model, const NetworkSizes &sizes, unsigned seed = 7) {
  std::mt19937 random(seed);
  int64_t width = sizes.heads * sizes.headSize, keyWidth = sizes.keyHeads * sizes.headSize;
  int64_t half = sizes.headSize / 2, vocabulary = sizes.vocabulary;
  model.add("q", {vocabulary, width}, uniforms(random, vocabulary * width, 2.0f));
  model.add("k", {vocabulary, keyWidth}, uniforms(random, vocabulary * keyWidth, 2.0f));
  model.add("v", {vocabulary, keyWidth}, uniforms(random, vocabulary * keyWidth));
  model.add("gain", {width}, uniforms(random, width));
  model.add("head", {vocabulary, width}, uniforms(random, vocabulary * width));
  std::vector<float> frequencies;
  for (int64_t i = 0; i < half; ++i) {
    frequencies.push_back(static_cast<float>(std::pow(10000.0, -double(i) / half)));
  }
  model.add("frequencies", {half}, frequencies);
  std::string text = networkText.str();
  auto set = [&](llvm::StringRef name, const std::string &value) {
    for (size_t at; (at = text.find(name.str())) != std::string::npos;) {
      text.replace(at, name.size(), value);
    }
  };
  auto round = [&](llvm::StringRef mark, const char *entry) {
    const char *lines =
        R"(%code{0} = quench.quantize %{0} : tensor<?xKHxDxf32> to !quench.qtensor<?xKHxDxf32, #quench.scheme<{1}>>
      %round{0} = quench.dequantize %code{0} : !quench.qtensor<?xKHxDxf32, #quench.scheme<{1}>> to tensor<?xKHxDxf32>)";
    bool rounds = *sizes.cacheScheme != 0;
    set(("ROUND_" + mark).str(),
        rounds ? llvm::formatv(lines, entry, sizes.cacheScheme).str() : "");
    set(("ENTRY_" + mark).str(), std::string(rounds ? "%round" : "%") + entry);
  };
  round("K", "kr");
  round("V", "v3");
  set("WATCH", sizes.watchCaches ? R"(quench.observe %keys as "keys" : tensor<CAPxKHxDxf32>
      quench.observe %values as "values" : tensor<CAPxKHxDxf32>)"
                                 : "");
  set("SCALE", llvm::formatv("{0:e9}", 1.0 / std::sqrt(double(sizes.headSize))));
  set("WIDTH", std::to_string(width));
  set("KEYS", std::to_string(keyWidth));
  set("HALF", std::to_string(half));
  set("CAP", std::to_string(sizes.capacity));
  set("VOC", std::to_string(vocabulary));
  set("QH", std::to_string(sizes.heads));
  set("KH", std::to_string(sizes.keyHeads));
  set("Dx", std::to_string(sizes.headSize) + "x");
  set(", D]", ", " + std::to_string(sizes.headSize) + "]");
  model.build(text);
}

inline std::vector<int32_t> randomTokens(int64_t count, int64_t vocabulary, unsigned seed = 3) {
  std::mt19937 random(seed);
  std::vector<int32_t> tokens(count);
  for (int32_t &token : tokens) {
    token = static_cast<int32_t>(random() % vocabulary);
  }
  return tokens;
}

} // namespace quench

#endif // QUENCH_UNITTESTS_RUNTIME_TESTNETWORK_H

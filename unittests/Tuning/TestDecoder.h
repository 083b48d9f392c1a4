//===- TestDecoder.h - A small model with decoder blocks -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_TUNING_TESTDECODER_H
#define QUENCH_UNITTESTS_TUNING_TESTDECODER_H

#include "../Runtime/TestModel.h"

#include "quench/Calibration/Samples.h"
#include "quench/Interfaces/QuantizableOpInterface.h"
#include "quench/Model/ModelFolder.h"

#include "llvm/Support/FormatVariadic.h"

namespace quench {

/// A byte model of width 8 with one head, two decoder blocks of attention and a gated feed-forward
/// layer, and an embedding in bf16.
class TestDecoder : public TestModel {
public:
  static constexpr int64_t kWidth = 8, kInner = 12, kVocabulary = 7, kPositions = 16;
  static constexpr int64_t kLayers = 2;

  void buildDecoder() {
    std::mt19937 random(5);
    auto matrix = [&](const std::string &key, int64_t n, int64_t k,
                      ElementKind kind = ElementKind::F32) {
      add(key, {n, k}, uniforms(random, n * k), kind);
    };
    matrix("embed.weight", kVocabulary, kWidth, ElementKind::BF16);
    std::string text = R"(
    func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index,
                       %k0: tensor<16x1x8xf32>, %v0: tensor<16x1x8xf32>, %k1: tensor<16x1x8xf32>, %v1: tensor<16x1x8xf32>)
        -> (tensor<?x7xf32>, tensor<16x1x8xf32>, tensor<16x1x8xf32>, tensor<16x1x8xf32>, tensor<16x1x8xf32>)
        attributes {nn.causal_lm} {
      %zero = arith.constant 0 : index
      %n = tensor.dim %tokens, %zero : tensor<?xi32>
      %f = arith.constant dense<[1.0, 0.1, 0.01, 0.001]> : tensor<4xf32>
      %cos, %sin = nn.rotary_table %f from %position length %n : tensor<4xf32> -> tensor<?x4xf32>
      %table = quench.weight @embed.weight : tensor<7x8xbf16>
      %narrow = nn.embedding %table[%tokens] : tensor<7x8xbf16>, tensor<?xi32> -> tensor<?x8xbf16>
      %x0 = arith.extf %narrow : tensor<?x8xbf16> to tensor<?x8xf32>
    )";
    for (int64_t layer = 0; layer < kLayers; ++layer) {
      std::string prefix = "layers." + std::to_string(layer) + ".";
      for (const char *name : {"q", "k", "v", "o"}) {
        matrix(prefix + name + ".weight", kWidth, kWidth);
      }
      matrix(prefix + "gate.weight", kInner, kWidth);
      matrix(prefix + "up.weight", kInner, kWidth);
      matrix(prefix + "down.weight", kWidth, kInner);
      add(prefix + "norm.weight", {kWidth}, uniforms(random, kWidth, 2.0f));
      text += block(layer);
    }
    matrix("head.weight", kVocabulary, kWidth, ElementKind::BF16);
    text += R"(
      %rest = arith.subi %n, %first : index
      %last = tensor.extract_slice %x2[%first, 0] [%rest, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
      %final = nn.rms_norm %last epsilon 1.0e-5 : tensor<?x8xf32>
      %head = quench.weight @head.weight : tensor<7x8xbf16>
      %logits = nn.linear %final, %head : tensor<?x8xf32>, tensor<7x8xbf16> -> tensor<?x7xf32>
      return %logits, %keys0, %values0, %keys1, %values1
        : tensor<?x7xf32>, tensor<16x1x8xf32>, tensor<16x1x8xf32>, tensor<16x1x8xf32>, tensor<16x1x8xf32>
    })";
    build(text);
  }

  mlir::func::FuncOp function() { return llvm::cantFail(findCausalLM(*module, "test")).function; }

  /// The linear layer with this name.
  QuantizableOpInterface layer(llvm::StringRef name) {
    QuantizableOpInterface found;
    module->walk([&](QuantizableOpInterface op) {
      auto weight = op.getWeightOperand().get().getDefiningOp<WeightOp>();
      if (weight && weight.getKey() == (name + ".weight").str()) {
        found = op;
      }
    });
    EXPECT_TRUE(found) << name.str();
    return found;
  }
  mlir::Value inputOf(llvm::StringRef name) { return layer(name).getActivationOperand().get(); }
  mlir::Value weightOf(llvm::StringRef name) { return layer(name).getWeightOperand().get(); }
  mlir::Value resultOf(llvm::StringRef name) { return layer(name)->getResult(0); }

  static calibration::Samples samples(size_t count, int64_t window) {
    calibration::Samples samples;
    samples.window = window;
    std::mt19937 random(9);
    for (size_t i = 0; i < count * window; ++i) {
      samples.tokens.push_back(static_cast<int32_t>(random() % kVocabulary));
    }
    return samples;
  }

private:
  static std::string block(int64_t layer) {
    std::string text = R"(
      %g@ = quench.weight @layers.@.norm.weight : tensor<8xf32>
      %n@ = nn.rms_norm %x@ gain(%g@ : tensor<8xf32>) epsilon 1.0e-5 : tensor<?x8xf32>
      quench.observe %n@ as "layers.@.attn_in" : tensor<?x8xf32>
      %wq@ = quench.weight @layers.@.q.weight : tensor<8x8xf32>
      %wk@ = quench.weight @layers.@.k.weight : tensor<8x8xf32>
      %wv@ = quench.weight @layers.@.v.weight : tensor<8x8xf32>
      %wo@ = quench.weight @layers.@.o.weight : tensor<8x8xf32>
      %q@ = nn.linear %n@, %wq@ : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
      %k@x = nn.linear %n@, %wk@ : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
      %v@x = nn.linear %n@, %wv@ : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
      %qh@ = tensor.expand_shape %q@ [[0], [1, 2]] output_shape [%n, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
      %kh@ = tensor.expand_shape %k@x [[0], [1, 2]] output_shape [%n, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
      %vh@ = tensor.expand_shape %v@x [[0], [1, 2]] output_shape [%n, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
      %qr@ = nn.rotary_embedding %qh@, %cos, %sin : tensor<?x1x8xf32>, tensor<?x4xf32>
      %kr@ = nn.rotary_embedding %kh@, %cos, %sin : tensor<?x1x8xf32>, tensor<?x4xf32>
      %keys@ = nn.cache_update %kr@ into %k@ at %position : tensor<?x1x8xf32> into tensor<16x1x8xf32>
      %values@ = nn.cache_update %vh@ into %v@ at %position : tensor<?x1x8xf32> into tensor<16x1x8xf32>
      %a@ = nn.attention %qr@, %keys@, %values@ at %position scale 0.35 : tensor<?x1x8xf32>, tensor<16x1x8xf32>
      %ac@ = tensor.collapse_shape %a@ [[0], [1, 2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
      %o@ = nn.linear %ac@, %wo@ : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
      %y@ = arith.addf %x@, %o@ : tensor<?x8xf32>
      %m@ = nn.rms_norm %y@ epsilon 1.0e-5 : tensor<?x8xf32>
      %wg@ = quench.weight @layers.@.gate.weight : tensor<12x8xf32>
      %wu@ = quench.weight @layers.@.up.weight : tensor<12x8xf32>
      %wd@ = quench.weight @layers.@.down.weight : tensor<8x12xf32>
      %gate@ = nn.linear %m@, %wg@ : tensor<?x8xf32>, tensor<12x8xf32> -> tensor<?x12xf32>
      %up@ = nn.linear %m@, %wu@ : tensor<?x8xf32>, tensor<12x8xf32> -> tensor<?x12xf32>
      %silu@ = nn.silu %gate@ : tensor<?x12xf32>
      %p@ = arith.mulf %silu@, %up@ : tensor<?x12xf32>
      %d@ = nn.linear %p@, %wd@ : tensor<?x12xf32>, tensor<8x12xf32> -> tensor<?x8xf32>
      %x# = arith.addf %y@, %d@ : tensor<?x8xf32>
    )";
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
      // Keys begin with an at sign of their own.
      bool isKey = text[i] == '@' && text.compare(i, 8, "@layers.") == 0;
      result += text[i] == '@' && !isKey ? std::to_string(layer)
                : text[i] == '#'         ? std::to_string(layer + 1)
                                         : std::string(1, text[i]);
    }
    return result;
  }
};

} // namespace quench

#endif // QUENCH_UNITTESTS_TUNING_TESTDECODER_H

//===- SessionContractionTest.cpp - Compiled matrix products -------------------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers of many sizes and formats, on every target that runs here. Integer contractions
// must have the bits of the evaluator where the target fuses multiply-adds. Sums of float products
// may differ from it, which sums in double, by their roundings: with K products and G groups, by
//
//   (K + G + 8) * 2^-24 * (sum |x| |w| + |bias|) + K * 2^-148
//
// which covers the fixed point of activations, too: 2^-24 of a row's largest magnitude, times |w|.
//
// Rows of a product do not depend on each other, so the evaluator computes each distinct row once.
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace quench;

namespace {
constexpr int64_t kRows = 10;
constexpr int64_t kRowCounts[] = {1, 2, 3, 5, 7, 8, 9, 13, 17, 28, 64, 65, 130};

/// Without a scheme, the weight is a plain tensor of this type.
struct Format {
  const char *scheme;
  const char *plain = "f32";
  /// Of so many codes in a row all but one are 0.
  int64_t sparsity = 1;
};

constexpr Format kFormats[] = {
    {"i8, block = [1, *], scale = f32"},
    {"i4, block = [1, 32], scale = f16"},
    {"ui4, block = [1, 32], scale = f32, zero_point"},
    {"i8, block = [*, *], scale = f32"},
    {"i4, block = [1, 20], scale = f16"},
    {"i8, block = [1, 16], scale = f32"},
    {"ui8, block = [1, *], scale = f32, zero_point"},
    {"i3, block = [1, 32], scale = f32"},
    {"i4, range = [-7, 7], block = [1, *], scale = f32"},
    {"i5, block = [1, 12], scale = f32"},
    {"i2, block = [1, 32], scale = f16"},
    {"i4, block = [1, 8], scale = f32, zero_point"},
    {"ui4, block = [*, *], scale = f32"},
    {"ui2, block = [1, 16], scale = f16, zero_point"},
    {"f4E2M1FN, block = [1, 32], scale = f8E8M0FNU"},
    {"i2, range = [-1, 1], block = [*, *], scale = f32"},
    // Multiples of 1/8, not all of which are below 128.
    {"#quench.codebook<[-12.0, -8.0, -6.0, -4.0, -2.0, -1.0, -0.125, 0.0, 0.125, 0.25, 0.5, 1.0, "
     "2.0, 4.0, 8.0, 15.875]>, block = [1, 24], scale = f16"},
};
/// Formats whose products are float in any case.
constexpr Format kFloatFormats[] = {
    {"f8E4M3FN, block = [1, *], scale = f32"},
    {nullptr, "f32"},
    {"f4E2M1FN, block = [1, 16], scale = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>"},
    {nullptr, "f16"},
    {"#quench.codebook<[-1.0, -0.5, -0.25, 0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, "
     "3.0, 4.0, 5.0]>, block = [1, 32], scale = f16"},
    {nullptr, "bf16"},
};

struct Activation {
  const char *scheme;
  bool isStatic = false;
  const char *clip = "";
};
constexpr Activation kActivations[] = {
    {"i8, block = [1, *], scale = f32"},
    {"i8, block = [*, *], scale = f32", true},
    {"i4, block = [1, *], scale = f32"},
    {"i4, block = [1, *], scale = f32", false, "clip 9.0e-1"},
    {"i8, range = [-127, 127], block = [1, *], scale = f32"},
};

struct Linear {
  Format format;
  int64_t n;
  bool bias;
  std::vector<float> weights, biases;
};

class ContractionTest : public testing::Test {
protected:
  std::mt19937 random{20240607};
};
} // namespace

/// Codes over the whole range, the first rows all smallest and all largest.
static numerics::QuantizedTensor extremeCodes(std::mt19937 &random, const numerics::Scheme &scheme,
                                              int64_t n, int64_t k, int64_t sparsity) {
  numerics::QuantizedTensor tensor;
  tensor.shape = {n, k};
  tensor.codes = numerics::CodeArray(scheme.element, n * k);
  int32_t least = scheme.element.minCode(), most = scheme.element.maxCode();
  auto pick = [&] { return least + static_cast<int32_t>(random() % (most - least + 1)); };
  for (int64_t i = 0; i < n * k; i += sparsity) {
    int64_t kind = i / k % 4;
    tensor.codes.set(i, kind == 0 ? least : kind == 1 ? most : pick());
  }
  for (int64_t i = 0; i < scheme.numBlocks(tensor.shape); ++i) {
    // Few bits, so that every format of scales holds them.
    tensor.scales.push_back(std::ldexp(8 + random() % 8, -10 - static_cast<int>(random() % 4)));
    if (scheme.zeroPoint) {
      tensor.zeroPoints.push_back(i % 3 == 0 ? least : i % 3 == 1 ? most : pick());
    }
  }
  return tensor;
}

/// Zeros, huge and tiny values, alternating extremes, ties, and ordinary rows.
static std::vector<float> activationRows(std::mt19937 &random, int64_t k) {
  std::vector<float> table = uniforms(random, kRows * k, 2.0f);
  for (int64_t i = 0; i < k; ++i) {
    table[i] = 0.0f;
    table[k + i] *= 1e30f;
    table[2 * k + i] *= 1e-36f;
    table[3 * k + i] = i % 2 ? 3.0f : -3.0f;
    table[4 * k + i] = 3.0f;
    // Dynamic scales of 1 for 8 and for 4 bits, and ties between codes.
    table[5 * k + i] = i == 0 ? 127.0f : static_cast<float>(i % 250) - 124.5f;
    table[6 * k + i] = i == 0 ? 7.0f : static_cast<float>(i % 14) - 6.5f;
  }
  return table;
}

/// Adds the weights of a linear layer to the model; the text of its type.
static std::string addWeight(TestModel &model, std::mt19937 &random, const std::string &key,
                             Linear &linear, int64_t k) {
  std::string shape = llvm::formatv("{0}x{1}x", linear.n, k);
  if (!linear.format.scheme) {
    llvm::StringRef plain = linear.format.plain;
    linear.weights.clear();
    for (int64_t i = 0; i < linear.n * k; ++i) {
      linear.weights.push_back((static_cast<int>(random() % 256) - 128) / 64.0f);
    }
    model.add(key, {linear.n, k}, linear.weights,
              plain == "f16"    ? ElementKind::F16
              : plain == "bf16" ? ElementKind::BF16
                                : ElementKind::F32);
    return "tensor<" + shape + plain.str() + ">";
  }
  numerics::Scheme scheme = model.scheme(linear.format.scheme).getNumericsScheme();
  numerics::QuantizedTensor tensor =
      scheme.element.isInteger() ? extremeCodes(random, scheme, linear.n, k, linear.format.sparsity)
                                 : llvm::cantFail(numerics::quantizeTensor(
                                       uniforms(random, linear.n * k), {linear.n, k}, scheme));
  linear.weights = llvm::cantFail(numerics::dequantizeTensor(tensor, scheme));
  model.add(key, scheme, tensor);
  return "!quench.qtensor<" + shape + "f32, #quench.scheme<" + linear.format.scheme + ">>";
}

/// A model that observes each layer as `y0`, `y1`, ... on the same input.
static void buildLayers(TestModel &model, std::mt19937 &random, int64_t k,
                        const Activation *activation, std::vector<Linear> &layers) {
  std::string text = llvm::formatv(R"(
    func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index,
                       %cache: tensor<130x1x1xf32>)
        -> (tensor<?x{0}xf32>, tensor<130x1x1xf32>) attributes {{nn.causal_lm} {{
      %table = quench.weight @table : tensor<{0}x{1}xf32>
      %x = nn.embedding %table[%tokens] : tensor<{0}x{1}xf32>, tensor<?xi32> -> tensor<?x{1}xf32>
  )",
                                   kRows, k);
  std::string input = "%x";
  if (activation) {
    bool isStatic = activation->isStatic;
    text += llvm::formatv(
        R"(
      %s = arith.constant dense<0.01> : tensor<1x1xf32>
      %q = quench.quantize %x {2} : tensor<?x{0}xf32>{3} to !quench.qtensor<?x{0}xf32, #quench.scheme<{1}>>
      %d = quench.dequantize %q : !quench.qtensor<?x{0}xf32, #quench.scheme<{1}>> to tensor<?x{0}xf32>
    )",
        k, activation->scheme, isStatic ? "scale(%s)" : activation->clip,
        isStatic ? ", tensor<1x1xf32>" : "");
    input = "%d";
  }
  for (size_t i = 0; i < layers.size(); ++i) {
    Linear &layer = layers[i];
    std::string type = addWeight(model, random, "w" + std::to_string(i), layer, k);
    std::string plain = llvm::formatv("tensor<{0}x{1}x{2}>", layer.n, k,
                                      layer.format.scheme ? "f32" : layer.format.plain);
    text += llvm::formatv("%w{0} = quench.weight @w{0} : {1}\n", i, type);
    if (layer.format.scheme) {
      text += llvm::formatv("%wd{0} = quench.dequantize %w{0} : {1} to {2}\n", i, type, plain);
    }
    layer.biases = layer.bias ? uniforms(random, layer.n) : std::vector<float>(layer.n, 0.0f);
    if (layer.bias) {
      model.add("b" + std::to_string(i), {layer.n}, layer.biases);
      text += llvm::formatv("%b{0} = quench.weight @b{0} : tensor<{1}xf32>\n", i, layer.n);
    }
    text += llvm::formatv(
        "%y{0} = nn.linear {1}, %w{2}{0} {3} : tensor<?x{4}xf32>, {5} {6} -> tensor<?x{7}xf32>\n"
        "quench.observe %y{0} as \"y{0}\" : tensor<?x{7}xf32>\n",
        i, input, layer.format.scheme ? "d" : "",
        layer.bias ? llvm::formatv("bias(%b{0})", i).str() : "", k, plain,
        layer.bias ? llvm::formatv(", tensor<{0}xf32>", layer.n).str() : "", layer.n);
  }
  text += llvm::formatv(R"(
      %l = quench.weight @logits : tensor<{0}x{0}xf32>
      %all = nn.embedding %l[%tokens] : tensor<{0}x{0}xf32>, tensor<?xi32> -> tensor<?x{0}xf32>
      %zero = arith.constant 0 : index
      %count = tensor.dim %tokens, %zero : tensor<?xi32>
      %rest = arith.subi %count, %first : index
      %logits = tensor.extract_slice %all[%first, 0] [%rest, {0}] [1, 1] : tensor<?x{0}xf32> to tensor<?x{0}xf32>
      return %logits, %cache : tensor<?x{0}xf32>, tensor<130x1x1xf32>
    })",
                        kRows);
  model.add("logits", {kRows, kRows}, uniforms(random, kRows * kRows));
  model.build(text);
}

/// How far a float sum may be from the exact one.
static double bound(const Linear &layer, llvm::ArrayRef<float> x, int64_t column) {
  int64_t k = static_cast<int64_t>(x.size());
  double magnitude = std::abs(layer.biases[column]);
  for (int64_t i = 0; i < k; ++i) {
    magnitude += std::abs(double(x[i]) * layer.weights[column * k + i]);
  }
  return (2 * k + 8) * 0x1p-24 * magnitude + k * 0x1p-148;
}

/// Compares `found`, one row for each token, with the rows of the evaluator.
static void compareRows(const Linear &layer, llvm::ArrayRef<int32_t> tokens,
                        llvm::ArrayRef<float> expected, llvm::ArrayRef<float> found,
                        llvm::ArrayRef<float> table, int64_t k, bool exact) {
  ASSERT_EQ(found.size(), tokens.size() * layer.n);
  for (auto [row, token] : llvm::enumerate(tokens)) {
    for (int64_t column = 0; column < layer.n; ++column) {
      float want = expected[token * layer.n + column], have = found[row * layer.n + column];
      double allowed = exact ? 0.0 : bound(layer, table.slice(token * k, k), column);
      bool good = exact ? std::memcmp(&want, &have, sizeof(float)) == 0
                        : std::abs(double(want) - have) <= allowed;
      ASSERT_TRUE(good) << "row " << row << " of " << tokens.size() << ", token " << token
                        << ", column " << column << " of " << layer.n << ": expected " << want
                        << ", found " << have << ", allowed " << allowed;
    }
  }
}

static void check(std::mt19937 &random, int64_t k, const Activation *activation,
                  std::vector<Linear> layers, bool exact) {
  TestModel model;
  std::vector<float> table = activationRows(random, k);
  model.add("table", {kRows, k}, table);
  buildLayers(model, random, k, activation, layers);
  if (testing::Test::HasFatalFailure()) {
    return;
  }
  size_t integers = 0;
  model.legalized->walk([&](ContractOp op) { integers += op.getAccumulator().isInteger(32); });
  ASSERT_EQ(integers, exact ? layers.size() : 0u);
  std::vector<int32_t> every(kRows);
  std::iota(every.begin(), every.end(), 0);
  std::vector<Observed> expected = model.evaluate(every);
  ASSERT_EQ(expected.size(), layers.size() + 1);

  std::vector<Target> targets = targetsAndDevicesHere();
  // No weight fits the caches, so that all are fetched ahead.
  targets.push_back(Target::host());
  targets.back().l2Bytes = 1;
  for (const Target &target : targets) {
    // Without fused multiply-adds a scaled sum is rounded twice.
    bool isFused = target.findProduct(NumberType::F32, NumberType::F32)->instruction == "fma";
    std::vector<Observed> seen;
    std::unique_ptr<Session> session = model.compile(target, 2, &seen);
    ASSERT_TRUE(session);
    for (int64_t rows : kRowCounts) {
      std::vector<int32_t> tokens(rows);
      for (int32_t &token : tokens) {
        token = static_cast<int32_t>(random() % kRows);
      }
      seen.clear();
      SessionState state = session->newState();
      std::vector<float> logits = TestModel::run(*session, state, tokens, rows - 1);
      EXPECT_EQ(0, std::memcmp(logits.data(), &expected.back().values[tokens.back() * kRows],
                               kRows * sizeof(float)));
      ASSERT_EQ(seen.size(), layers.size());
      for (auto [i, layer] : llvm::enumerate(layers)) {
        SCOPED_TRACE(llvm::formatv("{0}: K = {1}, weight {2}, activation {3}", target.name, k,
                                   layer.format.scheme ? layer.format.scheme : layer.format.plain,
                                   activation ? activation->scheme : "float")
                         .str());
        EXPECT_EQ(seen[i].name, expected[i].name);
        llvm::StringRef scheme = exact ? layer.format.scheme : "";
        bool isTable = scheme.starts_with("f4") || scheme.starts_with("#");
        // Without lookups such codes are decoded to floats.
        bool isExact = exact && isFused && !(isTable && target.byteLookupsPerCycle == 0.0);
        compareRows(layer, tokens, expected[i].values, seen[i].values, table, k, isExact);
        if (testing::Test::HasFatalFailure()) {
          return;
        }
      }
    }
  }
}

constexpr int64_t kColumnCounts[] = {1, 3, 5, 16, 17, 31, 64, 65, 100};

/// `count` layers that go through sizes and formats in step with `next`.
static std::vector<Linear> takeLayers(llvm::ArrayRef<Format> formats, size_t count, size_t &next) {
  std::vector<Linear> layers;
  for (size_t i = 0; i < count; ++i, ++next) {
    layers.push_back(
        {formats[next % formats.size()], kColumnCounts[(next * 5 + 3) % 9], next % 2 == 0, {}, {}});
  }
  return layers;
}

TEST_F(ContractionTest, IntegerProductsHaveTheBitsOfTheEvaluator) {
  size_t next = 0, activation = 0;
  for (int64_t k : {1, 3, 7, 8, 31, 32, 33, 64, 96, 100, 257}) {
    check(random, k, &kActivations[activation++ % 4], takeLayers(kFormats, 3, next), true);
    if (HasFatalFailure()) {
      return;
    }
  }
}

// 140,000 products of bytes exceed 32 bits, but for these weights. What kernels add on the way
// does.
TEST_F(ContractionTest, SumsThatFitByTheCodesAloneHaveTheBitsOfTheEvaluator) {
  Format bytes{"i8, block = [1, *], scale = f32"};
  bytes.sparsity = 3;
  check(random, 140000, &kActivations[0], {{bytes, 3, true, {}, {}}}, true);
}

TEST_F(ContractionTest, ProductsOfFloatsAndCodesStayInTheirBound) {
  size_t next = 0;
  for (int64_t k : {1, 7, 8, 33, 64, 96, 257}) {
    check(random, k, nullptr, takeLayers(kFormats, 2, next), false);
    if (HasFatalFailure()) {
      return;
    }
  }
}

TEST_F(ContractionTest, ProductsOfFloatsStayInTheirBound) {
  size_t next = 0;
  for (int64_t k : {3, 31, 32, 64, 100}) {
    check(random, k, nullptr, takeLayers(kFloatFormats, 3, next), false);
    if (HasFatalFailure()) {
      return;
    }
  }
}

/// Devices divide long rows among groups of threads where there is one row of activations.
TEST_F(ContractionTest, LongProductsOfFloatsStayInTheirBound) {
  size_t next = 0;
  check(random, 2112, nullptr, takeLayers(kFormats, 4, next), false);
  check(random, 1100, nullptr, takeLayers(kFloatFormats, 2, next), false);
}

/// Quantized activations with weights that no kernel multiplies with them: the lowerings to linalg
/// step in, which round in f32 as the kernels do.
TEST_F(ContractionTest, WhatNoKernelComputesIsLoweredToLoops) {
  const Format formats[] = {{"f8E4M3FN, block = [1, *], scale = f32"},
                            {nullptr, "f32"},
                            {"i8, block = [2, 16], scale = f32"}};
  const Activation activations[] = {{"i8, block = [1, *], scale = f32"},
                                    {"i4, block = [1, *], scale = f32"}};
  size_t next = 0;
  for (const Activation &activation : activations) {
    check(random, 32, &activation, takeLayers(formats, 3, next), false);
    if (HasFatalFailure()) {
      return;
    }
  }
}

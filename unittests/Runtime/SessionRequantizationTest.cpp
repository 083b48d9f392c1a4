//===- SessionRequantizationTest.cpp - Products that store codes ---------------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two layers with a static quantization between them, compiled and evaluated. All is exact or
// rounded in the same way, so the bits are those of the evaluator.
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "quench/Runtime/FunctionSession.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace quench;

namespace {
constexpr int64_t kInputs = 32, kOutputs = 21;

struct RequantizationCase {
  int64_t inner, group;
  const char *activations;
  bool residual;
};

constexpr RequantizationCase kCases[] = {
    {48, 48, "i8, block = [*, *], scale = f32", false},
    {80, 16, "i8, block = [*, *], scale = f32", true},
    {96, 32, "i4, block = [*, *], scale = f32", true},
    {160, 64, "i8, range = [-127, 127], block = [*, *], scale = f32", false},
    // Padding inside of rows: the quantization stays a kernel of its own.
    {50, 25, "i8, block = [*, *], scale = f32", true},
};
} // namespace

/// Scales are small multiples of a power of two, so that sums of groups are exact without `fma`,
/// too.
static numerics::QuantizedTensor randomCodes(std::mt19937 &random, const numerics::Scheme &scheme,
                                             int64_t n, int64_t k) {
  std::vector<float> values(n * k);
  std::normal_distribution<float> normal;
  for (float &value : values) {
    value = normal(random);
  }
  numerics::QuantizedTensor tensor =
      llvm::cantFail(numerics::quantizeTensor(values, {n, k}, scheme));
  for (float &scale : tensor.scales) {
    scale = std::ldexp(static_cast<float>(1 + random() % 3), -7);
  }
  return tensor;
}

/// y = W2 quantize(W1 quantize(x) [+ r])
static void build(TestModel &model, std::mt19937 &random, const RequantizationCase &test) {
  std::string first = "i8, block = [1, *], scale = f32";
  std::string second = llvm::formatv("i4, block = [1, {0}], scale = f32", test.group);
  auto add = [&](const char *key, llvm::StringRef text, int64_t rows, int64_t columns) {
    numerics::Scheme scheme = model.scheme(text).getNumericsScheme();
    model.add(key, scheme, randomCodes(random, scheme, rows, columns));
  };
  add("w1", first, test.inner, kInputs);
  add("w2", second, kOutputs, test.inner);
  std::string sum = llvm::formatv("%s = arith.addf %r, %p : tensor<?x{0}xf32>", test.inner);
  model.build(llvm::formatv(R"(
    #a = #quench.scheme<{0}>
    #v = #quench.scheme<{1}>
    #w = #quench.scheme<{2}>
    func.func @f(%x: tensor<?x{3}xf32>, %r: tensor<?x{4}xf32>) -> tensor<?x{5}xf32> {{
      %c = arith.constant dense<0.03125> : tensor<1x1xf32>
      %d = arith.constant dense<0.0625> : tensor<1x1xf32>
      %w1 = quench.weight @w1 : !quench.qtensor<{4}x{3}xf32, #v>
      %w2 = quench.weight @w2 : !quench.qtensor<{5}x{4}xf32, #w>
      %q = quench.quantize %x scale(%c) : tensor<?x{3}xf32>, tensor<1x1xf32> to !quench.qtensor<?x{3}xf32, #a>
      %p = quench.contract %q, %w1 accumulator i32 : !quench.qtensor<?x{3}xf32, #a>, !quench.qtensor<{4}x{3}xf32, #v> -> tensor<?x{4}xf32>
      {6}
      %t = quench.quantize {7} scale(%d) : tensor<?x{4}xf32>, tensor<1x1xf32> to !quench.qtensor<?x{4}xf32, #a>
      %y = quench.contract %t, %w2 accumulator i32 : !quench.qtensor<?x{4}xf32, #a>, !quench.qtensor<{5}x{4}xf32, #w> -> tensor<?x{5}xf32>
      return %y : tensor<?x{5}xf32>
    })",
                            test.activations, first, second, kInputs, test.inner, kOutputs,
                            test.residual ? sum : "", test.residual ? "%s" : "%p")
                  .str());
}

static std::vector<float> uniforms(std::mt19937 &random, int64_t count) {
  std::uniform_real_distribution<float> uniform(-2.0f, 2.0f);
  std::vector<float> values(count);
  for (float &value : values) {
    value = uniform(random);
  }
  return values;
}

TEST(RequantizationTest, CodesAreThoseOfTheEvaluator) {
  std::mt19937 random(3);
  for (const RequantizationCase &test : kCases) {
    TestModel model;
    build(model, random, test);
    ASSERT_FALSE(HasFatalFailure());
    auto f32 = mlir::Float32Type::get(&model.context);
    reference::Evaluator evaluator(*model.legalized, model.store.get());
    for (const Target &target : targetsHere()) {
      FunctionSessionOptions options;
      options.target = target;
      options.threads = 2;
      auto session =
          llvm::cantFail(FunctionSession::create(*model.module, "f", model.store.get(), options));
      for (int64_t rows : {1, 2, 7, 16, 33, 130}) {
        std::vector<float> x = uniforms(random, rows * kInputs), found(rows * kOutputs);
        std::vector<float> r = uniforms(random, rows * test.inner);
        std::vector<int64_t> xShape = {rows, kInputs}, rShape = {rows, test.inner};
        auto expected =
            llvm::cantFail(evaluator.call("f", {reference::Value::tensor(f32, xShape, x),
                                                reference::Value::tensor(f32, rShape, r)}));
        llvm::cantFail(
            session->run({FunctionArgument::tensor(x, xShape), FunctionArgument::tensor(r, rShape)},
                         {FunctionResult::tensor(found, std::vector<int64_t>{rows, kOutputs})}));
        EXPECT_EQ(found, expected[0].floats)
            << target.name << ", " << rows << " rows of " << test.inner;
      }
    }
  }
}

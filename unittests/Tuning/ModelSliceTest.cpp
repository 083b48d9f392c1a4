//===- ModelSliceTest.cpp - Parts of a model as functions -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestDecoder.h"

#include "quench/Tuning/SliceCompiler.h"

using namespace quench;

namespace {

class ModelSliceTest : public testing::Test {
protected:
  void SetUp() override { model.buildDecoder(); }

  ModelSlice extract(std::vector<mlir::Value> inputs, std::vector<mlir::Value> outputs,
                     std::vector<mlir::Value> taps = {}) {
    SliceRequest request;
    request.function = model.function();
    request.inputs.assign(inputs.begin(), inputs.end());
    request.outputs.assign(outputs.begin(), outputs.end());
    request.taps.assign(taps.begin(), taps.end());
    auto slice = ModelSlice::extract(request);
    if (!slice) {
      ADD_FAILURE() << llvm::toString(slice.takeError());
      return {};
    }
    return std::move(*slice);
  }

  static size_t count(llvm::StringRef text, llvm::StringRef part) { return text.count(part); }

  TestDecoder model;
};

} // namespace

TEST_F(ModelSliceTest, HasWhatItsOutputsNeedAndNoMore) {
  ModelSlice slice = extract({model.inputOf("layers.1.q")}, {model.resultOf("layers.1.o")});
  EXPECT_EQ(count(slice.text, "nn.linear"), 4u);
  EXPECT_EQ(count(slice.text, "nn.attention"), 1u);
  // Computed again: it follows from the number of tokens.
  EXPECT_EQ(count(slice.text, "nn.rotary_table"), 1u);
  EXPECT_EQ(count(slice.text, "tensor.empty"), 2u);
  EXPECT_EQ(count(slice.text, "rms_norm"), 0u);
  EXPECT_EQ(count(slice.text, "observe"), 0u);
  EXPECT_NE(slice.text.find("func.func @slice(%arg0: tensor<?xi32>, %arg1: tensor<?x8xf32>) -> "
                            "tensor<?x8xf32>"),
            std::string::npos)
      << slice.text;
  ASSERT_EQ(slice.weights.size(), 4u);
  EXPECT_EQ(slice.weights[0], model.weightOf("layers.1.q"));
  EXPECT_EQ(slice.weights[3], model.weightOf("layers.1.o"));
}

TEST_F(ModelSliceTest, EqualPartsOfDifferentLayersHaveEqualTexts) {
  auto attention = [&](std::string layer) {
    return extract({model.inputOf(layer + ".q")}, {model.resultOf(layer + ".o")},
                   {model.inputOf(layer + ".o")})
        .text;
  };
  EXPECT_EQ(attention("layers.0"), attention("layers.1"));
}

TEST_F(ModelSliceTest, TapsAreObservedByNumber) {
  mlir::Value input = model.inputOf("layers.0.q");
  ModelSlice slice = extract({input}, {}, {model.inputOf("layers.0.o"), input});
  EXPECT_EQ(count(slice.text, "quench.observe"), 2u);
  EXPECT_NE(slice.text.find("quench.observe %arg1 as \"1\""), std::string::npos) << slice.text;
  // What is behind the taps is not there.
  EXPECT_EQ(count(slice.text, "nn.linear"), 3u);
}

TEST_F(ModelSliceTest, WeightsOfLayersAreFloatsOthersKeepTheirTypes) {
  ModelSlice slice = extract({}, {model.resultOf("head")});
  EXPECT_EQ(count(slice.text, "tensor<7x8xbf16>"), 2u);
  EXPECT_NE(slice.text.find("quench.weight @\"0\" : tensor<7x8xbf16>"), std::string::npos)
      << slice.text;
  EXPECT_NE(slice.text.find("quench.weight @\"17\" : tensor<7x8xf32>"), std::string::npos)
      << slice.text;
}

TEST_F(ModelSliceTest, OnlyFloatTensorsAreBorders) {
  SliceRequest request;
  request.function = model.function();
  request.inputs = {model.function().getArgument(0)};
  request.outputs = {model.resultOf("head")};
  EXPECT_EQ(llvm::toString(ModelSlice::extract(request).takeError()),
            "expected a slice between tensors of f32, found tensor<?xi32>");
}

TEST_F(ModelSliceTest, RunsWithTheWeightsOfItsPlace) {
  SliceCompiler compiler(model.store.get());
  auto linear = [&](std::string name) {
    SliceRequest request;
    request.function = model.function();
    request.inputs = {model.inputOf(name)};
    request.outputs = {model.resultOf(name)};
    return llvm::cantFail(compiler.compile(request));
  };
  auto run = [&](SliceCode &code) {
    SliceTensor input{std::vector<float>(16), {2, 8}}, output;
    input.values[3] = 1.0f;
    input.values[8] = -2.0f;
    int32_t tokens[2] = {0, 0};
    EXPECT_FALSE(code.run(tokens, {&input}, output));
    EXPECT_EQ(output.shape, (llvm::SmallVector<int64_t, 3>{2, 8}));
    return output.values;
  };
  auto expected = [&](std::string name) {
    std::vector<float> w = llvm::cantFail(readModelWeight(model.weightOf(name), model.store.get()));
    std::vector<float> result;
    for (int64_t n = 0; n < 16; ++n) {
      result.push_back(n < 8 ? w[n * 8 + 3] : -2 * w[(n - 8) * 8]);
    }
    return result;
  };
  {
    SliceCode q = linear("layers.0.q"), o = linear("layers.1.o");
    EXPECT_EQ(run(q), expected("layers.0.q"));
    EXPECT_EQ(run(o), expected("layers.1.o"));
    EXPECT_EQ(run(q), expected("layers.0.q"));
    EXPECT_EQ(compiler.compilations(), 2u);
    EXPECT_TRUE(q.reads(model.weightOf("layers.0.q")));
    EXPECT_FALSE(q.reads(model.weightOf("layers.0.k")));
    std::vector<float> twos(64, 2.0f);
    EXPECT_FALSE(q.setWeight(model.weightOf("layers.0.k"), twos));
    EXPECT_EQ(run(q), expected("layers.0.q"));
    EXPECT_FALSE(q.setWeight(model.weightOf("layers.0.q"), twos));
    EXPECT_EQ(run(q)[0], 2.0f);
  }
  // Code that nobody holds is used again, with other weights.
  SliceCode v = linear("layers.0.v");
  EXPECT_EQ(run(v), expected("layers.0.v"));
  EXPECT_EQ(compiler.compilations(), 2u);
  compiler.releaseIdle();
  SliceCode k = linear("layers.0.k");
  EXPECT_EQ(compiler.compilations(), 3u);
  EXPECT_EQ(run(v), expected("layers.0.v"));
}

TEST(ReadModelWeightTest, WhatIsNotAStoredWeightIsNamed) {
  TestModel model;
  numerics::Scheme scheme = model.scheme("i8, block = [1, *], scale = f32").getNumericsScheme();
  std::vector<float> w = {1, -127, 0.5f, 0.25f};
  model.add("q", scheme, llvm::cantFail(numerics::quantizeTensor(w, {2, 2}, scheme)));
  model.add("h", {2}, {0.5f, 3.0f}, ElementKind::F16);
  model.build(R"(
    !q = !quench.qtensor<2x2xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
    func.func @f() -> (tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
      %q = quench.weight @q : !q
      %w = quench.dequantize %q : !q to tensor<2x2xf32>
      %h = quench.weight @h : tensor<2xf16>
      %e = arith.extf %h : tensor<2xf16> to tensor<2xf32>
      %c = arith.constant dense<[1.5, 2.5]> : tensor<2xf32>
      %s = arith.addf %c, %e : tensor<2xf32>
      return %w, %e, %c, %s : tensor<2x2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
    })");
  auto function = *model.module->getOps<mlir::func::FuncOp>().begin();
  auto values = function.getBody().front().getTerminator()->getOperands();
  const WeightStore *store = model.store.get();
  EXPECT_EQ(llvm::cantFail(readModelWeight(values[0], store)),
            (std::vector<float>{1, -127, 0.5f, 32 * (0.5f / 127) * 2}));
  EXPECT_EQ(llvm::cantFail(readModelWeight(values[1], store)), (std::vector<float>{0.5f, 3.0f}));
  EXPECT_EQ(llvm::cantFail(readModelWeight(values[2], nullptr)), (std::vector<float>{1.5f, 2.5f}));
  EXPECT_EQ(llvm::toString(readModelWeight(values[3], store).takeError()),
            "expected a stored weight, found one that 'arith.addf' makes; run quench-fold-weights "
            "first");
  EXPECT_EQ(llvm::toString(readModelWeight(values[1], nullptr).takeError()),
            "expected a weight store for 'h', found none");
}

//===- SegmentRunnerTest.cpp - Models run piece by piece ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestDecoder.h"

#include "quench/Tuning/SegmentRunner.h"

using namespace quench;

namespace {

class SegmentRunnerTest : public testing::Test {
protected:
  void SetUp() override {
    model.buildDecoder();
    samples = TestDecoder::samples(3, 5);
  }

  static void expectNear(llvm::ArrayRef<float> found, llvm::ArrayRef<float> expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], 2e-5 * (1 + std::abs(expected[i]))) << "at " << i;
    }
  }

  static void succeed(llvm::Error error) {
    if (error) {
      ADD_FAILURE() << llvm::toString(std::move(error));
    }
  }

  SliceCode compile(SegmentRunner &runner, llvm::ArrayRef<mlir::Value> taps = {}) {
    auto code = runner.compile(taps);
    if (!code) {
      ADD_FAILURE() << llvm::toString(code.takeError());
      return {};
    }
    return std::move(*code);
  }

  TestDecoder model;
  calibration::Samples samples;
};

} // namespace

TEST_F(SegmentRunnerTest, PiecesTogetherAreTheModel) {
  SegmentRunner runner(model.function(), samples, model.store.get());
  mlir::Value attention[] = {model.inputOf("layers.0.q"), model.inputOf("layers.1.q")};
  mlir::Value logits = model.resultOf("head");
  std::vector<std::vector<float>> inputs(2 * samples.size()), outputs(samples.size());
  for (size_t layer = 0; !runner.isDone(); ++layer) {
    bool isBlock = !runner.segment().name.empty(), isLast = layer == 3;
    SliceCode code = isBlock  ? compile(runner, attention[layer - 1])
                     : isLast ? compile(runner, logits)
                              : compile(runner);
    succeed(runner.advance(code, [&](size_t sample, size_t tap, llvm::ArrayRef<float> values,
                                     llvm::ArrayRef<int64_t> shape) {
      EXPECT_EQ(tap, 0u);
      EXPECT_EQ(shape.front(), 5);
      (isLast ? outputs[sample] : inputs[(layer - 1) * samples.size() + sample]) = values.vec();
    }));
  }
  for (size_t sample = 0; sample < samples.size(); ++sample) {
    std::vector<Observed> expected = model.evaluate(samples[sample]);
    ASSERT_EQ(expected.size(), 3u);
    expectNear(inputs[sample], expected[0].values);
    expectNear(inputs[samples.size() + sample], expected[1].values);
    expectNear(outputs[sample], expected[2].values);
  }
  // The blocks are equal: embedding, block and head.
  EXPECT_EQ(runner.compilations(), 3u);
}

TEST_F(SegmentRunnerTest, ObservingChangesNothing) {
  SegmentRunner runner(model.function(), samples, model.store.get());
  {
    SliceCode code = compile(runner);
    succeed(runner.advance(code));
  }
  SliceTensor before = runner.hidden(1);
  EXPECT_EQ(before.shape, (llvm::SmallVector<int64_t, 3>{5, 8}));
  SliceCode code = compile(runner, {model.inputOf("layers.0.down"), model.inputOf("layers.0.q")});
  size_t calls = 0;
  succeed(runner.observe(code, [&](size_t sample, size_t tap, llvm::ArrayRef<float> values,
                                   llvm::ArrayRef<int64_t> shape) {
    // In program order: the input of the attention first.
    EXPECT_EQ(sample, calls / 2);
    EXPECT_EQ(tap, 1 - calls % 2);
    EXPECT_EQ(shape[1], tap == 0 ? 12 : 8);
    ++calls;
  }));
  EXPECT_EQ(calls, 2 * samples.size());
  EXPECT_EQ(runner.hidden(1).values, before.values);
  EXPECT_EQ(runner.segment().name, "layers.0");
}

TEST_F(SegmentRunnerTest, NewWeightsCountForWhatIsBehind) {
  auto secondState = [&](bool replace) {
    SegmentRunner runner(model.function(), samples, model.store.get());
    for (int i = 0; i < 2; ++i) {
      SliceCode code = compile(runner);
      if (replace && i == 1) {
        succeed(code.setWeight(model.weightOf("layers.0.down"), std::vector<float>(8 * 12)));
        succeed(code.setWeight(model.weightOf("layers.0.o"), std::vector<float>(8 * 8)));
      }
      succeed(runner.advance(code));
    }
    return runner.hidden(0).values;
  };
  // Without what both halves of the block add, the embedding passes through.
  SegmentRunner runner(model.function(), samples, model.store.get());
  SliceCode code = compile(runner);
  succeed(runner.advance(code));
  EXPECT_EQ(secondState(true), runner.hidden(0).values);
  EXPECT_NE(secondState(false), runner.hidden(0).values);
}

TEST_F(SegmentRunnerTest, SlicesRunBesideTheSegments) {
  SegmentRunner runner(model.function(), samples, model.store.get());
  mlir::Value input = model.inputOf("layers.0.q"), output = model.resultOf("layers.0.o");
  std::vector<SliceTensor> inputs;
  std::vector<std::vector<float>> expected;
  for (int i = 0; i < 2; ++i) {
    llvm::SmallVector<mlir::Value> taps;
    if (i == 1) {
      taps = {input, output};
    }
    SliceCode code = compile(runner, taps);
    succeed(runner.advance(
        code, [&](size_t, size_t tap, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape) {
          if (tap == 0) {
            inputs.push_back({values.vec(), llvm::SmallVector<int64_t, 3>(shape)});
          } else {
            expected.push_back(values.vec());
          }
        }));
  }
  SliceCode attention = llvm::cantFail(runner.compileSlice(input, output));
  for (size_t sample = 0; sample < samples.size(); ++sample) {
    SliceTensor found;
    succeed(attention.run(samples[sample], {&inputs[sample]}, found));
    EXPECT_EQ(found.values, expected[sample]);
  }
}

TEST_F(SegmentRunnerTest, ErrorsNameTheSegment) {
  // A store that lacks the weights of the second block.
  TestModel other;
  other.add("embed.weight", {7, 8}, std::vector<float>(56), ElementKind::BF16);
  other.build("module {}");
  SegmentRunner runner(model.function(), samples, other.store.get());
  SliceCode code = compile(runner);
  succeed(runner.advance(code));
  auto failed = runner.compile();
  ASSERT_FALSE(static_cast<bool>(failed));
  std::string message = llvm::toString(failed.takeError());
  EXPECT_EQ(message.rfind("layers.0: ", 0), 0u) << message;
  EXPECT_NE(message.find("layers.0.norm.weight"), std::string::npos) << message;
}

//===- SessionFakeQuantizeTest.cpp - Compiled rounding to codes and back --===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What quantized caches do to keys and values: every value must have the bits of the evaluator.
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "quench/Runtime/FunctionSession.h"

#include "llvm/Support/FormatVariadic.h"

using namespace quench;

namespace {
struct RoundingCase {
  const char *scheme;
  /// Sizes of a row behind the number of rows.
  std::vector<int64_t> rowShape;
  const char *clip = "";
};
} // namespace

static const RoundingCase cases[] = {
    {"i8, block = [1, *], scale = f32", {256}},
    {"i4, block = [1, *], scale = f32", {100}, "clip 9.0e-1"},
    {"ui4, block = [1, 1, *], scale = f32, zero_point", {2, 64}},
    {"ui4, block = [1, 1, *], scale = f32, zero_point", {2, 64}, "clip 9.5e-1"},
    {"ui2, block = [1, 1, 20], scale = f32, zero_point", {3, 50}},
    {"i3, block = [1, 1, *], scale = f32, zero_point", {1, 7}},
    {"i8, range = [-127, 127], block = [1, 16], scale = f32", {40}},
    {"ui8, block = [1, 32], scale = f32, zero_point", {96}},
};

/// Rows of zeros, of one sign, huge, tiny and with ties, among ordinary ones.
static std::vector<float> rowsOf(size_t rows, size_t width) {
  std::mt19937 random{11};
  std::vector<float> values = uniforms(random, rows * width, 2.0f);
  for (size_t i = 0; i < rows * width; ++i) {
    switch (i / width) {
    case 0:
      values[i] = 0.0f;
      break;
    case 1:
      values[i] = std::abs(values[i]);
      break;
    case 2:
      values[i] = -1e30f * std::abs(values[i]);
      break;
    case 3:
      values[i] *= 1e-44f;
      break;
    case 4:
      values[i] = static_cast<float>(i % 16) - 7.5f;
      break;
    default:
      break;
    }
  }
  return values;
}

static void check(const RoundingCase &test, const Target &target, unsigned threads, size_t rows) {
  SCOPED_TRACE(llvm::formatv("{0}: {1} {2}", target.name, test.scheme, test.clip).str());
  std::string shape = "?x";
  std::vector<int64_t> sizes = {static_cast<int64_t>(rows)};
  size_t width = 1;
  for (int64_t size : test.rowShape) {
    shape += std::to_string(size) + "x";
    sizes.push_back(size);
    width *= size;
  }
  TestModel model;
  model.build(llvm::formatv(R"(
    #s = #quench.scheme<{0}>
    func.func @f(%x: tensor<{1}f32>) -> tensor<{1}f32> {{
      %q = quench.quantize %x {2} : tensor<{1}f32> to !quench.qtensor<{1}f32, #s>
      %y = quench.dequantize %q : !quench.qtensor<{1}f32, #s> to tensor<{1}f32>
      return %y : tensor<{1}f32>
    })",
                            test.scheme, shape, test.clip)
                  .str());
  FunctionSessionOptions options;
  options.target = target;
  options.threads = threads;
  auto session = FunctionSession::create(*model.module, "f", nullptr, options);
  ASSERT_TRUE(static_cast<bool>(session)) << llvm::toString(session.takeError());
  std::vector<float> x = rowsOf(rows, width), y(x.size(), 99.0f);
  llvm::Error error =
      (*session)->run({FunctionArgument::tensor(x, sizes)}, {FunctionResult::tensor(y, sizes)});
  ASSERT_FALSE(static_cast<bool>(error)) << llvm::toString(std::move(error));

  reference::Evaluator evaluator(*model.module, nullptr);
  auto f32 = mlir::Float32Type::get(&model.context);
  auto expected = llvm::cantFail(evaluator.call("f", {reference::Value::tensor(f32, sizes, x)}));
  for (size_t i = 0; i < y.size(); ++i) {
    ASSERT_EQ(y[i], expected[0].floats[i]) << "of " << x[i] << " at " << i;
  }
}

TEST(SessionFakeQuantizeTest, EveryFormatHasTheValuesOfTheEvaluator) {
  for (const Target &target : targetsHere()) {
    for (const RoundingCase &test : cases) {
      check(test, target, 1, 8);
    }
  }
}

TEST(SessionFakeQuantizeTest, RowsAreDividedAmongThreads) {
  check({"ui4, block = [1, 1, *], scale = f32, zero_point", {2, 64}}, Target::host(), 2, 400);
}

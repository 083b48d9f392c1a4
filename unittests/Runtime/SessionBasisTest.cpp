//===- SessionBasisTest.cpp - Compiled changes of basis -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Changes of basis that stay online, compiled and evaluated from the matrices of their maps.
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "quench/Runtime/FunctionSession.h"

#include "llvm/Support/FormatVariadic.h"

using namespace quench;

using Floats = std::vector<float>;
using Shape = std::vector<int64_t>;

namespace {
/// A function of one change of basis on tensors of a shape.
struct OnlineCase {
  const char *map;
  const char *use;
  Shape shape;
};
} // namespace

static std::string typeOf(const Shape &shape, bool isDynamic) {
  std::string text = isDynamic ? "tensor<?" : "tensor<" + std::to_string(shape[0]);
  for (size_t axis = 1; axis < shape.size(); ++axis) {
    text += "x" + std::to_string(shape[axis]);
  }
  return text + "xf32>";
}

static void check(const OnlineCase &test, const Target &target, unsigned threads,
                  bool isDynamic = true) {
  SCOPED_TRACE(llvm::formatv("{0}: {1} {2}", target.name, test.map, test.use).str());
  TestModel model;
  std::string type = typeOf(test.shape, isDynamic);
  model.build(llvm::formatv(R"(
    func.func @f(%x: {0}) -> {0} {{
      %y = quench.change_basis %x by {1} {2} : {0}
      return %y : {0}
    })",
                            type, test.map, test.use)
                  .str());
  FunctionSessionOptions options;
  options.target = target;
  options.threads = threads;
  auto session = FunctionSession::create(*model.module, "f", nullptr, options);
  ASSERT_TRUE(static_cast<bool>(session)) << llvm::toString(session.takeError());
  std::mt19937 random{5};
  size_t count = 1;
  for (int64_t size : test.shape) {
    count *= static_cast<size_t>(size);
  }
  Floats x = uniforms(random, count), y(count, 99.0f);
  llvm::Error error = (*session)->run({FunctionArgument::tensor(x, test.shape)},
                                      {FunctionResult::tensor(y, test.shape)});
  ASSERT_FALSE(static_cast<bool>(error)) << llvm::toString(std::move(error));

  reference::Evaluator evaluator(*model.module, nullptr);
  auto f32 = mlir::Float32Type::get(&model.context);
  auto expected =
      llvm::cantFail(evaluator.call("f", {reference::Value::tensor(f32, test.shape, x)}));
  double largest = 0.0;
  for (float value : expected[0].floats) {
    largest = std::max(largest, std::abs(static_cast<double>(value)));
  }
  for (size_t i = 0; i < count; ++i) {
    ASSERT_NEAR(y[i], expected[0].floats[i], 1e-6 * largest) << "at " << i;
  }
}

static const OnlineCase cases[] = {
    {"#quench.hadamard<256>", "axes [1]", {5, 256}},
    {"#quench.hadamard<768>", "axes [1]", {3, 768}},
    {"#quench.hadamard<768>", "axes [1] inverse", {3, 768}},
    {"#quench.hadamard<768, seed = 7, skip = 3>", "axes [1] transposed", {2, 768}},
    {"#quench.hadamard<176>", "axes [1]", {2, 176}},
    {"#quench.hartley<176>", "axes [1]", {3, 176}},
    {"#quench.hadamard<64, seed = 1>", "axes [2]", {4, 3, 64}},
    {"#quench.hadamard<4>", "axes [1]", {4, 4, 16}},
    {"#quench.hadamard<48>", "axes [1, 2]", {4, 3, 16}},
    {"#quench.diagonal<dense<[0.5, 2.0, 4.0]> : tensor<3xf32>>", "axes [1] inverse", {4, 3, 7}},
    {"#quench.permutation<[2, 0, 3, 1, 4]>", "axes [1]", {4, 5}},
    {"#quench.permutation<[2, 0, 3, 1, 4]>", "axes [1] inverse", {4, 5, 6}},
    {"#quench.orthogonal<dense<[[0.6, 0.8], [-0.8, 0.6]]> : tensor<2x2xf64>>", "axes [1]", {4, 2}},
    {"#quench.block_diagonal<#quench.hadamard<12>, copies = 3>", "axes [1]", {4, 36}},
    {"#quench.block_diagonal<[#quench.hadamard<16>, #quench.permutation<[2, 0, 1]>]>",
     "axes [1]",
     {4, 19}},
    {"#quench.composed<[#quench.permutation<[1, 3, 0, 2]>, inverse #quench.hadamard<4, seed = 3>]>",
     "axes [1]",
     {4, 4}},
};

TEST(SessionBasisTest, EveryMapHasTheValuesOfTheEvaluator) {
  for (const Target &target : targetsHere()) {
    for (const OnlineCase &test : cases) {
      check(test, target, 1);
    }
  }
}

TEST(SessionBasisTest, RowsAreDividedAmongThreads) {
  check({"#quench.hadamard<768, seed = 7>", "axes [1]", {500, 768}}, Target::host(), 2);
  check({"#quench.composed<[#quench.permutation<[1, 3, 0, 2]>, #quench.hadamard<4>]>",
         "axes [1]",
         {500, 4, 64}},
        Target::host(), 2);
}

TEST(SessionBasisTest, ConstantShapesMapAlongTheFirstAxis) {
  for (const Target &target : targetsHere()) {
    check({"#quench.hadamard<24>", "axes [0]", {24, 40}}, target, 1, /*isDynamic=*/false);
    check({"#quench.hadamard<96>", "axes [0, 1]", {24, 4}}, target, 1, /*isDynamic=*/false);
    check({"#quench.hadamard<16>", "axes [0]", {16}}, target, 1, /*isDynamic=*/false);
  }
}

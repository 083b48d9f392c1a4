//===- FunctionSessionTest.cpp - Compiled functions and their weights ----------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions on tensors, compiled and evaluated. Sums of products may differ from those of the
// evaluator, which sums in double, by their roundings; values here are of the order of 1.
//
//===----------------------------------------------------------------------===//

#include "TestModel.h"

#include "quench/Runtime/FunctionSession.h"

using namespace quench;

using Floats = std::vector<float>;
using Shape = std::vector<int64_t>;

namespace {
/// The weights `w` (5x8), `g` (8) and `h` (5x8, bf16).
class FunctionSessionTest : public testing::Test {
protected:
  void SetUp() override {
    w = uniforms(random, 5 * 8);
    g = uniforms(random, 8);
    model.add("w", {5, 8}, w);
    model.add("g", {8}, g);
    model.add("h", {5, 8}, uniforms(random, 5 * 8), ElementKind::BF16);
  }

  std::unique_ptr<FunctionSession> create(bool withStore, FunctionSessionOptions options = {}) {
    auto session = FunctionSession::create(*model.module, "f",
                                           withStore ? model.store.get() : nullptr, options);
    if (!session) {
      ADD_FAILURE() << llvm::toString(session.takeError());
      return nullptr;
    }
    return std::move(*session);
  }

  std::string createError(bool withStore) {
    auto session =
        FunctionSession::create(*model.module, "f", withStore ? model.store.get() : nullptr);
    return session ? "success" : llvm::toString(session.takeError());
  }

  static std::string text(llvm::Error error) {
    return error ? llvm::toString(std::move(error)) : "success";
  }

  static void expectNear(const Floats &found, const Floats &expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], expected[i], 1e-5 * (1 + std::abs(expected[i]))) << "at " << i;
    }
  }

  /// rms_norm(x) with gain g, times w: the weight of `layer` for rows of 8.
  static constexpr const char *layer = R"(
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x5xf32> {
      %g = quench.weight @g : tensor<8xf32>
      %w = quench.weight @w : tensor<5x8xf32>
      %n = nn.rms_norm %x gain(%g : tensor<8xf32>) epsilon 1.0e-5 : tensor<?x8xf32>
      quench.observe %n as "norm" : tensor<?x8xf32>
      %y = nn.linear %n, %w : tensor<?x8xf32>, tensor<5x8xf32> -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })";

  Floats runLayer(FunctionSession &session, const Floats &x, const ObserveFunction &observe = {}) {
    int64_t rows = static_cast<int64_t>(x.size()) / 8;
    Floats y(rows * 5, 99.0f);
    EXPECT_EQ(text(session.run({FunctionArgument::tensor(x, Shape{rows, 8})},
                               {FunctionResult::tensor(y, Shape{rows, 5})}, observe)),
              "success");
    return y;
  }

  Floats evaluateLayer(const Floats &x) {
    reference::Evaluator evaluator(*model.module, model.store.get());
    auto f32 = mlir::Float32Type::get(&model.context);
    auto results = llvm::cantFail(evaluator.call(
        "f", {reference::Value::tensor(f32, {static_cast<int64_t>(x.size()) / 8, 8}, x)}));
    return results[0].floats;
  }

  std::mt19937 random{11};
  TestModel model;
  Floats w, g;
};
} // namespace

TEST_F(FunctionSessionTest, ArgumentsAndResultsOfAllKinds) {
  model.build(R"(
    func.func @f(%table: tensor<4x3xf32>, %tokens: tensor<?xi32>, %n: index, %s: f32, %k: i32,
                 %scalar: tensor<f32>) -> (tensor<?x3xf32>, tensor<?xi32>, tensor<?x?xf32>, tensor<f32>) {
      %rows = nn.embedding %table[%tokens] : tensor<4x3xf32>, tensor<?xi32> -> tensor<?x3xf32>
      %c0 = arith.constant 0 : index
      %count = tensor.dim %tokens, %c0 : tensor<?xi32>
      %ss = tensor.splat %s[%count] : tensor<?x3xf32>
      %scaled = arith.mulf %rows, %ss : tensor<?x3xf32>
      %ks = tensor.splat %k[%count] : tensor<?xi32>
      %sum = arith.addi %tokens, %ks : tensor<?xi32>
      %part = tensor.extract_slice %rows[0, 0] [%n, %n] [1, 1] : tensor<?x3xf32> to tensor<?x?xf32>
      return %scaled, %sum, %part, %scalar : tensor<?x3xf32>, tensor<?xi32>, tensor<?x?xf32>, tensor<f32>
    })");
  std::unique_ptr<FunctionSession> session = create(/*withStore=*/false);
  ASSERT_TRUE(session);
  Floats table = {0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32};
  std::vector<int32_t> tokens = {3, 0, 1};
  FunctionArgument arguments[] = {FunctionArgument::tensor(table, Shape{4, 3}),
                                  FunctionArgument::tensor(tokens, Shape{3}),
                                  FunctionArgument::index(2),
                                  FunctionArgument::f32(-0.5f),
                                  FunctionArgument::i32(-7),
                                  FunctionArgument::tensor(Floats{4.25f}, Shape{})};
  Floats scaled(9), part(4), scalar(1);
  std::vector<int32_t> sum(3);
  auto run = [&](Shape partShape) {
    return text(session->run(
        arguments,
        {FunctionResult::tensor(scaled, Shape{3, 3}), FunctionResult::tensor(sum, Shape{3}),
         FunctionResult::tensor(
             llvm::MutableArrayRef<float>(part).take_front(partShape[0] * partShape[1]), partShape),
         FunctionResult::tensor(scalar, Shape{})}));
  };
  Floats last = {4.25f};
  arguments[5] = FunctionArgument::tensor(last, Shape{});
  EXPECT_EQ(run({2, 2}), "success");
  EXPECT_EQ(scaled, (Floats{-15, -15.5, -16, -0.0f, -0.5, -1, -5, -5.5, -6}));
  EXPECT_EQ(sum, (std::vector<int32_t>{-4, -7, -6}));
  EXPECT_EQ(part, (Floats{30, 31, 0, 1}));
  EXPECT_EQ(scalar, last);

  // A wrong shape writes nothing.
  std::fill(scaled.begin(), scaled.end(), 1.0f);
  EXPECT_EQ(run({1, 2}), "result 2 does not have the shape of its buffer, tensor<?x?xf32>");
  EXPECT_EQ(scaled, Floats(9, 1.0f));
}

TEST_F(FunctionSessionTest, CallsThatDoNotFitTheTypeAreRefused) {
  model.build(layer);
  std::unique_ptr<FunctionSession> session = create(true);
  ASSERT_TRUE(session);
  Floats x(16), y(10);
  std::vector<int32_t> tokens(16);
  FunctionArgument good = FunctionArgument::tensor(x, Shape{2, 8});
  FunctionResult room = FunctionResult::tensor(y, Shape{2, 5});
  EXPECT_EQ(text(session->run({good, good}, {room})),
            "expected 1 arguments and 1 results, found 2 and 1");
  EXPECT_EQ(text(session->run({FunctionArgument::tensor(tokens, Shape{2, 8})}, {room})),
            "argument 0: expected tensor<?x8xf32>, found tensor<2x8xi32> with 16 values");
  EXPECT_EQ(text(session->run({FunctionArgument::tensor(x, Shape{4, 4})}, {room})),
            "argument 0: expected tensor<?x8xf32>, found tensor<4x4xf32> with 16 values");
  EXPECT_EQ(text(session->run({FunctionArgument::tensor(x, Shape{1, 8})}, {room})),
            "argument 0: expected tensor<?x8xf32>, found tensor<1x8xf32> with 16 values");
  EXPECT_EQ(text(session->run({FunctionArgument::index(2)}, {room})),
            "argument 0: expected tensor<?x8xf32>, found index");
  EXPECT_EQ(text(session->run({good}, {FunctionResult::tensor(y, Shape{10})})),
            "result 0: expected tensor<?x5xf32>, found tensor<10xf32> with 10 values");
  Floats z(15);
  EXPECT_EQ(text(session->run({good}, {FunctionResult::tensor(z, Shape{3, 5})})),
            "result 0 does not have the shape of its buffer, tensor<?x5xf32>");
}

TEST_F(FunctionSessionTest, AnyNumberOfRowsHasTheValuesOfTheEvaluator) {
  model.build(layer);
  for (unsigned threads : {1u, 2u}) {
    FunctionSessionOptions options;
    options.threads = threads;
    std::unique_ptr<FunctionSession> session = create(true, options);
    ASSERT_TRUE(session);
    for (int64_t rows : {1, 2, 65}) {
      Floats x = uniforms(random, rows * 8, 3.0f);
      expectNear(runLayer(*session, x), evaluateLayer(x));
    }
    EXPECT_TRUE(runLayer(*session, {}).empty());
  }
}

TEST_F(FunctionSessionTest, WeightsThatAreSetAreThoseOfTheStore) {
  model.build(layer);
  std::unique_ptr<FunctionSession> stored = create(true), empty = create(false);
  ASSERT_TRUE(stored && empty);
  Floats x = uniforms(random, 3 * 8), y(15);
  FunctionArgument argument = FunctionArgument::tensor(x, Shape{3, 8});
  FunctionResult result = FunctionResult::tensor(y, Shape{3, 5});
  EXPECT_EQ(text(empty->setWeight("g", g)), "success");
  EXPECT_EQ(text(empty->run({argument}, {result})), "weight 'w' has not been set");
  EXPECT_EQ(text(empty->setWeight("w", w)), "success");
  EXPECT_EQ(runLayer(*empty, x), runLayer(*stored, x));

  // New values count, in both.
  Floats other = uniforms(random, 5 * 8), before = runLayer(*stored, x);
  EXPECT_EQ(text(empty->setWeight("w", other)), "success");
  EXPECT_EQ(text(stored->setWeight("w", other)), "success");
  EXPECT_EQ(runLayer(*empty, x), runLayer(*stored, x));
  EXPECT_NE(runLayer(*empty, x), before);
  EXPECT_EQ(text(stored->setWeight("w", w)), "success");
  EXPECT_EQ(runLayer(*stored, x), before);

  EXPECT_EQ(text(empty->setWeight("w", g)), "weight 'w': expected 40 values, found 8");
  EXPECT_EQ(text(empty->setWeight("v", g)), "expected a weight of the compiled code, found 'v'");
}

TEST_F(FunctionSessionTest, AWeightIsSetWhereverItIsRead) {
  // Once in panels, once as it is, and once in 16 bits.
  model.build(R"(
    func.func @f(%x: tensor<?x8xf32>, %tokens: tensor<?xi32>) -> (tensor<?x5xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
      %w = quench.weight @w : tensor<5x8xf32>
      %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<5x8xf32> -> tensor<?x5xf32>
      %z = nn.embedding %w[%tokens] : tensor<5x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
      %h = quench.weight @h : tensor<5x8xbf16>
      %n = nn.embedding %h[%tokens] : tensor<5x8xbf16>, tensor<?xi32> -> tensor<?x8xbf16>
      %e = arith.extf %n : tensor<?x8xbf16> to tensor<?x8xf32>
      return %y, %z, %e : tensor<?x5xf32>, tensor<?x8xf32>, tensor<?x8xf32>
    })");
  std::unique_ptr<FunctionSession> session = create(false);
  ASSERT_TRUE(session);
  Floats identity(5 * 8), x = uniforms(random, 8), y(5), z(8), h(8);
  for (int64_t i = 0; i < 5; ++i) {
    identity[i * 8 + i] = 2.0f;
  }
  EXPECT_EQ(text(session->setWeight("w", identity)), "success");
  // Ties to even in bf16: 1 + 2^-8 goes down, 1 + 3 * 2^-8 up.
  Floats ties(5 * 8);
  ties[3 * 8] = 1.0f + 0x1p-8f;
  ties[3 * 8 + 1] = 1.0f + 0x3p-8f;
  ties[3 * 8 + 7] = -3;
  EXPECT_EQ(text(session->setWeight("h", ties)), "success");
  std::vector<int32_t> tokens = {3};
  EXPECT_EQ(
      text(session->run(
          {FunctionArgument::tensor(x, Shape{1, 8}), FunctionArgument::tensor(tokens, Shape{1})},
          {FunctionResult::tensor(y, Shape{1, 5}), FunctionResult::tensor(z, Shape{1, 8}),
           FunctionResult::tensor(h, Shape{1, 8})})),
      "success");
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(y[i], 2 * x[i]);
  }
  EXPECT_EQ(z, (Floats{0, 0, 0, 2, 0, 0, 0, 0}));
  EXPECT_EQ(h, (Floats{1, 1 + 0x1p-6f, 0, 0, 0, 0, 0, -3}));
}

TEST_F(FunctionSessionTest, CodesNeedAStoreAndKeepTheirValues) {
  numerics::Scheme scheme = model.scheme("i8, block = [1, *], scale = f32").getNumericsScheme();
  model.add("q", scheme, llvm::cantFail(numerics::quantizeTensor(w, {5, 8}, scheme)));
  model.build(R"(
    !q = !quench.qtensor<5x8xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
    func.func @f(%x: tensor<?x8xf32>) -> tensor<?x5xf32> {
      %q = quench.weight @q : !q
      %w = quench.dequantize %q : !q to tensor<5x8xf32>
      %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<5x8xf32> -> tensor<?x5xf32>
      return %y : tensor<?x5xf32>
    })");
  std::string message = createError(false);
  EXPECT_NE(message.find("expected a weight store for codes, found none"), std::string::npos)
      << message;
  std::unique_ptr<FunctionSession> session = create(true);
  ASSERT_TRUE(session);
  EXPECT_EQ(text(session->setWeight("q", w)),
            "weight 'q' is compiled as codes, which float values cannot replace");
  Floats x = uniforms(random, 8);
  expectNear(runLayer(*session, x), evaluateLayer(x));
}

TEST_F(FunctionSessionTest, ObserversSeeTheirValuesWhenCompiled) {
  model.build(layer);
  FunctionSessionOptions options;
  options.observers = true;
  std::unique_ptr<FunctionSession> silent = create(true), observing = create(true, options);
  ASSERT_TRUE(silent && observing);
  Floats x = uniforms(random, 2 * 8);
  std::vector<Observed> seen;
  auto observe = [&](llvm::StringRef name, llvm::ArrayRef<float> values,
                     llvm::ArrayRef<int64_t> shape) {
    seen.push_back({name.str(), shape.vec(), values.vec()});
  };
  Floats expected = runLayer(*silent, x, observe);
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(runLayer(*observing, x, observe), expected);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].name, "norm");
  EXPECT_EQ(seen[0].shape, (Shape{2, 8}));
  // Nobody has to look.
  EXPECT_EQ(runLayer(*observing, x), expected);
  EXPECT_EQ(seen.size(), 1u);
}

TEST_F(FunctionSessionTest, FunctionsThatCannotBeCompiledAreNamed) {
  model.build("func.func private @f(tensor<?xf32>) -> tensor<?xf32>");
  EXPECT_EQ(createError(false), "expected a function @f with one block");
  model.build("func.func @g() { return }");
  EXPECT_EQ(createError(false), "expected a function @f, found none");
  model.build("func.func @f(%x: tensor<*xf32>) { return }");
  EXPECT_EQ(createError(false), "@f: argument 0: expected a tensor of f32 or i32 or a scalar, "
                                "found tensor<*xf32>");
  model.build("func.func @f(%x: f32) -> f32 { return %x : f32 }");
  EXPECT_EQ(createError(false), "@f: result 0: expected a tensor of f32 or i32, found f32");
  model.build("func.func @f(%x: tensor<8xbf16>) -> tensor<8xbf16> { return %x : tensor<8xbf16> }");
  EXPECT_EQ(createError(false), "@f: argument 0: expected a tensor of f32 or i32 or a scalar, "
                                "found tensor<8xbf16>");
}

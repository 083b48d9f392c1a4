//===- RebaseJournalTest.cpp - Edges that are right, and one that is not --===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Verification/RebaseJournal.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Verification/ReferenceRun.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace quench;

static constexpr llvm::StringLiteral kResidual = R"(
  func.func @residual(%tokens: tensor<?xi32>) -> tensor<?x2xf32> {
    %table = arith.constant dense<[[1.0, -2.0, 3.0, 4.0], [0.5, 2.0, -3.0, 1.0]]> : tensor<2x4xf32>
    %w = arith.constant dense<[[1.0, 2.0, 0.0, 4.0], [4.0, 0.0, 1.0, 2.0], [1.0, 1.0, 1.0, 0.0],
                               [3.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf32>
    %v = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 1.0, 2.0]]> : tensor<2x4xf32>
    %x = nn.embedding %table[%tokens] : tensor<2x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
    %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x4xf32>
    %h = nn.linear %n, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("layer")
    %r = arith.addf %x, %h : tensor<?x4xf32>
    %y = nn.linear %r, %v : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
    return %y : tensor<?x2xf32>
  })";

namespace {

class RebaseJournalTest : public testing::Test {
protected:
  void SetUp() override {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, func::FuncDialect, tensor::TensorDialect, QuenchDialect,
                    nn::NNDialect>();
    registerBasisModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    module = parseSourceString<ModuleOp>(kResidual, &context, "test.mlir");
    ASSERT_TRUE(module);
    module->walk([&](nn::EmbeddingOp op) { embedding = op.getResult(); });
  }

  RebasePlan plan(uint64_t seed) {
    MapUse map{HadamardAttr::get(&context, 4, seed, 0)};
    RebaseResult result = planRebase(embedding, BasisUse{1, 1, map});
    EXPECT_TRUE(result.plan) << result.refusal.message();
    return *result.plan;
  }

  std::optional<BrokenEdge> findBroken(const RebaseJournal &journal) {
    return llvm::cantFail(journal.findBroken(*module, referenceRun(nullptr, 5), 1e-4));
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  Value embedding;
};

} // namespace

TEST(RelativeDeviationTest, IsThatOfTheLargestMagnitude) {
  EXPECT_EQ(relativeDeviation({1, -4}, {1.5, -4}), 0.125);
  EXPECT_EQ(relativeDeviation({0, 0}, {0, 0}), 0.0);
  EXPECT_EQ(relativeDeviation({}, {}), 0.0);
  EXPECT_EQ(relativeDeviation({0}, {1}), INFINITY);
  EXPECT_EQ(relativeDeviation({1}, {1, 2}), INFINITY);
  EXPECT_EQ(relativeDeviation({1}, {NAN}), INFINITY);
  EXPECT_EQ(relativeDeviation({NAN, INFINITY, 1}, {NAN, INFINITY, 1}), 0.0);
}

TEST_F(RebaseJournalTest, PlansOnTopOfEachOtherAreRight) {
  RebaseJournal journal;
  ASSERT_TRUE(succeeded(journal.listen(&context)));
  ASSERT_TRUE(succeeded(plan(1).apply()));
  ASSERT_TRUE(succeeded(plan(2).apply()));
  ASSERT_EQ(journal.records().size(), 2u);
  EXPECT_EQ(journal.records()[0].edge, "nn.embedding");
  EXPECT_EQ(journal.records()[0].values, 4u);
  EXPECT_EQ(journal.records()[0].absorbed, 3u);
  EXPECT_EQ(journal.records()[0].online, 0u);
  EXPECT_FALSE(findBroken(journal));
}

TEST_F(RebaseJournalTest, TheEdgeThatBreaksIsTheFirstThatIsNotWhatThePlanSays) {
  RebaseJournal journal;
  ASSERT_TRUE(succeeded(journal.listen(&context)));
  RebasePlan broken = plan(1);
  // The rows of the layer's weight are forgotten, as by an op that says the wrong thing.
  for (auto &[operand, uses] : broken.constants) {
    if (isa<nn::LinearOp>(operand->getOwner())) {
      llvm::erase_if(uses, [](const BasisUse &use) { return use.firstAxis == 0; });
    }
  }
  ASSERT_TRUE(succeeded(broken.apply()));
  std::optional<BrokenEdge> edge = findBroken(journal);
  ASSERT_TRUE(edge);
  EXPECT_TRUE(isa<nn::LinearOp>(edge->op));
  EXPECT_NE(edge->message().find("'nn.linear' does not make what it should"), std::string::npos);
  EXPECT_NE(edge->basis.find("hadamard of 4"), std::string::npos) << edge->basis;
}

TEST_F(RebaseJournalTest, ThereIsOneListener) {
  RebaseJournal first, second;
  EXPECT_TRUE(succeeded(first.listen(&context)));
  EXPECT_TRUE(failed(second.listen(&context)));
  first.stop();
  EXPECT_TRUE(succeeded(second.listen(&context)));
  EXPECT_FALSE(findBroken(second));
}

TEST(ReferenceRunTest, ArgumentsThatAreNotNumbersAreErrors) {
  MLIRContext context;
  context.loadDialect<func::FuncDialect>();
  auto module = parseSourceString<ModuleOp>(
      "func.func @f(%x: tuple<i32>) -> tuple<i32> { return %x : tuple<i32> }", &context);
  auto results = referenceRun(nullptr, 5)(*module, {});
  EXPECT_EQ(llvm::toString(results.takeError()),
            "@f: expected arguments that are numbers or tensors of them, found argument 0 of type "
            "tuple<i32>");
}

TEST(ReferenceRunTest, InputsDependOnTypesAlone) {
  MLIRContext context;
  context.loadDialect<func::FuncDialect>();
  auto module = parseSourceString<ModuleOp>(
      "func.func @f(%x: tensor<?x3xf32>) -> tensor<?x3xf32> { return %x : tensor<?x3xf32> }",
      &context);
  RunModel run = referenceRun(nullptr, 5);
  auto first = llvm::cantFail(run(*module, {})), second = llvm::cantFail(run(*module, {}));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first.front().size(), 15u);
  EXPECT_EQ(first, second);
  EXPECT_NE(first.front()[0], first.front()[1]);
}

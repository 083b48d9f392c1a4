//===- FunctionGuardTest.cpp - Passes that keep their promise, and others -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Verification/FunctionGuard.h"

#include "../Support/TemporaryFolder.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Workspace/ApproximatingPass.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace quench;

static constexpr llvm::StringLiteral kModel = R"(
  func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<16x4xf32>)
      -> (tensor<?x3xf32>, tensor<16x4xf32>) attributes {nn.causal_lm} {
    %table = quench.weight @table : tensor<3x4xf32>
    %x = nn.embedding %table[%tokens] : tensor<3x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
    %zero = arith.constant 0 : index
    %n = tensor.dim %x, %zero : tensor<?x4xf32>
    %rest = arith.subi %n, %first : index
    %last = tensor.extract_slice %x[%first, 0] [%rest, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
    %logits = nn.linear %last, %table : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32>
    return %logits, %cache : tensor<?x3xf32>, tensor<16x4xf32>
  })";

namespace {

/// Multiplies the logits by a factor.
struct ScaleLogitsPass : PassWrapper<ScaleLogitsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ScaleLogitsPass)
  explicit ScaleLogitsPass(float factor) : factor(factor) {}
  StringRef getArgument() const override { return "scale-logits"; }

  void runOnOperation() override {
    getOperation().walk([&](nn::LinearOp op) {
      OpBuilder builder(op);
      auto weight = cast<RankedTensorType>(op.getWeight().getType());
      auto ratio = arith::ConstantOp::create(
          builder, op.getLoc(), DenseElementsAttr::get(weight, builder.getF32FloatAttr(factor)));
      op.getWeightMutable().assign(
          arith::MulFOp::create(builder, op.getLoc(), op.getWeight(), ratio));
    });
  }
  float factor;
};

/// Rotates the residual stream, and forgets the weight of the last layer.
struct ForgetHeadPass : PassWrapper<ForgetHeadPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ForgetHeadPass)
  explicit ForgetHeadPass(float) {}
  StringRef getArgument() const override { return "forget-head"; }

  void runOnOperation() override {
    getOperation().walk([&](nn::EmbeddingOp op) {
      MapUse map{HadamardAttr::get(&getContext(), 4)};
      RebaseResult result = planRebase(op.getResult(), BasisUse{1, 1, map});
      ASSERT_TRUE(result.plan) << result.refusal.message();
      result.plan->constants.remove_if(
          [](const auto &constant) { return isa<nn::LinearOp>(constant.first->getOwner()); });
      ASSERT_TRUE(succeeded(result.plan->apply()));
    });
  }
};

struct RoundLogitsPass : ScaleLogitsPass, ApproximatingPass {
  using ScaleLogitsPass::ScaleLogitsPass;
};

class FunctionGuardTest : public testing::Test {
protected:
  void SetUp() override {
    DialectRegistry registry;
    registerBasisModels(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<arith::ArithDialect, func::FuncDialect, tensor::TensorDialect,
                        QuenchDialect, nn::NNDialect>();
    std::string path = folder / "weights.safetensors";
    auto writer = llvm::cantFail(SafetensorsWriter::create(path));
    llvm::cantFail(writer->declare("table", ElementKind::F32, {3, 4}));
    llvm::cantFail(writer->writeElements<float>(
        "table", std::vector<float>{1, 2, 3, 4, -1, 0, 1, 0, 0.5f, -2, 2, 8}));
    llvm::cantFail(writer->commit());
    WorkspaceInputs inputs;
    inputs.weights = path;
    inputs.threads = 1;
    workspace = llvm::cantFail(Workspace::open(std::move(inputs)));
    module = parseSourceString<ModuleOp>(kModel, &context, "test.mlir");
    ASSERT_TRUE(module);
  }

  /// Runs passes under a guard: its error, "" for none, and its certificate.
  std::pair<std::string, llvm::json::Object> guard(std::vector<std::unique_ptr<Pass>> passes) {
    PassManager manager(&context);
    for (std::unique_ptr<Pass> &pass : passes) {
      manager.addPass(std::move(pass));
    }
    auto owned = std::make_unique<FunctionGuard>(*workspace);
    FunctionGuard *guard = owned.get();
    manager.addInstrumentation(std::move(owned));
    EXPECT_TRUE(succeeded(manager.run(*module)));
    llvm::json::Object certificate = guard->certificate();
    return {llvm::toString(guard->takeError()), std::move(certificate)};
  }

  template <typename PassType, typename... Arguments>
  static std::vector<std::unique_ptr<Pass>> passes(Arguments... factors) {
    std::vector<std::unique_ptr<Pass>> list;
    (list.push_back(std::make_unique<PassType>(factors)), ...);
    return list;
  }

  TemporaryFolder folder;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<Workspace> workspace;
};

} // namespace

TEST_F(FunctionGuardTest, BrokenPromisesAreNotMended) {
  auto [error, certificate] = guard(passes<ScaleLogitsPass>(2.0f, 0.5f));
  EXPECT_NE(error.find("pass 'scale-logits' changed the function of the model"), std::string::npos)
      << error;
  EXPECT_EQ(certificate.getArray("passes")->size(), 1u);
}

TEST_F(FunctionGuardTest, TheEdgeThatBrokeIsNamed) {
  auto [error, certificate] = guard(passes<ForgetHeadPass>(0.0f));
  EXPECT_NE(error.find("pass 'forget-head' changed the function of the model"), std::string::npos);
  EXPECT_NE(error.find("; at 'nn.linear' does not make what it should"), std::string::npos)
      << error;
  const llvm::json::Object &pass = *certificate.getArray("passes")->front().getAsObject();
  const llvm::json::Array &rewrites = *pass.getArray("rewrites");
  ASSERT_EQ(rewrites.size(), 1u);
  EXPECT_EQ(rewrites.front().getAsObject()->getString("map"), "hadamard of 4");
}

TEST_F(FunctionGuardTest, PassesThatPreserveTheFunction) {
  auto [error, certificate] = guard(passes<ScaleLogitsPass>(1.0f, 1.0f));
  EXPECT_EQ(error, "");
  EXPECT_EQ(certificate.getArray("passes")->size(), 2u);
  EXPECT_EQ(certificate.getNumber("largest_deviation"), 0.0);
  EXPECT_EQ(certificate.getInteger("tokens"), 16);
}

TEST_F(FunctionGuardTest, SmallDeviationsAreToleratedButSeen) {
  auto [error, certificate] = guard(passes<ScaleLogitsPass>(1.00003f));
  EXPECT_EQ(error, "");
  EXPECT_NEAR(*certificate.getNumber("largest_deviation"), 3e-5, 1e-6);
}

TEST_F(FunctionGuardTest, DeviationsAddUp) {
  auto [error, certificate] =
      guard(passes<ScaleLogitsPass>(1.00004f, 1.00004f, 1.00004f, 1.00004f));
  EXPECT_NE(error, "");
  EXPECT_EQ(certificate.getArray("passes")->size(), 3u);
}

TEST_F(FunctionGuardTest, ApproximationsStartAnew) {
  std::vector<std::unique_ptr<Pass>> list = passes<RoundLogitsPass>(2.0f);
  list.push_back(std::make_unique<ScaleLogitsPass>(1.0f));
  auto [error, certificate] = guard(std::move(list));
  EXPECT_EQ(error, "");
  const llvm::json::Array &seen = *certificate.getArray("passes");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].getAsObject()->getBoolean("preserves"), false);
  EXPECT_EQ(seen[1].getAsObject()->getBoolean("preserves"), true);
}

TEST_F(FunctionGuardTest, NotANumberIsADeviation) {
  auto [error, certificate] = guard(passes<ScaleLogitsPass>(NAN));
  EXPECT_NE(error, "");
}

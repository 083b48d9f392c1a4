//===- RecipePassesTest.cpp - The passes that a recipe names --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/RecipePasses.h"

#include "quench/Basis/Passes.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Transforms/Passes.h"
#include "quench/Tuning/Passes.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

std::unique_ptr<Workspace> workspaceFor(llvm::StringRef text, llvm::StringRef file) {
  WorkspaceInputs inputs;
  inputs.recipe = llvm::cantFail(recipe::parseRecipe(text, file));
  return llvm::cantFail(Workspace::open(std::move(inputs)));
}

class RecipePassesTest : public ::testing::Test {
protected:
  RecipePassesTest() {
    registerQuenchBasisPasses();
    registerQuenchTransformsPasses();
    registerQuenchTuningPasses();
  }

  /// The pipeline that a recipe with these passes makes, or the message.
  std::string pipeline(const std::string &passes) {
    mlir::MLIRContext context;
    mlir::PassManager manager(&context, mlir::ModuleOp::getOperationName());
    auto workspace = workspaceFor("name: r\nsummary: s\npasses: " + passes + "\n", "r.yaml");
    if (llvm::Error error = addRecipePasses(manager, *workspace)) {
      return llvm::toString(std::move(error));
    }
    std::string text;
    llvm::raw_string_ostream stream(text);
    manager.printAsTextualPipeline(stream);
    return text;
  }
};

TEST_F(RecipePassesTest, passesComeInTheOrderOfTheRecipe) {
  EXPECT_EQ(pipeline("[]"), "builtin.module()");
  EXPECT_EQ(pipeline("[quench-strip-observers, quench-insert-observers]"),
            "builtin.module(quench-strip-observers,quench-insert-observers)");
}

TEST_F(RecipePassesTest, passesTakeOptions) {
  std::string text = pipeline("['quench-annotate-calibration{archive=mine}']");
  EXPECT_NE(text.find("quench-annotate-calibration{archive=mine "), std::string::npos) << text;
}

TEST_F(RecipePassesTest, everyPassOfTheBuiltinRecipesExists) {
  for (const recipe::BuiltinRecipe &builtin : recipe::builtinRecipes()) {
    mlir::MLIRContext context;
    mlir::PassManager manager(&context, mlir::ModuleOp::getOperationName());
    auto workspace = workspaceFor(builtin.text, builtin.name);
    EXPECT_EQ(llvm::toString(addRecipePasses(manager, *workspace)), "") << builtin.name.str();
    EXPECT_EQ(manager.size(), llvm::cantFail(workspace->recipe())->passes.size());
  }
}

TEST_F(RecipePassesTest, whatIsWrongIsToldWithItsPlaceInTheRecipe) {
  std::string unknown = pipeline("[quench-strip-observers, quench-magic]");
  EXPECT_EQ(unknown.find("r.yaml:3:34: expected a registered pass, found 'quench-magic': "), 0u)
      << unknown;
  std::string option = pipeline("['quench-strip-observers{magic=1}']");
  EXPECT_EQ(option.find("r.yaml:3:10: expected a registered pass, found "), 0u) << option;
}

} // namespace

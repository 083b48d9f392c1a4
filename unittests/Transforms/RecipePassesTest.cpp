//===- RecipePassesTest.cpp - The passes that a recipe names --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/RecipePasses.h"

#include "quench/Recipe/RecipeFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

/// The pipeline that a recipe with these passes makes, or the message.
std::string pipeline(const std::string &passes, const std::string &archive = "") {
  mlir::MLIRContext context;
  mlir::PassManager manager(&context, mlir::ModuleOp::getOperationName());
  RecipeInputs inputs;
  inputs.quantize.recipe = llvm::cantFail(
      recipe::parseRecipe("name: r\nsummary: s\npasses: " + passes + "\n", "r.yaml"));
  inputs.archive = archive;
  if (llvm::Error error = addRecipePasses(manager, inputs)) {
    return llvm::toString(std::move(error));
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  manager.printAsTextualPipeline(stream);
  return text;
}

TEST(RecipePassesTest, passesComeInTheOrderOfTheRecipe) {
  EXPECT_EQ(pipeline("[]"), "builtin.module()");
  EXPECT_EQ(pipeline("[quench-insert-observers, quench-strip-observers]"),
            "builtin.module(quench-insert-observers,quench-strip-observers)");
  EXPECT_EQ(pipeline("[quench-insert-observers, quench-annotate-calibration]", "file"),
            "builtin.module(quench-insert-observers,quench-annotate-calibration{archive=file "
            "weights=})");
}

TEST(RecipePassesTest, everyPassOfTheBuiltinRecipesExists) {
  for (const recipe::BuiltinRecipe &builtin : recipe::builtinRecipes()) {
    mlir::MLIRContext context;
    mlir::PassManager manager(&context, mlir::ModuleOp::getOperationName());
    RecipeInputs inputs;
    inputs.quantize.recipe = llvm::cantFail(recipe::parseRecipe(builtin.text, builtin.name));
    inputs.archive = "file";
    EXPECT_EQ(llvm::toString(addRecipePasses(manager, inputs)), "") << builtin.name.str();
    EXPECT_EQ(manager.size(), inputs.quantize.recipe.passes.size());
  }
}

TEST(RecipePassesTest, passesWithOptionsComeFromTheRegistry) {
  registerQuenchTransformsPasses();
  EXPECT_EQ(pipeline("['quench-annotate-calibration{archive=mine}']"),
            "builtin.module(quench-annotate-calibration{archive=mine weights=})");
}

TEST(RecipePassesTest, whatIsWrongIsToldWithItsPlaceInTheRecipe) {
  std::string unknown = pipeline("[quench-strip-observers, quench-magic]");
  EXPECT_EQ(unknown.find("r.yaml:3:34: expected a registered pass, found 'quench-magic': "), 0u)
      << unknown;
  EXPECT_EQ(pipeline("[quench-annotate-calibration]"),
            "r.yaml:3:10: the recipe needs a calibration archive, found none");
}

} // namespace

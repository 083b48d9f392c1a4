//===- QuantizeTest.cpp - Quantize a model as a recipe says ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Transforms/Passes.h"
#include "quench/WeightStore/QuantizedWeight.h"
#include "quench/Workspace/ReferencedTensors.h"
#include "quench/Workspace/WorkspacePass.h"

#include "../Support/TemporaryFolder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench;

namespace {

const char *model = R"mlir(
func.func @f(%x: tensor<?x10xf32>) -> tensor<?x3xf32> {
  %a = quench.weight @layers.0.a.weight : tensor<3x10xf32>
  %b = quench.weight @layers.0.b.weight : tensor<3x10xf32>
  %y = nn.linear %x, %a : tensor<?x10xf32>, tensor<3x10xf32> -> tensor<?x3xf32>
  %z = nn.linear %x, %b : tensor<?x10xf32>, tensor<3x10xf32> -> tensor<?x3xf32>
  %s = arith.addf %y, %z : tensor<?x3xf32>
  %n = quench.weight @norm : tensor<3x10xf32>
  return %s : tensor<?x3xf32>
}
)mlir";

class QuantizeTest : public ::testing::Test {
protected:
  QuantizeTest() {
    context.loadDialect<QuenchDialect, nn::NNDialect, mlir::arith::ArithDialect,
                        mlir::func::FuncDialect>();
    module = mlir::parseSourceString<mlir::ModuleOp>(model, &context);
    for (size_t i = 0; i < 30; ++i) {
      values.push_back(std::sin(1.3f * i));
    }
    writeStore();
  }

  void writeStore() {
    auto writer = llvm::cantFail(SafetensorsWriter::create(folder / "in"));
    for (const char *name : {"layers.0.a.weight", "layers.0.b.weight", "norm"}) {
      llvm::cantFail(writer->declare(name, ElementKind::F32, {3, 10}));
    }
    for (const char *name : {"layers.0.a.weight", "layers.0.b.weight", "norm"}) {
      llvm::cantFail(writer->writeElements<float>(name, values));
    }
    llvm::cantFail(writer->commit());
  }

  /// Quantizes a copy of the module into the file `name`.
  bool quantize(llvm::StringRef recipe, llvm::StringRef name) {
    WorkspaceInputs inputs;
    inputs.weights = folder / "in";
    inputs.recipe = llvm::cantFail(recipe::loadRecipe(recipe));
    inputs.scratch = folder.path();
    auto workspace = llvm::cantFail(Workspace::open(std::move(inputs)));
    mlir::OwningOpRef<mlir::ModuleOp> copy = module->clone();
    mlir::PassManager manager(&context);
    manager.addPass(createQuantizePass());
    attachWorkspace(manager, *workspace);
    std::string before = print(*copy);
    if (mlir::failed(manager.run(*copy))) {
      EXPECT_EQ(print(*copy), before);
      return false;
    }
    auto writer = llvm::cantFail(SafetensorsWriter::create(folder / name));
    llvm::cantFail(writeReferencedTensors(*copy, *workspace->weights(), *writer));
    llvm::cantFail(writer->commit());
    reports = workspace->reports().vec();
    result = print(*copy);
    return true;
  }

  std::string print(mlir::ModuleOp op) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    op.print(stream);
    return text;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  TemporaryFolder folder;
  std::vector<float> values;
  std::vector<llvm::json::Object> reports;
  std::string result;
};

TEST_F(QuantizeTest, theStoreHoldsTheRoundedWeightsAndAllOthers) {
  ASSERT_TRUE(quantize("w4a8", "out"));
  auto out = llvm::cantFail(WeightStore::open(folder / "out"));
  EXPECT_EQ(out->names().vec(), (std::vector<std::string>{
                                    "layers.0.a.weight.codes", "layers.0.a.weight.scale",
                                    "layers.0.b.weight.codes", "layers.0.b.weight.scale", "norm"}));
  numerics::Scheme scheme{numerics::Encoding::integer(4), {1, 32}, numerics::FloatFormat::F16};
  auto expected = llvm::cantFail(numerics::quantizeTensor(values, {3, 10}, scheme));
  auto found = llvm::cantFail(readQuantized(*out, "layers.0.b.weight", scheme, {3, 10}));
  EXPECT_EQ(found.codes, expected.codes);
  EXPECT_EQ(found.scales, expected.scales);
  EXPECT_EQ(llvm::cantFail(out->readFloats("norm")), values);
}

TEST_F(QuantizeTest, twoRunsGiveTheSameBytes) {
  ASSERT_TRUE(quantize("w4a16-g32-asym", "first"));
  std::string first = result;
  ASSERT_TRUE(quantize("w4a16-g32-asym", "second"));
  EXPECT_EQ(folder.get("first"), folder.get("second"));
  EXPECT_EQ(result, first);
}

TEST_F(QuantizeTest, theReportNamesLayersAndFormats) {
  ASSERT_TRUE(quantize("w4a8", "out"));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(*reports[0].getString("pass"), "quench-quantize");
  const llvm::json::Array &layers = *reports[0].getArray("layers");
  ASSERT_EQ(layers.size(), 2u);
  const llvm::json::Object &layer = *layers[1].getAsObject();
  EXPECT_EQ(*layer.getString("layer"), "layers.0.b");
  EXPECT_EQ(*layer.getString("weights"), "i4 in groups of 32, f16 scales");
  EXPECT_GT(*layer.getNumber("signal_to_noise_db"), 15.0);
}

TEST_F(QuantizeTest, theFloatRecipeCopiesTheStoreAndLeavesTheModule) {
  ASSERT_TRUE(quantize("fp32", "out"));
  auto in = llvm::cantFail(WeightStore::open(folder / "in"));
  auto out = llvm::cantFail(WeightStore::open(folder / "out"));
  EXPECT_EQ(in->digest(), out->digest());
  EXPECT_EQ(result, print(*module));
}

TEST_F(QuantizeTest, failureLeavesTheModuleAndNoFile) {
  values[17] = std::nanf("");
  writeStore();
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    message = diagnostic.str();
    return mlir::success();
  });
  EXPECT_FALSE(quantize("w4a8", "out"));
  EXPECT_EQ(folder.list(), (std::vector<std::string>{"in"}));
  EXPECT_EQ(message, folder / "in" + ": tensor 'layers.0.a.weight': expected finite values, found "
                                     "nan at [1, 7]");
}

} // namespace

//===- ReferencedTensorsTest.cpp - The tensors that a module needs --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workspace/ReferencedTensors.h"

#include "../Support/TemporaryFolder.h"
#include "StoreFile.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

class ReferencedTensorsTest : public ::testing::Test {
protected:
  ReferencedTensorsTest() {
    context.loadDialect<QuenchDialect>();
    putStore(folder / "in", {{"a", {1, 2}}, {"b", {3}}, {"b.scale", {4}}, {"unused", {5}}});
  }

  /// Writes what `module` refers to into "out"; returns the error.
  std::string write(llvm::StringRef text) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    auto store = llvm::cantFail(WeightStore::open(folder / "in"));
    auto writer = llvm::cantFail(SafetensorsWriter::create(folder / "out"));
    if (llvm::Error error = writeReferencedTensors(*module, *store, *writer)) {
      std::string message = llvm::toString(std::move(error));
      std::string path = folder / "in";
      return message.find(path) == 0 ? "FILE" + message.substr(path.size()) : message;
    }
    llvm::cantFail(writer->commit());
    return "";
  }

  mlir::MLIRContext context;
  TemporaryFolder folder;
};

TEST_F(ReferencedTensorsTest, tensorsThatNobodyReadsAreLeftOut) {
  EXPECT_EQ(write(R"mlir(
    %b = quench.weight @b : tensor<1xf32>
    %a = quench.weight @a : tensor<2xf32>
    %again = quench.weight @a : tensor<2xf32>
  )mlir"),
            "");
  auto out = llvm::cantFail(WeightStore::open(folder / "out"));
  EXPECT_EQ(out->names().vec(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(llvm::cantFail(out->readFloats("a")), (std::vector<float>{1, 2}));
  EXPECT_EQ(out->metadata().at("origin"), "test");
}

TEST_F(ReferencedTensorsTest, tensorsThatAreMissingOrHaveTwoMeaningsAreRefused) {
  EXPECT_EQ(write("%c = quench.weight @c : tensor<1xf32>"),
            "FILE: tensor 'c': expected it in the weights, found no such tensor");
  EXPECT_EQ(write("%a = quench.weight @a : tensor<3xf32>"),
            "FILE: tensor 'a': expected shape [3], found [2]");
  EXPECT_EQ(write("%a = quench.weight @a : !quench.qtensor<2xf32, #quench.scheme<i8, block = [*], "
                  "scale = f32>>"),
            "FILE: tensor 'a.codes': expected it in the weights, found no such tensor");
  auto writer = llvm::cantFail(SafetensorsWriter::create(folder / "in"));
  llvm::cantFail(writer->declare("b.codes", ElementKind::U8, {1}));
  llvm::cantFail(writer->declare("b.scale", ElementKind::F32, {1}));
  llvm::cantFail(writer->writeElements<uint8_t>("b.codes", {1}));
  llvm::cantFail(writer->writeElements<float>("b.scale", {1}));
  llvm::cantFail(writer->commit());
  EXPECT_EQ(write(R"mlir(
    %b = quench.weight @b : !quench.qtensor<1xf32, #quench.scheme<i8, block = [*], scale = f32>>
    %s = quench.weight @b.scale : tensor<1xf32>
  )mlir"),
            "FILE: tensor 'b.scale': expected one use, found that it belongs to weight 'b' and to "
            "weight 'b.scale'");
}

} // namespace

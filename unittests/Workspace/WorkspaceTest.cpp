//===- WorkspaceTest.cpp - What the passes of a recipe share --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workspace/Workspace.h"

#include "../Support/TemporaryFolder.h"
#include "StoreFile.h"

#include "gtest/gtest.h"

using namespace quench;
using Floats = std::vector<float>;

namespace {

template <typename T> std::string failure(llvm::Expected<T> value) {
  return value ? "" : llvm::toString(value.takeError());
}

class WorkspaceTest : public ::testing::Test {
protected:
  WorkspaceTest() {
    inputs.weights = putStore(folder / "weights", {{"a", {1, 2}}, {"b", {3}}});
    inputs.archive = folder / "archive";
    inputs.scratch = folder.path();
    digest = llvm::cantFail(WeightStore::open(inputs.weights))->digest();
  }

  void putArchive(const std::string &model, uint64_t samples = 2) {
    calibration::CalibrationArchive archive;
    archive.modelDigest = model;
    archive.samples = samples;
    archive.totalSamples = 2;
    archive.data = {3, {1, 2, 3, 4, 5, 6}};
    llvm::cantFail(archive.statistics.observe("x", 0, {1.0f, -2.0f}, {2}));
    llvm::cantFail(archive.save(inputs.archive));
  }

  std::unique_ptr<Workspace> open() { return llvm::cantFail(Workspace::open(inputs)); }

  TemporaryFolder folder;
  WorkspaceInputs inputs;
  std::string digest;
};

TEST_F(WorkspaceTest, editsAddAndReplaceTensorsAndLeaveNoFiles) {
  std::vector<std::string> before = folder.list();
  {
    std::unique_ptr<Workspace> workspace = open();
    llvm::cantFail(workspace->edit([&](SafetensorsWriter &writer) {
      return putVectors(writer, {{"a", {7}}, {"c", {8, 9}}});
    }));
    // An edit may read what it replaces.
    llvm::cantFail(workspace->edit([&](SafetensorsWriter &writer) {
      Floats a = llvm::cantFail(workspace->weights()->readFloats("a"));
      return putVectors(writer, {{"a", {a[0] + 1}}});
    }));
    EXPECT_EQ(folder.list(), before);
    const WeightStore &weights = *workspace->weights();
    EXPECT_EQ(weights.names().vec(), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(llvm::cantFail(weights.readFloats("a")), Floats({8}));
    EXPECT_EQ(llvm::cantFail(weights.readFloats("b")), Floats({3}));
    EXPECT_EQ(llvm::cantFail(weights.readFloats("c")), Floats({8, 9}));
  }
  EXPECT_EQ(folder.list(), before);
}

TEST_F(WorkspaceTest, anEditThatFailsChangesNothing) {
  std::vector<std::string> before = folder.list();
  std::unique_ptr<Workspace> workspace = open();
  EXPECT_EQ(llvm::toString(workspace->edit([&](SafetensorsWriter &writer) {
              llvm::cantFail(putVectors(writer, {{"a", {7}}}));
              return llvm::createStringError("no more");
            })),
            "no more");
  // Declared and not written.
  EXPECT_NE(llvm::toString(workspace->edit([&](SafetensorsWriter &writer) {
              return writer.declare("a", ElementKind::F32, {2});
            })),
            "");
  EXPECT_EQ(llvm::cantFail(workspace->weights()->readFloats("a")), Floats({1, 2}));
  EXPECT_EQ(folder.list(), before);
  inputs.scratch = folder / "none";
  std::string text =
      llvm::toString(open()->edit([](SafetensorsWriter &) { return llvm::Error::success(); }));
  EXPECT_NE(text.find("cannot create a scratch file"), std::string::npos) << text;
}

TEST_F(WorkspaceTest, theArchiveGivesStatisticsAndSamples) {
  putArchive(digest);
  std::unique_ptr<Workspace> workspace = open();
  // The archive is about the weights that came in, not about what passes made of them.
  llvm::cantFail(
      workspace->edit([&](SafetensorsWriter &writer) { return putVectors(writer, {{"a", {7}}}); }));
  EXPECT_EQ(llvm::cantFail(workspace->statistics())->lookup("x")->range.min, -2.0f);
  EXPECT_EQ(llvm::cantFail(workspace->samples())->size(), 2u);
  calibration::Statistics fresh;
  llvm::cantFail(fresh.observe("x", 0, {5.0f}, {1}));
  workspace->setStatistics(fresh);
  EXPECT_EQ(llvm::cantFail(workspace->statistics())->lookup("x")->range.min, 5.0f);
}

TEST_F(WorkspaceTest, archivesThatDoNotFitAreRefused) {
  EXPECT_EQ(failure(open()->statistics()).find(inputs.archive + ": cannot open: "), 0u);
  putArchive("other");
  EXPECT_EQ(failure(open()->samples()), inputs.archive +
                                            ": expected statistics of the model with digest " +
                                            digest + ", found those of other; calibrate again");
  putArchive(digest, 1);
  EXPECT_EQ(failure(open()->statistics()),
            inputs.archive + ": expected statistics of 2 samples, found 1; finish the interrupted "
                             "calibration");
}

TEST_F(WorkspaceTest, whatIsMissingIsNamed) {
  std::unique_ptr<Workspace> workspace = llvm::cantFail(Workspace::open({}));
  EXPECT_EQ(workspace->weights(), nullptr);
  EXPECT_EQ(failure(workspace->requireWeights()),
            "expected a weight store, found no option 'weights'");
  EXPECT_EQ(
      llvm::toString(workspace->edit([](SafetensorsWriter &) { return llvm::Error::success(); })),
      "expected a weight store, found no option 'weights'");
  EXPECT_EQ(failure(workspace->recipe()), "expected a recipe, found no option 'recipe'");
  EXPECT_EQ(failure(workspace->statistics()),
            "expected a calibration archive, found no option 'archive'; `quench calibrate` makes "
            "one");
}

TEST_F(WorkspaceTest, reportsStayInOrder) {
  std::unique_ptr<Workspace> workspace = open();
  workspace->report(llvm::json::Object{{"pass", "one"}});
  workspace->report(llvm::json::Object{{"pass", "two"}});
  ASSERT_EQ(workspace->reports().size(), 2u);
  EXPECT_EQ(*workspace->reports()[1].getString("pass"), "two");
}

} // namespace

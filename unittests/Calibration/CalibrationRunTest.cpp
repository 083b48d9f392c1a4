//===- CalibrationRunTest.cpp - A calibration that can be interrupted -----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/CalibrationRun.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench;
using namespace quench::calibration;

namespace {

std::string message(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  return text.empty() ? "success" : text;
}

CalibrationRunOptions options(std::string path) {
  return {std::move(path), "model",        "data", /*totalSamples=*/10, {true, true, true, true},
          /*data=*/{},     /*saveEvery=*/4};
}

/// Runs samples until `stop`; returns the first error.
llvm::Error runUntil(CalibrationRun &run, uint64_t stop) {
  while (run.nextSample() < stop) {
    float value = std::sin(static_cast<float>(run.nextSample()));
    run.observe("x", {value, value / 3}, {2});
    run.observe("y", {value * 100}, {1});
    if (llvm::Error error = run.finishSample()) {
      return error;
    }
  }
  return llvm::Error::success();
}

TEST(CalibrationRunTest, aResumedRunEndsWithTheSameBytes) {
  TemporaryFolder folder;
  CalibrationRun whole = llvm::cantFail(CalibrationRun::begin(options(folder / "whole")));
  ASSERT_EQ(message(runUntil(whole, 10)), "success");
  {
    CalibrationRun killed = llvm::cantFail(CalibrationRun::begin(options(folder / "parts")));
    ASSERT_EQ(message(runUntil(killed, 3)), "success");
    EXPECT_EQ(folder.get("parts"), "<none>");
    ASSERT_EQ(message(runUntil(killed, 7)), "success");
  }
  CalibrationRun resumed = llvm::cantFail(CalibrationRun::begin(options(folder / "parts")));
  EXPECT_EQ(resumed.nextSample(), 4u);
  ASSERT_EQ(message(runUntil(resumed, 10)), "success");
  EXPECT_EQ(folder.get("parts"), folder.get("whole"));
  CalibrationRun done = llvm::cantFail(CalibrationRun::begin(options(folder / "parts")));
  EXPECT_EQ(done.nextSample(), 10u);
  EXPECT_EQ(message(done.finishSample()), "expected 10 samples, found one more");
}

TEST(CalibrationRunTest, anotherModelOrOtherDataStartOver) {
  TemporaryFolder folder;
  CalibrationRun first = llvm::cantFail(CalibrationRun::begin(options(folder / "a")));
  ASSERT_EQ(message(runUntil(first, 8)), "success");
  CalibrationRunOptions otherModel = options(folder / "a");
  otherModel.modelDigest = "model 2";
  EXPECT_EQ(llvm::cantFail(CalibrationRun::begin(otherModel)).nextSample(), 0u);
  CalibrationRunOptions otherData = options(folder / "a");
  otherData.dataDigest = "data 2";
  EXPECT_EQ(llvm::cantFail(CalibrationRun::begin(otherData)).nextSample(), 0u);
  CalibrationRunOptions otherTotal = options(folder / "a");
  otherTotal.totalSamples = 11;
  EXPECT_EQ(llvm::cantFail(CalibrationRun::begin(otherTotal)).nextSample(), 0u);
  CalibrationRunOptions otherKinds = options(folder / "a");
  otherKinds.kinds.gram = false;
  EXPECT_EQ(llvm::cantFail(CalibrationRun::begin(otherKinds)).nextSample(), 0u);
}

TEST(CalibrationRunTest, anArchiveOfTokensIsNotTakenForStatistics) {
  TemporaryFolder folder;
  CalibrationRunOptions tokens = options(folder / "a");
  tokens.kinds = llvm::cantFail(StatisticKinds::parse("tokens"));
  tokens.totalSamples = 2;
  tokens.data = {2, {1, 2, 3, 4}};
  CalibrationRun run = llvm::cantFail(CalibrationRun::begin(tokens));
  ASSERT_EQ(message(run.skipSamples()), "success");
  CalibrationArchive archive = llvm::cantFail(CalibrationArchive::load(folder / "a"));
  EXPECT_TRUE(archive.isComplete());
  EXPECT_TRUE(archive.statistics.edges().empty());
  EXPECT_EQ(archive.data.tokens, tokens.data.tokens);
  EXPECT_EQ(llvm::cantFail(CalibrationRun::begin(tokens)).nextSample(), 2u);
  CalibrationRunOptions statistics = tokens;
  statistics.kinds = llvm::cantFail(StatisticKinds::parse("none"));
  EXPECT_EQ(llvm::cantFail(CalibrationRun::begin(statistics)).nextSample(), 0u);
  // Edges in an archive that says it has none.
  llvm::cantFail(archive.statistics.observe("e", 0, {1.0f}, {1}));
  llvm::cantFail(archive.save(folder / "b"));
  EXPECT_EQ(message(CalibrationArchive::load(folder / "b").takeError()),
            folder / "b" + ": expected an archive of tokens alone, found edge 'e'");
}

TEST(CalibrationRunTest, anErrorEndsTheRunAndKeepsTheSavedArchive) {
  TemporaryFolder folder;
  CalibrationRun run = llvm::cantFail(CalibrationRun::begin(options(folder / "a")));
  ASSERT_EQ(message(runUntil(run, 7)), "success");
  const std::string saved = folder.get("a");
  run.observe("y", {1.0f, std::nanf("")}, {1, 2});
  run.observe("x", {1.0f}, {1});
  const char *expected = "edge 'y', sample 7: expected finite values, found nan at [0, 1]";
  EXPECT_EQ(message(run.finishSample()), expected);
  EXPECT_EQ(message(run.finishSample()), expected);
  EXPECT_EQ(run.nextSample(), 7u);
  EXPECT_EQ(folder.get("a"), saved);
}

TEST(CalibrationRunTest, aFileThatIsNoArchiveIsNotOverwritten) {
  TemporaryFolder folder;
  std::string path = folder.put("a", "my precious notes");
  std::string text = message(CalibrationRun::begin(options(path)).takeError());
  EXPECT_EQ(text.find(path + ": "), 0u) << text;
  EXPECT_NE(text.find(" (remove the file to start over)"), std::string::npos) << text;
  EXPECT_EQ(folder.get("a"), "my precious notes");
}

} // namespace

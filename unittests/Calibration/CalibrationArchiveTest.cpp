//===- CalibrationArchiveTest.cpp - Statistics on disk --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/CalibrationArchive.h"

#include "../Support/TemporaryFolder.h"
#include "quench/WeightStore/SafetensorsWriter.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench;
using namespace quench::calibration;

namespace {

std::string message(llvm::Error error) {
  std::string text = llvm::toString(std::move(error));
  return text.empty() ? "success" : text;
}

CalibrationArchive example(StatisticKinds kinds = {true, true, true, true}) {
  CalibrationArchive archive;
  archive.statistics = Statistics(kinds);
  archive.modelDigest = "m0";
  archive.dataDigest = "d0";
  archive.recipeDigest = "r0";
  archive.samples = 2;
  archive.totalSamples = 2;
  archive.data = {3, {1, 2, 3, 255, 0, 7}};
  for (const char *edge : {"layers.0.{k,q}", "layers.0", "layers.0-x"}) {
    llvm::cantFail(archive.statistics.observe(edge, 0, {1.5f, -2.25f, 0.1f, 1e-30f}, {2, 2}));
    llvm::cantFail(archive.statistics.observe(edge, 1, {3.0f, -0.5f}, {1, 2}));
  }
  return archive;
}

TEST(CalibrationArchiveTest, archivesAreReadBackExactly) {
  TemporaryFolder folder;
  llvm::cantFail(example().save(folder / "a"));
  llvm::cantFail(example().save(folder / "b"));
  EXPECT_EQ(folder.get("a"), folder.get("b"));
  CalibrationArchive archive = llvm::cantFail(CalibrationArchive::load(folder / "a"));
  EXPECT_EQ(archive.modelDigest, "m0");
  EXPECT_EQ(archive.dataDigest, "d0");
  EXPECT_EQ(archive.recipeDigest, "r0");
  EXPECT_TRUE(archive.isComplete());
  EXPECT_EQ(archive.data.size(), 2u);
  EXPECT_EQ(archive.data[1].vec(), (std::vector<int32_t>{255, 0, 7}));
  EXPECT_EQ(archive.data.digest(), example().data.digest());
  ASSERT_EQ(archive.statistics.edges().size(), 3u);
  const CalibrationArchive expected = example();
  const EdgeStatistics &before = *expected.statistics.lookup("layers.0.{k,q}");
  const EdgeStatistics &after = *archive.statistics.lookup("layers.0.{k,q}");
  EXPECT_EQ(after.count, 6u);
  EXPECT_EQ(after.channels, 2u);
  EXPECT_EQ(after.range.min, -2.25f);
  EXPECT_EQ(after.range.max, 3.0f);
  EXPECT_EQ(after.moments.mean, before.moments.mean);
  EXPECT_EQ(after.moments.squaredDeviations, before.moments.squaredDeviations);
  EXPECT_EQ(after.movingAverage.value, 2.25 + 0.1 * (3.0 - 2.25));
  EXPECT_EQ(after.movingAverage.count, 2u);
  EXPECT_EQ(after.perChannel.absmax, (std::vector<float>{3.0f, 2.25f}));
  EXPECT_EQ(after.perChannel.sum, before.perChannel.sum);
  EXPECT_EQ(after.perChannel.absSum, before.perChannel.absSum);
  EXPECT_TRUE(after.histogram == before.histogram);
  EXPECT_EQ(after.histogram.tinyCount(), 1u);
  EXPECT_EQ(after.gram, before.gram);
  llvm::cantFail(archive.save(folder / "c"));
  EXPECT_EQ(folder.get("a"), folder.get("c"));
}

TEST(CalibrationArchiveTest, onlyWhatWasAskedForIsKept) {
  TemporaryFolder folder;
  size_t size = 0;
  for (StatisticKinds kinds : {StatisticKinds{true, false, false, false},
                               {true, true, false, false},
                               {true, true, false, true},
                               {true, true, true, true}}) {
    llvm::cantFail(example(kinds).save(folder / "a"));
    size_t larger = folder.get("a").size();
    EXPECT_GT(larger, size);
    size = larger;
    CalibrationArchive archive = llvm::cantFail(CalibrationArchive::load(folder / "a"));
    EXPECT_EQ(archive.statistics.kinds().str(), kinds.str());
    EXPECT_EQ(archive.statistics.lookup("layers.0")->gram.empty(), !kinds.gram);
    llvm::cantFail(archive.save(folder / "b"));
    EXPECT_EQ(folder.get("a"), folder.get("b"));
  }
}

TEST(CalibrationArchiveTest, everyChangedByteIsNoticed) {
  TemporaryFolder folder;
  // Without histograms, which have many bytes.
  llvm::cantFail(example({true, true, false, true}).save(folder / "a"));
  const std::string good = folder.get("a");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 1;
    std::string path = folder.put("b", bad);
    std::string text = message(CalibrationArchive::load(path).takeError());
    EXPECT_EQ(text.find(path + ": "), 0u) << "byte " << i << ": " << text;
  }
  for (size_t size = 0; size < good.size(); size += 7) {
    std::string path = folder.put("b", good.substr(0, size));
    EXPECT_NE(message(CalibrationArchive::load(path).takeError()), "success") << size;
  }
}

TEST(CalibrationArchiveTest, damageIsTold) {
  TemporaryFolder folder;
  llvm::cantFail(example().save(folder / "a"));
  std::string bad = folder.get("a");
  bad.back() ^= 1;
  std::string path = folder.put("b", bad);
  std::string text = message(CalibrationArchive::load(path).takeError());
  EXPECT_EQ(text.find(path + ": expected contents with checksum "), 0u) << text;
  EXPECT_NE(text.find("; the archive is damaged, calibrate again"), std::string::npos) << text;
}

/// A file with these metadata and nothing else.
std::string metadataMessage(const std::map<std::string, std::string> &metadata) {
  TemporaryFolder folder;
  std::string path = folder / "a";
  std::unique_ptr<SafetensorsWriter> writer = llvm::cantFail(SafetensorsWriter::create(path));
  for (const auto &[key, value] : metadata) {
    llvm::cantFail(writer->setMetadata(key, value));
  }
  llvm::cantFail(writer->commit());
  std::string text = message(CalibrationArchive::load(path).takeError());
  return text.find(path) == 0 ? "FILE" + text.substr(path.size()) : text;
}

TEST(CalibrationArchiveTest, otherFilesAreRefused) {
  EXPECT_EQ(metadataMessage({}),
            "FILE: expected a calibration archive, found another safetensors file");
  EXPECT_EQ(metadataMessage({{"format", "pt"}}),
            "FILE: expected a calibration archive, found another safetensors file");
  EXPECT_EQ(metadataMessage({{"format", "quench-calibration"}}),
            "FILE: expected 'version' in the metadata of a calibration archive, found none");
  EXPECT_EQ(metadataMessage({{"format", "quench-calibration"}, {"version", "two"}}),
            "FILE: expected 'version' in the metadata to be a number, found 'two'");
  EXPECT_EQ(metadataMessage({{"format", "quench-calibration"}, {"version", "1"}}),
            "FILE: expected a calibration archive of version 3, found version 1; calibrate again");
  EXPECT_EQ(metadataMessage({{"format", "quench-calibration"}, {"version", "3"}}),
            "FILE: expected 'checksum' in the metadata of a calibration archive, found none");
}

/// What is said about the example with one edge changed, or with another file around it.
class ForgedArchive {
public:
  std::string refusal(llvm::function_ref<void(EdgeStatistics &)> forge) {
    CalibrationArchive archive = example();
    EdgeStatistics edge = *archive.statistics.lookup("layers.0");
    forge(edge);
    archive.statistics.set("layers.0", std::move(edge));
    llvm::cantFail(archive.save(path));
    return load();
  }

  std::string load() {
    std::string text = message(CalibrationArchive::load(path).takeError());
    return text.find(path) == 0 ? "FILE" + text.substr(path.size()) : text;
  }

  TemporaryFolder folder;
  std::string path = folder / "a";
};

TEST(CalibrationArchiveTest, statisticsThatNoDataHasAreRefused) {
  ForgedArchive forged;
  const std::string range =
      "FILE: edge 'layers.0': expected values, a finite ascending range and a "
      "variance that is not negative";
  EXPECT_EQ(forged.refusal([](EdgeStatistics &) {}), "success");
  EXPECT_EQ(forged.refusal([](EdgeStatistics &edge) { edge.count = 0; }), range);
  EXPECT_EQ(forged.refusal([](EdgeStatistics &edge) { edge.range.min = 4; }), range);
  EXPECT_EQ(forged.refusal([](EdgeStatistics &edge) { edge.range.max = HUGE_VALF; }), range);
  EXPECT_EQ(forged.refusal([](EdgeStatistics &edge) { edge.moments.mean = std::nan(""); }), range);
  EXPECT_EQ(forged.refusal([](EdgeStatistics &edge) { edge.moments.squaredDeviations = -1; }),
            range);
  for (uint64_t channels : {0, 4}) {
    EXPECT_EQ(forged.refusal([&](EdgeStatistics &edge) {
      edge.channels = channels;
      edge.perChannel.absmax.resize(channels);
      edge.perChannel.sum.resize(channels);
      edge.perChannel.absSum.resize(channels);
      edge.gram.resize(channels * channels);
    }),
              "FILE: edge 'layers.0': expected 6 values in rows of equal size, found rows of " +
                  std::to_string(channels));
  }
  for (double value : {-1.0, std::nan(""), HUGE_VAL}) {
    EXPECT_EQ(
        forged.refusal([&](EdgeStatistics &edge) { edge.movingAverage.value = value; }),
        "FILE: edge 'layers.0': expected batches and a moving average of their magnitudes that "
        "is finite and not negative");
  }
}

TEST(CalibrationArchiveTest, statisticsThatContradictEachOtherAreRefused) {
  ForgedArchive forged;
  EXPECT_EQ(
      forged.refusal([](EdgeStatistics &edge) { edge.perChannel.absmax[1] = -1; }),
      "FILE: edge 'layers.0': expected finite statistics of channels, and magnitudes that are "
      "not negative");
  EXPECT_EQ(
      forged.refusal([](EdgeStatistics &edge) { edge.perChannel.sum[0] = std::nan(""); }),
      "FILE: edge 'layers.0': expected finite statistics of channels, and magnitudes that are "
      "not negative");
  EXPECT_EQ(
      forged.refusal([](EdgeStatistics &edge) { edge.perChannel.absmax[0] = 2; }),
      "FILE: edge 'layers.0': expected channels and range to have the same largest magnitude");
  EXPECT_EQ(forged.refusal([](EdgeStatistics &edge) { edge.histogram.add({1.0f}); }),
            "FILE: edge 'layers.0': expected a histogram of 6 values, found one of 7");
  EXPECT_EQ(
      forged.refusal([](EdgeStatistics &edge) { edge.gram[1] += 1; }),
      "FILE: edge 'layers.0': expected a finite symmetric gram matrix with a diagonal that is "
      "not negative, found -4.875000 at [1, 0]");
  EXPECT_EQ(
      forged.refusal([](EdgeStatistics &edge) { edge.gram[3] = -1; }),
      "FILE: edge 'layers.0': expected a finite symmetric gram matrix with a diagonal that is "
      "not negative, found -1.000000 at [1, 1]");
}

TEST(CalibrationArchiveTest, tokensThatNoRunHadAreRefused) {
  TemporaryFolder folder;
  std::string path = folder / "a";
  auto refusal = [&](Samples data) {
    CalibrationArchive archive = example();
    archive.data = std::move(data);
    llvm::cantFail(archive.save(path));
    std::string text = message(CalibrationArchive::load(path).takeError());
    return text.find(path) == 0 ? "FILE" + text.substr(path.size()) : text;
  };
  EXPECT_EQ(refusal({}), "success");
  EXPECT_EQ(refusal({2, {1, 2, 3, -1}}),
            "FILE: tensor 'tokens': expected tokens that are not negative");
  EXPECT_EQ(refusal({2, {1, 2}}),
            "FILE: tensor 'tokens': expected I32 [2, window], found I32 [1, 2]");
}

TEST(CalibrationArchiveTest, staleAndUnfinishedArchivesSayWhatToDo) {
  CalibrationArchive archive = example();
  EXPECT_EQ(message(archive.requireModel("m0", "FILE")), "success");
  EXPECT_EQ(message(archive.requireModel("m1", "FILE")),
            "FILE: expected statistics of the model with digest m1, found those of m0; calibrate "
            "again");
  EXPECT_EQ(message(archive.requireComplete("FILE")), "success");
  archive.totalSamples = 5;
  EXPECT_EQ(message(archive.requireComplete("FILE")),
            "FILE: expected statistics of 5 samples, found 2; finish the interrupted calibration");
}

} // namespace

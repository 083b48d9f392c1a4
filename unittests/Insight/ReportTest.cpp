//===- ReportTest.cpp -----------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/Report.h"

#include "../Support/TemporaryFolder.h"
#include "SampleReport.h"
#include "quench/Numerics/OutlierStatistics.h"
#include "quench/Support/AtomicFile.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench;
using namespace quench::insight;
using llvm::StringRef;

namespace {

std::string errorOf(llvm::Expected<Report> report) {
  return report ? "" : llvm::toString(report.takeError());
}

/// The text of the sample report with a piece replaced.
std::string edited(StringRef what, StringRef by) {
  std::string text = printReport(sampleReport());
  size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << text;
  return text.replace(at, what.size(), by);
}

TEST(ReportTest, ReadsWhatItPrints) {
  Report report = sampleReport();
  report.evaluation.reset();
  std::string text = printReport(report);
  llvm::Expected<Report> read = parseReport(text, "r.json");
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(printReport(*read), text);
  EXPECT_EQ(read->model, "sample");
  EXPECT_EQ(read->layers[0].weight->kurtosis, 3.5);
  EXPECT_FALSE(read->layers[1].weightSqnr);
  EXPECT_EQ(read->edges[0].stages.size(), 2u);
  EXPECT_EQ(read->measurement->windows, 8u);
  EXPECT_EQ(read->certificate->getBoolean("exact"), true);
  EXPECT_EQ(read->passes[0].remarks[0].arguments.getString("Reason"), "why not");
}

TEST(ReportTest, MissingStagesStayMissing) {
  Report report = sampleReport();
  report.edges[0].stages[0].reset();
  llvm::Expected<Report> read = parseReport(printReport(report), "r.json");
  ASSERT_TRUE(static_cast<bool>(read));
  EXPECT_FALSE(read->edges[0].stages[0]);
  EXPECT_TRUE(read->edges[0].stages[1]);
}

TEST(ReportTest, FiguresComeFromStatistics) {
  numerics::OutlierStatistics statistics;
  statistics.add({1.0f, -1.0f, 1.0f, -8.0f});
  OutlierFigures figures = OutlierFigures::of(statistics);
  EXPECT_EQ(figures.absmax, 8.0);
  EXPECT_NEAR(*figures.ratio, 8.0, 0.05);
  EXPECT_TRUE(figures.kurtosis);
  EXPECT_FALSE(OutlierFigures::of({}).ratio);
}

TEST(ReportTest, PrintsJsonWhateverPassesRecord) {
  Report report;
  report.model = "\xff\xfe";
  report.passes.push_back({"p", "", {}, {}});
  report.passes[0].records.emplace_back();
  report.passes[0].records[0]["loss"] = std::numeric_limits<double>::quiet_NaN();
  report.passes[0].records[0]["deep"] =
      llvm::json::Array{llvm::json::Object{{"x", std::numeric_limits<double>::infinity()}}};
  llvm::Expected<Report> read = parseReport(printReport(report), "r.json");
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  EXPECT_TRUE(read->passes[0].records[0].get("loss")->getAsNull());
}

TEST(ReportTest, UnknownKeysAreIgnored) {
  EXPECT_EQ(errorOf(parseReport(edited("\"bytes\":", "\"news\": [1],\n\"bytes\":"), "r.json")), "");
}

TEST(ReportTest, RefusesWhatIsNoReport) {
  EXPECT_EQ(errorOf(parseReport("[1]", "r.json")),
            "r.json: expected a report of Quench, found other JSON");
  EXPECT_EQ(errorOf(parseReport(edited("\"version\": 1", "\"version\": 2"), "r.json")),
            "r.json: expected a report of version 1, found version 2");
  EXPECT_EQ(errorOf(parseReport(edited("\"version\": 1", "\"vers\": 1"), "r.json")),
            "r.json: expected a report of version 1, found none");
  EXPECT_TRUE(StringRef(errorOf(parseReport("{", "r.json"))).starts_with("r.json: line 1"));
  EXPECT_EQ(errorOf(parseReport(edited("\"bytes\": 1000", "\"bytes\": 1e999"), "r.json")),
            "r.json: expected finite numbers, found one that is not");
}

TEST(ReportTest, SaysWhichKeyIsWrong) {
  EXPECT_EQ(errorOf(parseReport(edited("\"name\": \"lm_head\"", "\"name\": 7"), "r.json")),
            "r.json: expected string at report.layers[1].name");
  EXPECT_EQ(errorOf(parseReport(edited("\"name\": \"lm_head\",", ""), "r.json")),
            "r.json: missing value at report.layers[1].name");
  EXPECT_EQ(errorOf(parseReport(edited("\"bytes\": 1000", "\"bytes\": -1"), "r.json")),
            "r.json: expected uint64_t at report.bytes");
}

TEST(ReportTest, StagesOfEdgesAreThoseOfTheReport) {
  EXPECT_EQ(errorOf(parseReport(edited("\"stage\": \"imported\"", "\"stage\": \"other\""), "r")),
            "r: expected stages of the report at report.edges[0].stages");
}

TEST(ReportTest, FoldersWithoutAReportSaySo) {
  TemporaryFolder folder;
  EXPECT_EQ(errorOf(readReport(folder.path())),
            folder.path() +
                ": expected a file report.json, found none; `quench quantize` writes it");
  EXPECT_EQ(errorOf(readReport(folder / "none")),
            folder.path() + "/none/report.json: cannot open: No such file or directory");
  llvm::cantFail(writeFileAtomically(folder / "report.json", printReport(sampleReport())));
  EXPECT_EQ(errorOf(readReport(folder.path())), "");
}

} // namespace

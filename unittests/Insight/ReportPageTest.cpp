//===- ReportPageTest.cpp -------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/ReportPage.h"

#include "SampleReport.h"

#include "gtest/gtest.h"

using namespace quench::insight;
using llvm::StringRef;

namespace {

bool contains(StringRef page, StringRef text) { return page.contains(text); }

TEST(ReportPageTest, ShowsFiguresAtAGlance) {
  std::string page = renderPage(sampleReport());
  EXPECT_TRUE(contains(page, "<h1>Quantization of sample</h1>"));
  EXPECT_TRUE(contains(page, "<dd>4.250<small>float: 4.050</small>"));
  EXPECT_TRUE(contains(page, "<dd>4.50<small>1 of 2 layers quantized</small>"));
  EXPECT_TRUE(contains(page, "<dd>6.00<small>max/median; as imported 120</small>"));
  EXPECT_TRUE(contains(page, "<title>a.0.x_proj: 17.2 dB</title>"));
  EXPECT_TRUE(contains(page, "<title>a.0.x_proj: 21.5 dB</title>"));
  EXPECT_TRUE(contains(page, "<title>a.0.x_proj: 19.5 dB</title></circle>"));
  EXPECT_TRUE(contains(page, "<title>a.0.x_proj: imported 120 → quench-rotate 6.00</title>"));
  EXPECT_TRUE(contains(page, "not done: why not – <code>lm_head</code>"));
  EXPECT_TRUE(contains(page, "<td class=\"number\" data-value=\"4.00\">8.00 → 4.00</td>"));
  EXPECT_TRUE(contains(page, "<th>loss</th>"));
}

TEST(ReportPageTest, VerdictsFollowTheDivergence) {
  Report report = sampleReport();
  EXPECT_EQ(verdictOf(report), Verdict::Close);
  report.evaluation->divergence = 0.5;
  EXPECT_EQ(verdictOf(report), Verdict::Degraded);
  report.evaluation->divergence = 2.0;
  EXPECT_EQ(verdictOf(report), Verdict::Collapsed);
  EXPECT_TRUE(contains(renderPage(report), ">collapsed</span>"));
  report.evaluation.reset();
  EXPECT_EQ(verdictOf(report), Verdict::Degraded);
  report.measurement->divergence.reset();
  EXPECT_EQ(verdictOf(report), Verdict::Collapsed);
  EXPECT_TRUE(contains(renderPage(report), "<dd>infinite<small>"));
  report.measurement.reset();
  EXPECT_EQ(verdictOf(report), Verdict::Unknown);
}

TEST(ReportPageTest, ComparesReportsInOneChart) {
  Report first = sampleReport(), second = sampleReport();
  second.recipeName = "w4-rotated";
  second.layers[0].outputSqnr = 30.0;
  second.layers.pop_back();
  std::string page = renderPage(std::vector<Report>{first, second});
  EXPECT_TRUE(contains(page, "<title>w4, a.0.x_proj: 17.2 dB</title>"));
  EXPECT_TRUE(contains(page, "<title>w4-rotated, a.0.x_proj: 30.0 dB</title>"));
  EXPECT_TRUE(contains(page, "<li class=\"s1\">w4-rotated</li>"));
  // Recipes of one name get numbers.
  EXPECT_TRUE(
      contains(renderPage(std::vector<Report>{first, first}), "<li class=\"s1\">w4 (2)</li>"));
}

TEST(ReportPageTest, NothingMeasuredIsNoChart) {
  Report report = sampleReport();
  report.measurement.reset();
  report.edges.clear();
  report.residual.clear();
  for (LayerReport &layer : report.layers) {
    layer.outputSqnr.reset();
  }
  std::string page = renderPage(report);
  EXPECT_FALSE(contains(page, "id=\"output-error\""));
  EXPECT_FALSE(contains(page, "id=\"activation-outliers\""));
  EXPECT_TRUE(contains(page, "id=\"weight-error\""));
  EXPECT_TRUE(contains(page, "finds a calibration archive"));
}

TEST(ReportPageTest, TextsOfReportsAreNoMarkup) {
  std::string hostile = "{{body}}\"><script>alert(1)</script><!--&";
  Report report = sampleReport();
  report.model = report.recipeName = report.recipeSummary = report.recipeText = hostile;
  report.stages = {hostile, hostile + "2"};
  report.certificate = llvm::json::Object{{hostile, hostile}, {"list", llvm::json::Array{hostile}}};
  for (LayerReport &layer : report.layers) {
    layer.name = layer.weights = layer.activations = layer.reason = hostile + layer.name;
    layer.metrics = llvm::json::Object{{hostile, hostile}};
  }
  report.edges[0].name = report.residual[0].name = hostile;
  PassReport &pass = report.passes[0];
  pass.pass = pass.summary = hostile;
  for (RemarkReport &remark : pass.remarks) {
    remark.name = remark.place = hostile;
    remark.arguments = llvm::json::Object{{hostile, hostile}, {"Reason", hostile}};
  }
  llvm::json::Array rows{llvm::json::Object{{hostile, hostile}}};
  pass.records.push_back(llvm::json::Object{{hostile, std::move(rows)}});
  for (size_t count : {1, 2}) {
    std::string page = renderPage(std::vector<Report>(count, report));
    EXPECT_FALSE(contains(page, "<script>alert"));
    EXPECT_FALSE(contains(page, "<!--"));
    EXPECT_FALSE(contains(page, "\"\">"));
    // The one script and the one style sheet are those of the template.
    EXPECT_EQ(StringRef(page).count("<script"), 1u);
    EXPECT_EQ(StringRef(page).count("<h1>"), 1u);
  }
}

TEST(ReportPageTest, EmptyReportsHaveAPage) {
  std::string page = renderPage(Report());
  EXPECT_TRUE(StringRef(page).starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(StringRef(page).ends_with("</html>\n"));
  EXPECT_EQ(page, renderPage(Report()));
}

} // namespace

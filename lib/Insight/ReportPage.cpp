//===- ReportPage.cpp - Reports as one page for people --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/ReportPage.h"

#include "Html.h"
#include "ReportCharts.h"
#include "ReportPageTemplate.h"
#include "ReportTables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace quench::insight {

static constexpr double closeDivergence = 0.1;
static constexpr double collapsedDivergence = 1.0;

static std::optional<double> divergenceOf(const Report &report) {
  if (report.evaluation && report.evaluation->divergence) {
    return report.evaluation->divergence;
  }
  return report.measurement ? report.measurement->divergence : std::nullopt;
}

Verdict verdictOf(const Report &report) {
  std::optional<double> divergence = divergenceOf(report);
  if (!divergence) {
    return report.measurement ? Verdict::Collapsed : Verdict::Unknown;
  }
  if (*divergence < closeDivergence) {
    return Verdict::Close;
  }
  return *divergence < collapsedDivergence ? Verdict::Degraded : Verdict::Collapsed;
}

static StringRef verdictHtml(Verdict verdict) {
  switch (verdict) {
  case Verdict::Unknown:
    return "";
  case Verdict::Close:
    return "<span class=\"verdict close\">close to float</span>";
  case Verdict::Degraded:
    return "<span class=\"verdict degraded\">degraded</span>";
  case Verdict::Collapsed:
    return "<span class=\"verdict collapsed\">collapsed</span>";
  }
  return "";
}

/// The largest ratio of all edges at their first or last stage.
static std::optional<double> largestRatio(const Report &report, bool atEnd) {
  std::optional<double> largest;
  for (const EdgeReport &edge : report.edges) {
    if (edge.stages.empty()) {
      continue;
    }
    const std::optional<OutlierFigures> &figures = atEnd ? edge.stages.back() : edge.stages.front();
    if (figures && figures->ratio) {
      largest = std::max(largest.value_or(0.0), *figures->ratio);
    }
  }
  return largest;
}

static std::string tile(StringRef name, StringRef value, StringRef comment = "") {
  std::string html = "<div><dt>" + name.str() + "</dt><dd>" + escapeHtml(value);
  if (!comment.empty()) {
    html += "<small>" + escapeHtml(comment) + "</small>";
  }
  return html + "</dd></div>\n";
}

static std::string evaluationTiles(const Report &report) {
  std::string html;
  if (report.evaluation) {
    const EvaluationReport &evaluation = *report.evaluation;
    html += tile("perplexity", fixedDigits(evaluation.perplexity, 3),
                 evaluation.baselinePerplexity
                     ? "float: " + fixedDigits(*evaluation.baselinePerplexity, 3)
                     : "");
    if (evaluation.divergence) {
      html += tile("divergence from float", fixedDigits(*evaluation.divergence, 4),
                   "nats, " + std::to_string(evaluation.tokens) + " tokens");
    }
  }
  if (report.measurement) {
    const MeasurementReport &measurement = *report.measurement;
    std::string where = std::to_string(measurement.windows) + " calibration windows";
    if (!report.evaluation || !report.evaluation->divergence) {
      html += tile("divergence from float",
                   measurement.divergence ? fixedDigits(*measurement.divergence, 4) : "infinite",
                   "nats, " + where);
    }
    html += tile("SQNR of logits", decibels(measurement.logitsSqnr) + " dB", where);
  }
  return html;
}

static std::string card(const Report &report, unsigned color, StringRef title) {
  std::string html = "<div class=\"card s" + std::to_string(color) + "\">" +
                     verdictHtml(verdictOf(report)).str() + "<h2>" + escapeHtml(title) +
                     "</h2>\n<p class=\"note\">" + escapeHtml(report.recipeSummary) +
                     "</p>\n<dl class=\"tiles\">\n";
  html += evaluationTiles(report);
  html += tile("bits per weight", fixedDigits(report.bitsPerWeight, 2),
               std::to_string(report.quantizedLayers) + " of " +
                   std::to_string(report.linearLayers) + " layers quantized");
  html += tile("size", megabytes(report.bytes));
  std::optional<double> before = largestRatio(report, false), after = largestRatio(report, true);
  if (before && after) {
    html += tile("worst activation outlier", threeDigits(*after),
                 "max/median; as imported " + threeDigits(*before));
  }
  return html + "</dl></div>\n";
}

/// What reports are called among each other: by recipe, with a number where that is not enough.
static std::vector<std::string> titlesOf(ArrayRef<Report> reports) {
  std::vector<std::string> titles;
  for (const Report &report : reports) {
    size_t same = count_if(reports, [&](const Report &other) {
      return &other < &report && other.recipeName == report.recipeName;
    });
    titles.push_back(report.recipeName + (same ? " (" + std::to_string(same + 1) + ")" : ""));
  }
  return titles;
}

static std::string headline(ArrayRef<Report> reports) {
  SmallVector<StringRef> models;
  for (const Report &report : reports) {
    if (!is_contained(models, report.model)) {
      models.push_back(report.model);
    }
  }
  return "Quantization of " + join(models, ", ");
}

/// Sections that each report has for itself.
static std::string ownSections(const Report &report, unsigned color, StringRef title,
                               bool isAlone) {
  std::string of = isAlone ? "" : " – " + escapeHtml(title);
  std::string html = "<div class=\"s" + std::to_string(color) + "\">\n";
  html += "<h2>Layers" + of + "</h2>\n";
  html += isAlone ? layerTable(report)
                  : "<details><summary>" + std::to_string(report.layers.size()) +
                        " layers</summary>" + layerTable(report) + "</details>\n";
  if (std::string edges = edgeTable(report); !edges.empty()) {
    html += "<details><summary>Activations at every stage</summary>" + edges + "</details>\n";
  }
  if (report.certificate) {
    html += "<h2>Certificate" + of + "</h2>\n" + describeJson(json::Object(*report.certificate));
  }
  html += "<details><summary>Recipe</summary><pre>" + escapeHtml(report.recipeText) +
          "</pre></details>\n";
  return html + "</div>\n";
}

static std::string renderBody(ArrayRef<Report> reports) {
  std::vector<std::string> titles = titlesOf(reports);
  std::string html = "<h1>" + escapeHtml(headline(reports)) + "</h1>\n<div class=\"columns\">\n";
  for (auto [index, report] : enumerate(reports)) {
    html += card(report, index, titles[index]);
  }
  html += "</div>\n";
  if (any_of(reports, [](const Report &r) { return verdictOf(r) != Verdict::Unknown; })) {
    html += "<p class=\"note\">Close to float: the divergence is below " +
            threeDigits(closeDivergence) + " nats per token; collapsed: it is at least " +
            fixedDigits(collapsedDivergence, 0) + ".</p>\n";
  }
  if (any_of(reports, [](const Report &report) { return !report.measurement; })) {
    html += "<p class=\"note\">Outputs and activations are measured when `quench quantize` finds "
            "a calibration archive.</p>\n";
  }
  if (reports.size() > 1) {
    html += "<ul class=\"legend\">";
    for (auto [index, title] : enumerate(titles)) {
      html += "<li class=\"s" + std::to_string(index) + "\">" + escapeHtml(title) + "</li>";
    }
    html += "</ul>\n";
  }
  html += outputErrorSection(reports, titles) + activationOutlierSection(reports, titles) +
          weightErrorSection(reports, titles) + weightOutlierSection(reports, titles);
  html += "<h2>Passes</h2>\n<div class=\"columns\">\n";
  for (auto [index, report] : enumerate(reports)) {
    html += "<div>" + (reports.size() > 1 ? "<h3>" + escapeHtml(titles[index]) + "</h3>" : "") +
            passList(report) + "</div>\n";
  }
  html += "</div>\n";
  for (auto [index, report] : enumerate(reports)) {
    html += ownSections(report, index, titles[index], reports.size() == 1);
  }
  return html;
}

std::string renderPage(ArrayRef<Report> reports) {
  // Texts are put in once, from left to right, so that theirs are no places to put texts.
  auto [head, rest] = reportPageTemplate().split("{{title}}");
  auto [middle, tail] = rest.split("{{body}}");
  return (head + escapeHtml(headline(reports)) + middle + renderBody(reports) + tail).str();
}

} // namespace quench::insight

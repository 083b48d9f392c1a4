//===- CommandReport.cpp - quench report ----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/ScoringFlags.h"
#include "quench/Driver/TextTable.h"
#include "quench/Insight/ReportPage.h"
#include "quench/Support/AtomicFile.h"
#include "quench/Workflow/WindowScorer.h"

#include <cmath>

using namespace llvm;
using namespace quench::workflow;
using quench::insight::Report;
using quench::insight::ScoreSums;

namespace quench::driver {

namespace {

class ReportCommand : public Command {
public:
  StringRef name() const override { return "report"; }
  StringRef summary() const override { return "show what happened to every layer, and why"; }
  StringRef description() const override {
    return "Reads the report.json that `quench quantize` left in each model folder. --html writes\n"
           "one page that needs nothing else; several models share its charts and stand side by\n"
           "side. With --data the models are scored too, as `quench eval` does.\n";
  }
  void declare(OptionTable &options) override {
    options.positionals("MODEL", models, insight::maxReportsOfPage, "quantized model folders");
    options.text("html", 0, "FILE", html, "write a page for people");
    declareScoring(options, scoring, OptionTable::Need::Optional);
  }
  Error run(const Console &console) override;

private:
  Error score(const Console &console, std::vector<Report> &reports) const;
  void print(const Console &console, ArrayRef<Report> reports) const;

  std::vector<std::string> models;
  std::string html;
  ScoringOptions scoring;
};

} // namespace

Error ReportCommand::score(const Console &console, std::vector<Report> &reports) const {
  if (scoring.data.empty()) {
    if (!scoring.baseline.empty()) {
      return createStringError("option '--baseline': expected option '--data' with it");
    }
    return Error::success();
  }
  Expected<WindowScorer> scorer = WindowScorer::open(scoring, console.host());
  if (!scorer) {
    return scorer.takeError();
  }
  for (auto [path, report] : zip_equal(models, reports)) {
    Expected<LoadedModel> loaded = LoadedModel::load(path, console.host());
    if (!loaded) {
      return loaded.takeError();
    }
    Expected<ScoreSums> sums = scorer->score(*loaded, path);
    if (!sums) {
      return sums.takeError();
    }
    insight::EvaluationReport evaluation;
    evaluation.tokens = sums->tokens();
    evaluation.nll = sums->nll();
    evaluation.perplexity = sums->perplexity();
    if (scorer->hasBaseline()) {
      evaluation.divergence = sums->divergence();
      evaluation.baselinePerplexity = std::exp(sums->baselineNll());
    }
    report.evaluation = evaluation;
  }
  return Error::success();
}

static std::string optionalNumber(const std::optional<double> &value, unsigned digits) {
  return value ? fixed(*value, digits) : "-";
}

/// Headline figures, one line for each model.
static void printModels(ArrayRef<std::string> models, ArrayRef<Report> reports,
                        raw_ostream &stream) {
  TextTable table({"model", "recipe", "bits/weight", "size", "logits SQNR dB", "kl", "perplexity"});
  for (auto [path, report] : zip_equal(models, reports)) {
    std::optional<double> sqnr, kl, perplexity;
    if (report.measurement) {
      sqnr = report.measurement->logitsSqnr;
      kl = report.measurement->divergence;
    }
    if (report.evaluation) {
      perplexity = report.evaluation->perplexity;
      kl = report.evaluation->divergence ? report.evaluation->divergence : kl;
    }
    table.addRow({path, report.recipeName, fixed(report.bitsPerWeight, 2), byteCount(report.bytes),
                  optionalNumber(sqnr, 1), optionalNumber(kl, 4), optionalNumber(perplexity, 4)});
  }
  table.print(stream);
}

static void printLayers(const Report &report, raw_ostream &stream) {
  TextTable table({"layer", "bits", "weight SQNR dB", "output SQNR dB", "weights", "activations"});
  for (const insight::LayerReport &layer : report.layers) {
    table.addRow({layer.name, fixed(layer.bitsPerWeight, 2), optionalNumber(layer.weightSqnr, 1),
                  optionalNumber(layer.outputSqnr, 1),
                  layer.weights.empty() ? "float" : layer.weights,
                  layer.activations.empty() ? "float" : layer.activations});
  }
  table.print(stream);
}

void ReportCommand::print(const Console &console, ArrayRef<Report> reports) const {
  if (console.json) {
    json::Array list;
    for (const Report &report : reports) {
      list.push_back(insight::toJSON(report));
    }
    json::Object object{{"reports", std::move(list)}};
    if (!html.empty()) {
      object["wrote"] = html;
    }
    console.printJson(std::move(object));
    return;
  }
  printModels(models, reports, console.out);
  if (!html.empty()) {
    console.out << "wrote " << html << '\n';
  } else if (reports.size() == 1) {
    console.out << '\n';
    printLayers(reports.front(), console.out);
  }
}

Error ReportCommand::run(const Console &console) {
  std::vector<Report> reports;
  for (const std::string &path : models) {
    Expected<Report> report = insight::readReport(path);
    if (!report) {
      return report.takeError();
    }
    reports.push_back(std::move(*report));
  }
  if (Error failure = score(console, reports)) {
    return failure;
  }
  if (!html.empty()) {
    if (Error failure = writeFileAtomically(html, insight::renderPage(reports))) {
      return failure;
    }
  }
  print(console, reports);
  return Error::success();
}

std::unique_ptr<Command> createReportCommand() { return std::make_unique<ReportCommand>(); }

} // namespace quench::driver

//===- CommandEval.cpp - quench eval ---------------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/MachineFlags.h"
#include "quench/Driver/ScoringFlags.h"
#include "quench/Driver/TextTable.h"
#include "quench/Workflow/FunctionScorer.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/ModelSize.h"
#include "quench/Workflow/WindowScorer.h"

#include <cmath>

using namespace llvm;
using namespace quench::workflow;
using quench::insight::ScoreSums;

namespace quench::driver {

namespace {

class EvalCommand : public Command {
public:
  StringRef name() const override { return "eval"; }
  StringRef summary() const override { return "measure perplexity, divergence and size"; }
  StringRef description() const override {
    return "The data is cut into windows that do not overlap; the rest is dropped. Each window\n"
           "is a sequence of its own, of which every token but the first is scored. The\n"
           "perplexity is exp(mean negative log-likelihood in nats); kl is the mean over the\n"
           "same tokens of sum_v p (ln p - ln q) with p from the baseline.\n"
           "A model that is no language model runs on samples of a file of tensors. Of the rows of "
           "its\n"
           "first result, top1 is the share whose largest element is at the place that the labels\n"
           "name, agreement the share where it is where the baseline has it; sqnr_db compares all\n"
           "elements with those of the baseline.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    declareMachine(options, machine);
    declareScoring(options, scoring, OptionTable::Need::Required);
    options.text("labels", 0, "FILE.npy", labels, "the right place in each row of the result");
  }
  Error run(const Console &console) override;

private:
  Error runFunction(const Console &console) const;
  void print(const Console &console, const ScoreSums &sums, uint64_t windows,
             const ModelSize &size) const;

  std::string model;
  workflow::MachineChoice machine;
  ScoringOptions scoring;
  std::string labels;
};

} // namespace

void EvalCommand::print(const Console &console, const ScoreSums &sums, uint64_t windows,
                        const ModelSize &size) const {
  bool compared = !scoring.baseline.empty();
  if (console.json) {
    json::Object object{{"perplexity", sums.perplexity()},
                        {"nll", sums.nll()},
                        {"kl", nullptr},
                        {"tokens", sums.tokens()},
                        {"windows", windows},
                        {"bits_per_weight", size.bitsPerWeight},
                        {"bytes", size.bytes},
                        {"linear_layers", size.linearLayers},
                        {"quantized_layers", size.quantizedLayers}};
    if (compared) {
      object["kl"] = sums.divergence();
      object["baseline_nll"] = sums.baselineNll();
      object["baseline_perplexity"] = std::exp(sums.baselineNll());
    }
    console.printJson(std::move(object));
    return;
  }
  TextTable table;
  table.addRow({"perplexity", fixed(sums.perplexity(), 4)});
  table.addRow({"nats per token", fixed(sums.nll(), 5)});
  if (compared) {
    table.addRow({"divergence from baseline", fixed(sums.divergence(), 5)});
    table.addRow({"baseline perplexity", fixed(std::exp(sums.baselineNll()), 4)});
  }
  table.addRow({"tokens scored", std::to_string(sums.tokens())});
  table.addRow({"bits per weight", fixed(size.bitsPerWeight, 2)});
  table.addRow({"bytes of weights", std::to_string(size.bytes)});
  table.print(console.out);
}

Error EvalCommand::runFunction(const Console &console) const {
  FunctionScoringOptions options{model,  machine,          scoring.data,
                                 labels, scoring.baseline, scoring.limit};
  Expected<FunctionScores> scores = scoreFunction(options, console.host());
  if (!scores) {
    return scores.takeError();
  }
  Expected<ModelSummary> summary = summarizeModel(model, console.host());
  if (!summary) {
    return summary.takeError();
  }
  const ModelSize &size = summary->size;
  json::Object object{{"samples", scores->samples},
                      {"rows", scores->rows},
                      {"bits_per_weight", size.bitsPerWeight},
                      {"bytes", size.bytes},
                      {"linear_layers", size.linearLayers},
                      {"quantized_layers", size.quantizedLayers}};
  TextTable table;
  auto add = [&](StringRef key, StringRef text, const std::optional<double> &value, int digits) {
    if (value) {
      object[key] = *value;
      table.addRow({text.str(), fixed(*value, digits)});
    }
  };
  add("top1", "top-1", scores->top1, 4);
  add("baseline_top1", "top-1 of the baseline", scores->baselineTop1, 4);
  add("agreement", "agreement with the baseline", scores->agreement, 4);
  add("sqnr_db", "signal to noise (dB)", scores->signalToNoise, 2);
  if (console.json) {
    console.printJson(std::move(object));
    return Error::success();
  }
  table.addRow({"samples", std::to_string(scores->samples)});
  table.addRow({"bits per weight", fixed(size.bitsPerWeight, 2)});
  table.addRow({"bytes of weights", std::to_string(size.bytes)});
  table.print(console.out);
  return Error::success();
}

Error EvalCommand::run(const Console &console) {
  if (isFunctionModel(model, console.host())) {
    return runFunction(console);
  }
  if (!labels.empty()) {
    return createStringError("option '--labels': expected a function on tensors, found " + model);
  }
  Expected<WindowScorer> scorer = WindowScorer::open(scoring, console.host());
  if (!scorer) {
    return scorer.takeError();
  }
  Expected<LoadedModel> loaded = LoadedModel::load(model, console.host(), machine);
  if (!loaded) {
    return loaded.takeError();
  }
  Expected<ScoreSums> sums = scorer->score(*loaded, model);
  if (!sums) {
    return sums.takeError();
  }
  print(console, *sums, scorer->windows(), measureModel(*loaded->folder));
  return Error::success();
}

std::unique_ptr<Command> createEvalCommand() { return std::make_unique<EvalCommand>(); }

} // namespace quench::driver

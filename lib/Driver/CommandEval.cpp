//===- CommandEval.cpp - quench eval ---------------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/LoadedModel.h"
#include "quench/Driver/ModelSize.h"
#include "quench/Driver/TextTable.h"
#include "quench/Driver/TokenFile.h"
#include "quench/Driver/TokenScores.h"

#include <cmath>
#include <optional>

using namespace llvm;

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
           "same tokens of sum_v p (ln p - ln q) with p from the baseline.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    options.text("data", 'd', "FILE", data, "a file of tokens (.bin, .u16 or .npy)",
                 OptionTable::Need::Required);
    options.integer("window", "N", window, 2, INT32_MAX, "tokens of a window (default 256)");
    options.text("baseline", 'b', "MODEL", baseline, "a model folder to compare with");
    options.integer("limit", "N", limit, 1, INT64_MAX, "only the first N windows");
  }
  Error run(const Console &console) override;

private:
  Error checkModel(const LoadedModel &loaded, StringRef path) const;
  Expected<ScoreSums> score(const Console &console, Session &session, Session *reference,
                            const TokenFile &file, uint64_t windows) const;
  void print(const Console &console, const ScoreSums &sums, uint64_t windows,
             const ModelSize &size) const;

  std::string model;
  std::string data;
  std::string baseline;
  int64_t window = 256;
  int64_t limit = INT64_MAX;
};

} // namespace

Error EvalCommand::checkModel(const LoadedModel &loaded, StringRef path) const {
  if (window > loaded.folder->maxPositions()) {
    return createStringError("option '--window': expected at most " +
                             Twine(loaded.folder->maxPositions()) +
                             ", the number of positions of " + path + ", found " + Twine(window));
  }
  return Error::success();
}

/// The logits of all tokens of a window, in a sequence of its own.
static Expected<std::vector<float>> runWindow(Session &session, ArrayRef<int32_t> tokens) {
  std::vector<float> logits(tokens.size() * session.vocabSize());
  SessionState state = session.newState();
  if (Error failure = session.run(state, tokens, 0, logits)) {
    return failure;
  }
  return logits;
}

Expected<ScoreSums> EvalCommand::score(const Console &console, Session &session, Session *reference,
                                       const TokenFile &file, uint64_t windows) const {
  ScoreSums sums;
  Progress progress("eval", windows, "windows", /*enabled=*/true, console.err);
  for (uint64_t i = 0; i < windows; ++i) {
    Expected<std::vector<int32_t>> tokens = file.read(i * window, window, session.vocabSize());
    if (!tokens) {
      return tokens.takeError();
    }
    Expected<std::vector<float>> logits = runWindow(session, *tokens);
    if (!logits) {
      return inContext(model + ": window " + Twine(i), logits.takeError());
    }
    std::vector<float> referenceLogits;
    if (reference) {
      Expected<std::vector<float>> made = runWindow(*reference, *tokens);
      if (!made) {
        return inContext(baseline + ": window " + Twine(i), made.takeError());
      }
      referenceLogits = std::move(*made);
    }
    if (Error failure = sums.addWindow(*tokens, *logits, referenceLogits)) {
      return inContext(model + ": window " + Twine(i), std::move(failure));
    }
    progress.advance();
  }
  progress.finish();
  return sums;
}

void EvalCommand::print(const Console &console, const ScoreSums &sums, uint64_t windows,
                        const ModelSize &size) const {
  bool compared = !baseline.empty();
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

Error EvalCommand::run(const Console &console) {
  Expected<TokenFile> file = TokenFile::open(data);
  if (!file) {
    return file.takeError();
  }
  uint64_t windows = std::min<uint64_t>(file->size() / window, limit);
  if (windows == 0) {
    return createStringError(data + ": expected at least one window of " + Twine(window) +
                             " tokens, found " + Twine(file->size()) + " tokens");
  }
  Expected<LoadedModel> loaded = LoadedModel::load(model, console);
  if (!loaded) {
    return loaded.takeError();
  }
  if (Error failure = checkModel(*loaded, model)) {
    return failure;
  }
  std::optional<LoadedModel> reference;
  if (!baseline.empty()) {
    Expected<LoadedModel> opened = LoadedModel::load(baseline, console);
    if (!opened) {
      return opened.takeError();
    }
    if (Error failure = checkModel(*opened, baseline)) {
      return failure;
    }
    if (opened->folder->vocabSize() != loaded->folder->vocabSize()) {
      return createStringError(baseline + ": expected the vocabulary of " + model + ", " +
                               Twine(loaded->folder->vocabSize()) + " tokens, found " +
                               Twine(opened->folder->vocabSize()));
    }
    reference = std::move(*opened);
  }
  Expected<ScoreSums> sums = score(console, *loaded->session,
                                   reference ? reference->session.get() : nullptr, *file, windows);
  if (!sums) {
    return sums.takeError();
  }
  print(console, *sums, windows, measureModel(*loaded->folder));
  return Error::success();
}

std::unique_ptr<Command> createEvalCommand() { return std::make_unique<EvalCommand>(); }

} // namespace quench::driver

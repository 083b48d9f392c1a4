//===- WindowScorer.cpp - Scoring models on a file of tokens --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/WindowScorer.h"

using namespace llvm;
using quench::insight::ScoreSums;

namespace quench::workflow {

Expected<WindowScorer> WindowScorer::open(ScoringOptions options, const Host &host) {
  Expected<TokenFile> file = TokenFile::open(options.data);
  if (!file) {
    return file.takeError();
  }
  WindowScorer scorer(std::move(options), host, std::move(*file));
  const ScoringOptions &own = scorer.options;
  scorer.numWindows = std::min<uint64_t>(scorer.file.size() / own.window, own.limit);
  if (scorer.numWindows == 0) {
    return createStringError(own.data + ": expected at least one window of " + Twine(own.window) +
                             " tokens, found " + Twine(scorer.file.size()) + " tokens");
  }
  if (!own.baseline.empty()) {
    Expected<LoadedModel> loaded = LoadedModel::load(own.baseline, host);
    if (!loaded) {
      return loaded.takeError();
    }
    if (Error failure = scorer.checkPositions(*loaded->folder, own.baseline)) {
      return std::move(failure);
    }
    scorer.baseline = std::move(*loaded);
  }
  return std::move(scorer);
}

Error WindowScorer::checkPositions(const ModelFolder &folder, StringRef path) const {
  if (options.window > folder.maxPositions()) {
    return createStringError("window: expected at most " + Twine(folder.maxPositions()) +
                             ", the number of positions of " + path + ", found " +
                             Twine(options.window));
  }
  return Error::success();
}

/// The logits of all tokens of a window, in a sequence of its own.
static Expected<std::vector<float>> runWindow(Session &session, ArrayRef<int32_t> tokens) {
  std::vector<float> logits(tokens.size() * session.vocabSize());
  SessionState state = session.newState();
  if (Error failure = session.run(state, tokens, 0, logits)) {
    return std::move(failure);
  }
  return logits;
}

Error WindowScorer::scoreWindow(uint64_t index, const LoadedModel &model, StringRef path,
                                ScoreSums &sums) const {
  Session &session = *model.session;
  Expected<std::vector<int32_t>> tokens =
      file.read(index * options.window, options.window, session.vocabSize());
  if (!tokens) {
    return tokens.takeError();
  }
  Expected<std::vector<float>> logits = runWindow(session, *tokens);
  if (!logits) {
    return inContext(path + ": window " + Twine(index), logits.takeError());
  }
  std::vector<float> reference;
  if (baseline) {
    Expected<std::vector<float>> made = runWindow(*baseline->session, *tokens);
    if (!made) {
      return inContext(options.baseline + ": window " + Twine(index), made.takeError());
    }
    reference = std::move(*made);
  }
  return inContext(path + ": window " + Twine(index), sums.addWindow(*tokens, *logits, reference));
}

Expected<ScoreSums> WindowScorer::score(const LoadedModel &model, StringRef path) const {
  if (Error failure = checkPositions(*model.folder, path)) {
    return std::move(failure);
  }
  if (baseline && baseline->folder->vocabSize() != model.folder->vocabSize()) {
    return createStringError(options.baseline + ": expected the vocabulary of " + path + ", " +
                             Twine(model.folder->vocabSize()) + " tokens, found " +
                             Twine(baseline->folder->vocabSize()));
  }
  ScoreSums sums;
  Progress progress("eval", numWindows, "windows", host.progress);
  for (uint64_t i = 0; i < numWindows; ++i) {
    if (Error failure = scoreWindow(i, model, path, sums)) {
      return std::move(failure);
    }
    if (Error failure = progress.advance()) {
      return std::move(failure);
    }
  }
  progress.finish();
  return sums;
}

} // namespace quench::workflow

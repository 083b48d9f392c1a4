//===- WindowScorer.h - Scoring models on a file of tokens ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The data is cut into windows that do not overlap; the rest is dropped. Each window is a sequence
// of its own, of which every token but the first is scored.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_WINDOWSCORER_H
#define QUENCH_WORKFLOW_WINDOWSCORER_H

#include "quench/Insight/TokenScores.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/TokenFile.h"

#include <optional>

namespace quench::workflow {

/// How models are scored.
struct ScoringOptions {
  std::string data;
  std::string baseline;
  int64_t window = 256;
  int64_t limit = INT64_MAX;
};

class WindowScorer {
public:
  /// Opens the data and compiles the baseline, if there is one. What `host` refers to outlives the
  /// scorer.
  static llvm::Expected<WindowScorer> open(ScoringOptions options, const Host &host);

  uint64_t windows() const { return numWindows; }
  bool hasBaseline() const { return baseline.has_value(); }

  /// Runs `model`, which was loaded from `path`, on all windows. Errors: it has fewer positions
  /// than a window, another vocabulary than the baseline or the data, or computes NaN or infinity.
  llvm::Expected<insight::ScoreSums> score(const LoadedModel &model, llvm::StringRef path) const;

private:
  WindowScorer(ScoringOptions options, const Host &host, TokenFile file)
      : options(std::move(options)), host(host), file(std::move(file)) {}

  llvm::Error checkPositions(const ModelFolder &folder, llvm::StringRef path) const;
  llvm::Error scoreWindow(uint64_t index, const LoadedModel &model, llvm::StringRef path,
                          insight::ScoreSums &sums) const;

  ScoringOptions options;
  Host host;
  TokenFile file;
  uint64_t numWindows = 0;
  std::optional<LoadedModel> baseline;
};

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_WINDOWSCORER_H

//===- FunctionScorer.h - Scoring functions on samples ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first result of a function, its rows along the last axis, is compared with labels and with
// that of a baseline.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_FUNCTIONSCORER_H
#define QUENCH_WORKFLOW_FUNCTIONSCORER_H

#include "quench/Workflow/Host.h"
#include "quench/Workflow/LoadedModel.h"

#include <optional>
#include <string>

namespace quench::workflow {

/// How functions are scored.
struct FunctionScoringOptions {
  std::string model;
  MachineChoice machine;
  /// See FunctionData.h.
  std::string data;
  /// A `.npy` file of integers, one for each row; may be empty.
  std::string labels;
  /// Another model folder; may be empty.
  std::string baseline;
  int64_t limit = INT64_MAX;
};

/// What was measured. Shares are of all rows.
struct FunctionScores {
  uint64_t samples = 0;
  uint64_t rows = 0;
  /// Rows whose largest element is the one that the label names; the first of equals counts.
  std::optional<double> top1, baselineTop1;
  /// Rows with the largest element at the same place as the baseline has it.
  std::optional<double> agreement;
  /// `10 log10` of the power of the baseline's elements by that of the difference; none without a
  /// difference.
  std::optional<double> signalToNoise;
};

/// Runs the model, and the baseline, on the first `limit` samples. Errors: another number of labels
/// than rows, one that names no element, a baseline with another result.
llvm::Expected<FunctionScores> scoreFunction(const FunctionScoringOptions &options,
                                             const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_FUNCTIONSCORER_H

//===- ScoringFlags.cpp - Options of commands that score ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/ScoringFlags.h"

void quench::driver::declareScoring(OptionTable &options, workflow::ScoringOptions &scoring,
                                    OptionTable::Need data) {
  options.text("data", 'd', "FILE", scoring.data, "a file of tokens (.bin, .u16 or .npy)", data);
  options.integer("window", "N", scoring.window, 2, INT32_MAX, "tokens of a window (default 256)");
  options.text("baseline", 'b', "MODEL", scoring.baseline, "a model folder to compare with");
  options.integer("limit", "N", scoring.limit, 1, INT64_MAX, "only the first N windows");
}

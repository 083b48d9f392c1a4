//===- ScoringFlags.h - Options of commands that score ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_SCORINGFLAGS_H
#define QUENCH_DRIVER_SCORINGFLAGS_H

#include "quench/Driver/OptionTable.h"
#include "quench/Workflow/WindowScorer.h"

namespace quench::driver {

/// --data, --window, --baseline and --limit; `data` says whether the first is required.
void declareScoring(OptionTable &options, workflow::ScoringOptions &scoring,
                    OptionTable::Need data);

} // namespace quench::driver

#endif // QUENCH_DRIVER_SCORINGFLAGS_H

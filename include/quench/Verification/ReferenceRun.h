//===- ReferenceRun.h - Any function, evaluated on inputs of its own -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_VERIFICATION_REFERENCERUN_H
#define QUENCH_VERIFICATION_REFERENCERUN_H

#include "quench/Verification/RebaseJournal.h"
#include "quench/WeightStore/WeightStore.h"

#include <functional>

namespace quench {

/// Evaluates all functions of a module with bodies, by the reference evaluator, on inputs that only
/// depend on their types: floats that are normally distributed, tokens inside of the tables that
/// they select from, positions and other scalars of 0, caches of zeros, and `rows` where a
/// dimension is open. The results that count are all tensors of floats; of causal language models
/// only the logits, because their caches are their own. Fails on what the evaluator does not know,
/// and on arguments of other types. `weights` is asked before each run, and may be null for
/// constants in the IR.
RunModel referenceRun(std::function<const WeightStore *()> weights, int64_t rows);

} // namespace quench

#endif // QUENCH_VERIFICATION_REFERENCERUN_H

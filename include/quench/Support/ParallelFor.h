//===- ParallelFor.h - Independent pieces of work on threads ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads take the pieces in any order, so results may depend neither on the order nor on the
// number of threads: a piece writes only what is its own. Threads are started for the call (tens of
// microseconds each); a piece should be worth a millisecond.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_PARALLELFOR_H
#define QUENCH_SUPPORT_PARALLELFOR_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstddef>

namespace quench {

/// Calls `work(0)` to `work(count - 1)`, each once, on at most `threads` threads, of which the
/// calling thread is one. 0 threads mean one for each core. Returns when all are done.
void parallelFor(unsigned threads, size_t count, llvm::function_ref<void(size_t)> work);

} // namespace quench

#endif // QUENCH_SUPPORT_PARALLELFOR_H

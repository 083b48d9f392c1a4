//===- RepeatedPasses.h - Time something again and again --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_REPEATEDPASSES_H
#define QUENCH_DRIVER_REPEATEDPASSES_H

#include "quench/Driver/Command.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <vector>

namespace quench::driver {

/// Calls `pass` once to warm up, then for a second, at least five times and at most 200. `unit`
/// names passes in the line of progress.
llvm::Error repeatPasses(const Console &console, llvm::StringRef unit,
                         llvm::function_ref<llvm::Error()> pass);

/// Of what was measured in each pass, all but the first.
double medianOfPasses(std::vector<double> values);

/// Threads that a command takes.
unsigned numThreads(const Console &console);

} // namespace quench::driver

#endif // QUENCH_DRIVER_REPEATEDPASSES_H

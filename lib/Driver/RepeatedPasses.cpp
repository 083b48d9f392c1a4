//===- RepeatedPasses.cpp - Time something again and again ---------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/RepeatedPasses.h"

#include "quench/Support/Progress.h"

#include "llvm/ADT/STLExtras.h"

#include <chrono>
#include <thread>

using namespace llvm;

namespace quench::driver {

static constexpr size_t leastPasses = 5;
static constexpr size_t mostPasses = 200;
static constexpr double secondsOfPasses = 1.0;

Error repeatPasses(const Console &console, StringRef unit, function_ref<Error()> pass) {
  using Clock = std::chrono::steady_clock;
  Progress progress("bench", 0, unit, /*enabled=*/true, console.err);
  double total = 0;
  for (size_t i = 0; i <= mostPasses && (i <= leastPasses || total < secondsOfPasses); ++i) {
    Clock::time_point begin = Clock::now();
    if (Error failure = pass()) {
      return failure;
    }
    if (i > 0) {
      total += std::chrono::duration<double>(Clock::now() - begin).count();
    }
    if (Error failure = progress.advance()) {
      return failure;
    }
  }
  progress.finish();
  return Error::success();
}

double medianOfPasses(std::vector<double> values) {
  values.erase(values.begin());
  llvm::sort(values);
  size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

unsigned numThreads(const Console &console) {
  return console.threads ? static_cast<unsigned>(console.threads)
                         : std::max(1u, std::thread::hardware_concurrency());
}

} // namespace quench::driver

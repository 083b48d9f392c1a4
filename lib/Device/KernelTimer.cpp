//===- KernelTimer.cpp - What kernels take on a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTimer.h"

#include "llvm/ADT/STLExtras.h"

#include <tuple>

using namespace llvm;
using namespace quench;

KernelTimer::~KernelTimer() = default;

Error KernelTimer::end(const DeviceKernelHandle *kernel) {
  launched.push_back(kernel);
  return record(2 * launched.size() - 1);
}

Error KernelTimer::collect() {
  std::vector<const DeviceKernelHandle *> ended;
  std::swap(ended, launched);
  for (size_t i = 0; i < ended.size(); ++i) {
    Expected<double> seconds = elapsed(2 * i, 2 * i + 1);
    if (!seconds) {
      return seconds.takeError();
    }
    const std::string &name = ended[i]->signature.name;
    KernelTime &sum = sums[name];
    sum.name = name;
    sum.launches += 1;
    sum.seconds += *seconds;
  }
  return Error::success();
}

std::vector<KernelTime> KernelTimer::times() const {
  std::vector<KernelTime> result;
  for (const auto &[name, sum] : sums) {
    result.push_back(sum);
  }
  llvm::sort(result, [](const KernelTime &a, const KernelTime &b) {
    return std::tie(b.seconds, a.name) < std::tie(a.seconds, b.name);
  });
  return result;
}

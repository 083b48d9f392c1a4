//===- KernelProfile.cpp - Where time on a device goes --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/KernelProfile.h"

#include "quench/Driver/TextTable.h"

#include <chrono>

using namespace llvm;

namespace quench::driver {

static constexpr int64_t profiledPasses = 5;

double KernelProfile::deviceSeconds() const {
  double sum = 0;
  for (const KernelTime &kernel : kernels) {
    sum += kernel.seconds;
  }
  return sum;
}

void KernelProfile::print(raw_ostream &stream, StringRef phase, StringRef call) const {
  stream << '\n'
         << phase << " keeps " << device << " busy for " << fixed(busy(), 2) << " of the time\n";
  std::string launches = ("launches/" + call).str();
  TextTable table({"share", launches, "us/launch", "kernel"});
  for (const KernelTime &kernel : kernels) {
    auto count = static_cast<double>(kernel.launches);
    table.addRow({fixed(kernel.seconds / deviceSeconds(), 3), shortest(count / calls),
                  fixed(1e6 * kernel.seconds / count, 1), kernel.name});
  }
  if (!kernels.empty()) {
    table.print(stream);
  }
}

void KernelProfile::addTo(json::Object &object, StringRef prefix) const {
  json::Array list;
  for (const KernelTime &kernel : kernels) {
    auto count = static_cast<double>(kernel.launches);
    list.push_back(json::Object{{"kernel", kernel.name},
                                {"share", kernel.seconds / deviceSeconds()},
                                {"launches_per_call", count / calls},
                                {"us_per_launch", 1e6 * kernel.seconds / count}});
  }
  object[(prefix + "kernels").str()] = std::move(list);
  object[(prefix + "device_busy").str()] = busy();
}

Expected<std::optional<KernelProfile>> profileKernels(const Console &console, Device &device,
                                                      int64_t calls, function_ref<Error()> pass) {
  if (Error noClock = device.startTiming()) {
    console.host().warn(toString(std::move(noClock)));
    return std::nullopt;
  }
  KernelProfile profile;
  profile.device = device.name().str();
  profile.calls = static_cast<double>(profiledPasses * calls);
  auto begin = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < profiledPasses; ++i) {
    if (Error failure = pass()) {
      return std::move(failure);
    }
  }
  profile.wallSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (Error failure = device.stopTiming().moveInto(profile.kernels)) {
    return std::move(failure);
  }
  return profile;
}

} // namespace quench::driver

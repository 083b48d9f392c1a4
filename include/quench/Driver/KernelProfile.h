//===- KernelProfile.h - Where time on a device goes ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_KERNELPROFILE_H
#define QUENCH_DRIVER_KERNELPROFILE_H

#include "quench/Device/Device.h"
#include "quench/Driver/Command.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>

namespace quench::driver {

/// What kernels took in some passes, which are apart from those that give rates: to measure kernels
/// takes time itself.
struct KernelProfile {
  std::string device;
  /// The longest first.
  std::vector<KernelTime> kernels;
  /// Calls of the model in all passes, and how long these took.
  double calls = 0;
  double wallSeconds = 0;

  double deviceSeconds() const;
  /// The share of the time in which a kernel ran.
  double busy() const { return deviceSeconds() / wallSeconds; }

  /// A table with a heading: `phase` is what ran, `call` the name of one call.
  void print(llvm::raw_ostream &stream, llvm::StringRef phase, llvm::StringRef call) const;
  /// Adds PREFIXkernels and PREFIXdevice_busy.
  void addTo(llvm::json::Object &object, llvm::StringRef prefix) const;
};

/// Runs `pass`, which calls the model `calls` times, and was run before. There is no profile, but a
/// warning, when the device has no clock.
llvm::Expected<std::optional<KernelProfile>> profileKernels(const Console &console, Device &device,
                                                            int64_t calls,
                                                            llvm::function_ref<llvm::Error()> pass);

} // namespace quench::driver

#endif // QUENCH_DRIVER_KERNELPROFILE_H

//===- KernelTimer.h - What kernels take on a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A device stamps the time before and behind each launch, in the order in which it runs them, and
// the host reads the stamps when it has waited. So a wait begins anew with the first stamp, and
// there are as many as the longest stretch between two waits needs.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_KERNELTIMER_H
#define QUENCH_LIB_DEVICE_KERNELTIMER_H

#include "quench/Device/Device.h"

#include <map>

namespace quench {

class KernelTimer {
public:
  virtual ~KernelTimer();

  /// Around each launch.
  llvm::Error begin() { return record(2 * launched.size()); }
  llvm::Error end(const DeviceKernelHandle *kernel);
  /// Adds the times of launches since the last call, which have ended.
  llvm::Error collect();
  /// In place of `collect`: they did not run.
  void forget() { launched.clear(); }

  /// The longest first.
  std::vector<KernelTime> times() const;

private:
  /// Has the device write the time to a stamp once all before it has ended. Numbers count from 0
  /// after each `collect` or `forget`.
  virtual llvm::Error record(size_t stamp) = 0;
  /// Seconds from one stamp to another.
  virtual llvm::Expected<double> elapsed(size_t from, size_t to) = 0;

  std::vector<const DeviceKernelHandle *> launched;
  /// By name.
  std::map<std::string, KernelTime> sums;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_KERNELTIMER_H

//===- DeviceCalls.h - What compiled code calls of a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of upstream's GPU runtimes that launch and wait, and those for memory that
// `finalize-memref-to-llvm` calls with generic functions. They have no argument for a device: calls
// go to that of the scope around them.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DEVICE_DEVICECALLS_H
#define QUENCH_DEVICE_DEVICECALLS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <utility>

namespace quench {

class Device;

/// While it lives, calls of this thread go to `device`.
class DeviceScope {
public:
  explicit DeviceScope(Device *device);
  ~DeviceScope();
  DeviceScope(const DeviceScope &) = delete;
  DeviceScope &operator=(const DeviceScope &) = delete;

private:
  Device *previous;
};

/// The names and addresses of the functions.
llvm::ArrayRef<std::pair<llvm::StringLiteral, void *>> deviceCalls();

} // namespace quench

#endif // QUENCH_DEVICE_DEVICECALLS_H

//===- DeviceMemory.h - Owned memory of a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DEVICE_DEVICEMEMORY_H
#define QUENCH_DEVICE_DEVICEMEMORY_H

#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>

namespace quench {

class Device;

/// Memory that keeps its device alive. A copy has memory of its own with the same contents, or is
/// lost when there was none left.
class DeviceMemory {
public:
  DeviceMemory() = default;
  static llvm::Expected<DeviceMemory> allocate(std::shared_ptr<Device> device, uint64_t bytes);
  DeviceMemory(const DeviceMemory &other);
  DeviceMemory(DeviceMemory &&other) noexcept;
  DeviceMemory &operator=(DeviceMemory other) noexcept;
  ~DeviceMemory();

  void *data() const { return address; }
  uint64_t size() const { return bytes; }
  const Device *owner() const { return device.get(); }
  /// Whether this is a copy that could not be made.
  bool isLost() const { return device && !address; }

private:
  std::shared_ptr<Device> device;
  void *address = nullptr;
  uint64_t bytes = 0;
};

} // namespace quench

#endif // QUENCH_DEVICE_DEVICEMEMORY_H

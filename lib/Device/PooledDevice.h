//===- PooledDevice.h - A device that keeps memory for later -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Drivers take long to allocate, and calls of one model ask for the same sizes again and again:
// what is released serves the next request of its size, and goes back to the driver when memory
// runs out.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_POOLEDDEVICE_H
#define QUENCH_LIB_DEVICE_POOLEDDEVICE_H

#include "quench/Device/Device.h"

#include <map>

namespace quench {

class PooledDevice : public Device {
public:
  llvm::Expected<void *> allocate(uint64_t bytes) final;
  void release(void *memory) final;

protected:
  /// Memory as the driver gave it.
  struct Piece {
    uintptr_t begin;
    uint64_t bytes;
  };

  /// Asks the driver for memory; the error is what the driver says.
  virtual llvm::Expected<uintptr_t> createMemory(uint64_t bytes) = 0;
  virtual void destroyMemory(uintptr_t begin) = 0;

  /// From here on, what is released may be used by kernels until `endRunning`.
  void beginRunning() { running = true; }
  void endRunning();
  bool isRunning() const { return running; }

  /// The piece that an address is in.
  std::optional<Piece> find(uintptr_t address) const;
  /// Gives everything back to the driver.
  void destroyAll();

  DeviceOptions options;

private:
  struct Allocation {
    uint64_t bytes = 0;
    bool isFree = false;
  };

  bool exceedsLimit(uint64_t bytes) const {
    return options.memoryLimit && allocatedBytes + bytes > *options.memoryLimit;
  }
  /// Gives what nothing uses back to the driver.
  void trim();

  std::map<uintptr_t, Allocation> allocations;
  uint64_t allocatedBytes = 0;
  bool running = false;
  std::vector<uintptr_t> releasedLater;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_POOLEDDEVICE_H

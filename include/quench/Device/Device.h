//===- Device.h - A device beside the processor that runs kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory of a device is visible to the host at the address that the device gives it, so that code
// of the host passes pointers on and reads and writes buffers while no kernel runs. Launches are
// enqueued; the first thing that goes wrong is remembered and returned by the next wait.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DEVICE_DEVICE_H
#define QUENCH_DEVICE_DEVICE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quench {

/// A kernel in a binary: its parameters are buffers, then 32-bit sizes.
struct KernelSignature {
  std::string name;
  int64_t buffers = 0;
  int64_t sizes = 0;
};

struct DeviceOptions {
  /// What kernels need beyond Vulkan 1.1, as `Target::deviceFeatures` names it.
  std::vector<std::string> requiredFeatures;
  /// Part of the name of the device to take, in letters of either case; empty for any.
  std::string name;
  /// Bytes that may be allocated; without it all that the device has.
  std::optional<uint64_t> memoryLimit;
};

/// A kernel that is loaded.
class DeviceKernelHandle {
public:
  virtual ~DeviceKernelHandle();
  KernelSignature signature;
};

/// What launches of a kernel took on the device.
struct KernelTime {
  std::string name;
  uint64_t launches = 0;
  double seconds = 0;
};

class KernelTimer;

class Device {
public:
  Device();
  /// Opens the first device of an interface, "vulkan" or "cuda", that can run our kernels, real
  /// hardware before software. Errors: no library of the interface, no driver, no device, none of
  /// the name asked for, and what each device lacks.
  static llvm::Expected<std::unique_ptr<Device>> open(llvm::StringRef api,
                                                      const DeviceOptions &options = {});
  virtual ~Device();

  /// "llvmpipe (LLVM 15.0.6, 256 bits)"
  virtual llvm::StringRef name() const = 0;

  /// Loads kernels from a binary; the result has one handle for each, in order, that lives as long
  /// as the device. Errors name the kernel that the driver rejects.
  virtual llvm::Expected<std::vector<DeviceKernelHandle *>>
  load(llvm::StringRef binary, llvm::ArrayRef<KernelSignature> kernels) = 0;

  /// Memory that begins at a multiple of 64 bytes, or an error that says how much was asked for.
  virtual llvm::Expected<void *> allocate(uint64_t bytes) = 0;
  /// Frees memory, once kernels that were launched before have ended.
  virtual void release(void *memory) = 0;

  /// Enqueues a kernel, whose groups have so many threads. `parameters[i]` points to the address of
  /// a buffer or to a size.
  virtual void launch(DeviceKernelHandle *kernel, std::array<uint64_t, 3> groups, uint64_t threads,
                      llvm::ArrayRef<void *> parameters) = 0;

  /// Waits for all kernels, and returns what went wrong since the last wait.
  virtual llvm::Error synchronize() = 0;

  /// Measures each kernel from here on, which takes time itself. Errors: the device has no clock,
  /// or what went wrong before.
  llvm::Error startTiming();
  /// Waits, measures no longer, and says what kernels took since `startTiming`, the longest first.
  llvm::Expected<std::vector<KernelTime>> stopTiming();

  /// Remembers the first of several failures for the next wait.
  void fail(llvm::Twine message);

protected:
  llvm::Error takeFailure();
  bool hasFailed() const { return !failure.empty(); }

  virtual llvm::Expected<std::unique_ptr<KernelTimer>> createTimer() = 0;
  /// Around a launch; `beginLaunch` is false where it may not be.
  bool beginLaunch();
  void endLaunch(const DeviceKernelHandle *kernel);
  /// Reads the times of launches, which have ended unless there was a failure.
  void collectTimes();

  /// Null while nothing is measured.
  std::unique_ptr<KernelTimer> timer;

private:
  std::string failure;
};

} // namespace quench

#endif // QUENCH_DEVICE_DEVICE_H

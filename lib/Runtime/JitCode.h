//===- JitCode.h - Compiled code in this process -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_RUNTIME_JITCODE_H
#define QUENCH_LIB_RUNTIME_JITCODE_H

#include "quench/Device/DeviceMemory.h"
#include "quench/Runtime/Compilation.h"
#include "quench/Runtime/Session.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace quench {

class Device;
class DeviceKernelHandle;

/// Machine code that is loaded, with its weights.
class JitCode {
public:
  /// Emits and loads the code. `threads` and `device` are as in SessionOptions.
  static llvm::Expected<std::unique_ptr<JitCode>> load(CompiledCode code, llvm::StringRef entry,
                                                       unsigned threads,
                                                       const DeviceOptions &device = {});
  ~JitCode();

  template <typename Function> Function *entry() const {
    return reinterpret_cast<Function *>(entryAddress);
  }

  /// The device that kernels run on; null if there are none.
  const std::shared_ptr<Device> &getDevice() const { return device; }

  /// Brings new values of a weight to the device.
  void upload(llvm::StringRef key);

  /// Calls `work`, which runs the entry, with the threads of this code; what it observes goes to
  /// `observe`, which may be empty. The error is that of the device.
  llvm::Error run(const ObserveFunction &observe, llvm::function_ref<void()> work) const;

  PackedWeights weights;

private:
  JitCode();
  llvm::Error openDevice(const CompiledCode &code, DeviceOptions options);

  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::vector<std::string> observed;
  std::shared_ptr<Device> device;
  /// Handles of kernels, which compiled code reads, by the name of the symbol that is one.
  std::vector<std::pair<std::string, DeviceKernelHandle *>> kernels;
  /// The blobs of `weights` on the device, by index.
  std::vector<DeviceMemory> uploaded;
  unsigned threads = 0;
  void *entryAddress = nullptr;
};

} // namespace quench

#endif // QUENCH_LIB_RUNTIME_JITCODE_H

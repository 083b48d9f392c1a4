//===- CudaDevice.h - Kernels in PTX on a device of NVIDIA -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_CUDADEVICE_H
#define QUENCH_LIB_DEVICE_CUDADEVICE_H

#include "CudaLibrary.h"
#include "PooledDevice.h"

namespace quench {

class CudaKernel : public DeviceKernelHandle {
public:
  void *function = nullptr;
};

/// The first device that is wanted, its primary context and its default stream, which runs kernels
/// in order. Memory is managed: pages go where they are touched.
class CudaDevice : public PooledDevice {
public:
  static llvm::Expected<std::unique_ptr<Device>> open(const DeviceOptions &options);
  ~CudaDevice() override;

  llvm::StringRef name() const override { return deviceName; }
  llvm::Expected<std::vector<DeviceKernelHandle *>>
  load(llvm::StringRef binary, llvm::ArrayRef<KernelSignature> kernels) override;
  void launch(DeviceKernelHandle *kernel, std::array<uint64_t, 3> groups, uint64_t threads,
              llvm::ArrayRef<void *> parameters) override;
  llvm::Error synchronize() override;

private:
  llvm::Expected<uintptr_t> createMemory(uint64_t bytes) override;
  void destroyMemory(uintptr_t begin) override;
  llvm::Expected<std::unique_ptr<KernelTimer>> createTimer() override;

  llvm::Error choose();
  llvm::Error create();
  llvm::Error checkChip(llvm::StringRef ptx) const;
  llvm::Expected<void *> loadModule(llvm::StringRef ptx);
  int attribute(int which) const;

  CudaLibrary cuda;
  int device = 0;
  void *context = nullptr;
  std::string deviceName;
  /// Ten times the major version and the minor one: 80 for sm_80.
  int capability = 0;

  std::vector<void *> modules;
  std::vector<std::unique_ptr<CudaKernel>> kernels;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_CUDADEVICE_H

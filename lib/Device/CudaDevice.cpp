//===- CudaDevice.cpp - Kernels in PTX on a device of NVIDIA -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaDevice.h"

#include "CudaTimer.h"
#include "DeviceName.h"

#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace quench;

// Values of CUdevice_attribute and CUjit_option.
static constexpr int kMaxGridX = 5;
static constexpr int kCapabilityMajor = 75;
static constexpr int kCapabilityMinor = 76;
static constexpr int kManagedMemory = 83;
static constexpr int kErrorLog = 5;
static constexpr int kErrorLogSize = 6;
/// CU_MEM_ATTACH_GLOBAL
static constexpr unsigned kVisibleToAll = 1;

int CudaDevice::attribute(int which) const {
  int value = 0;
  return cuda.cuDeviceGetAttribute(&value, which, device) == 0 ? value : 0;
}

Error CudaDevice::choose() {
  int count = 0;
  if (Error error = cuda.check(cuda.cuDeviceGetCount(&count), "count devices of NVIDIA")) {
    return error;
  }
  if (count == 0) {
    return createStringError("the driver of NVIDIA has no device");
  }
  std::vector<std::string> others;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    const std::string which = "device " + std::to_string(ordinal) + " of NVIDIA";
    if (Error error = cuda.check(cuda.cuDeviceGet(&device, ordinal), "open " + which)) {
      return error;
    }
    char text[256] = {};
    if (Error error = cuda.check(cuda.cuDeviceGetName(text, sizeof(text) - 1, device),
                                 "read the name of " + which)) {
      return error;
    }
    if (isWanted(text, options.name)) {
      deviceName = text;
      return Error::success();
    }
    others.push_back(text);
  }
  return noneIsWanted("NVIDIA", options.name, others);
}

Error CudaDevice::create() {
  if (Error error = choose()) {
    return error;
  }
  capability = 10 * attribute(kCapabilityMajor) + attribute(kCapabilityMinor);
  if (!attribute(kManagedMemory)) {
    return createStringError(name() + " has no memory that the host can see");
  }
  return cuda.check(cuda.cuDevicePrimaryCtxRetain(&context, device), "use " + name());
}

Expected<std::unique_ptr<Device>> CudaDevice::open(const DeviceOptions &options) {
  auto result = std::make_unique<CudaDevice>();
  result->options = options;
  if (Error error = result->cuda.open()) {
    return std::move(error);
  }
  if (Error error = result->create()) {
    return std::move(error);
  }
  return std::unique_ptr<Device>(std::move(result));
}

CudaDevice::~CudaDevice() {
  if (!context) {
    return;
  }
  cuda.cuCtxSetCurrent(context);
  cuda.cuCtxSynchronize();
  timer.reset();
  destroyAll();
  for (void *module : modules) {
    cuda.cuModuleUnload(module);
  }
  cuda.cuDevicePrimaryCtxRelease_v2(device);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Whether the device is one that the text was compiled for, or a later one.
Error CudaDevice::checkChip(StringRef ptx) const {
  unsigned target = 0;
  StringRef chip = ptx.split(".target sm_").second;
  if (chip.consumeInteger(10, target)) {
    return createStringError("expected kernels in PTX that name their target");
  }
  if (static_cast<int>(target) > capability) {
    return createStringError("kernels are compiled for sm_" + Twine(target) + ", " + name() +
                             " is sm_" + Twine(capability));
  }
  return Error::success();
}

Expected<void *> CudaDevice::loadModule(StringRef ptx) {
  char log[4096] = {};
  int names[] = {kErrorLog, kErrorLogSize};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log) - 1)};
  void *module = nullptr;
  std::string text = ptx.str();
  int result = cuda.cuModuleLoadDataEx(&module, text.c_str(), 2, names, values);
  if (result != 0) {
    StringRef reason = StringRef(log).trim();
    return createStringError(name() + " rejects the kernels: " + cuda.describe(result) +
                             (reason.empty() ? "" : ": ") + reason);
  }
  modules.push_back(module);
  return module;
}

Expected<std::vector<DeviceKernelHandle *>> CudaDevice::load(StringRef binary,
                                                             ArrayRef<KernelSignature> signatures) {
  if (Error error = checkChip(binary)) {
    return std::move(error);
  }
  cuda.cuCtxSetCurrent(context);
  Expected<void *> module = loadModule(binary);
  if (!module) {
    return module.takeError();
  }
  std::vector<DeviceKernelHandle *> handles;
  for (const KernelSignature &signature : signatures) {
    auto kernel = std::make_unique<CudaKernel>();
    kernel->signature = signature;
    if (Error error =
            cuda.check(cuda.cuModuleGetFunction(&kernel->function, *module, signature.name.c_str()),
                       "load kernel '" + signature.name + "' on " + name())) {
      return std::move(error);
    }
    handles.push_back(kernel.get());
    kernels.push_back(std::move(kernel));
  }
  return handles;
}

void CudaDevice::launch(DeviceKernelHandle *handle, std::array<uint64_t, 3> groups,
                        uint64_t threads, ArrayRef<void *> parameters) {
  // After a failure there is nothing to compute with.
  if (hasFailed() || groups[0] == 0 || groups[1] == 0 || groups[2] == 0) {
    return;
  }
  auto *kernel = static_cast<CudaKernel *>(handle);
  const KernelSignature &signature = kernel->signature;
  auto refuse = [&](const Twine &reason) { fail("kernel '" + signature.name + "': " + reason); };
  const auto expected = static_cast<size_t>(signature.buffers + signature.sizes);
  if (parameters.size() != expected) {
    return refuse("expected " + Twine(expected) + " parameters, found " + Twine(parameters.size()));
  }
  for (int axis = 0; axis < 3; ++axis) {
    const auto most = static_cast<uint64_t>(attribute(kMaxGridX + axis));
    if (groups[axis] > most) {
      return refuse(Twine(groups[axis]) + " groups, " + name() + " starts at most " + Twine(most));
    }
  }
  // Its parameters are where ours are: addresses of 64 bits, sizes of 32.
  SmallVector<void *, 16> places(parameters.begin(), parameters.end());
  cuda.cuCtxSetCurrent(context);
  beginRunning();
  if (!beginLaunch()) {
    return;
  }
  int result = cuda.cuLaunchKernel(
      kernel->function, static_cast<unsigned>(groups[0]), static_cast<unsigned>(groups[1]),
      static_cast<unsigned>(groups[2]), static_cast<unsigned>(threads), 1, 1, 0,
      /*stream=*/nullptr, places.data(), nullptr);
  if (result != 0) {
    return refuse(cuda.describe(result));
  }
  endLaunch(kernel);
}

Error CudaDevice::synchronize() {
  if (isRunning()) {
    cuda.cuCtxSetCurrent(context);
    if (int result = cuda.cuCtxSynchronize()) {
      fail("kernels failed on " + name() + ": " + cuda.describe(result));
    }
    collectTimes();
    endRunning();
  }
  return takeFailure();
}

Expected<std::unique_ptr<KernelTimer>> CudaDevice::createTimer() {
  return std::make_unique<CudaTimer>(cuda, context);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Expected<uintptr_t> CudaDevice::createMemory(uint64_t bytes) {
  cuda.cuCtxSetCurrent(context);
  uint64_t address = 0;
  if (int result = cuda.cuMemAllocManaged(&address, bytes, kVisibleToAll)) {
    return createStringError(cuda.describe(result));
  }
  return address;
}

void CudaDevice::destroyMemory(uintptr_t begin) { cuda.cuMemFree_v2(begin); }

//===- Device.cpp - A device beside the processor that runs kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Device/Device.h"

#include "CudaDevice.h"
#include "VulkanDevice.h"

using namespace llvm;
using namespace quench;

Device::~Device() = default;
DeviceKernelHandle::~DeviceKernelHandle() = default;

void Device::fail(Twine message) {
  if (failure.empty()) {
    failure = message.str();
  }
}

Error Device::takeFailure() {
  if (failure.empty()) {
    return Error::success();
  }
  std::string message;
  std::swap(message, failure);
  return createStringError(message);
}

Expected<std::unique_ptr<Device>> Device::open(StringRef api, const DeviceOptions &options) {
  if (api == "vulkan") {
    return VulkanDevice::open(options);
  }
  if (api == "cuda") {
    return CudaDevice::open(options);
  }
  return createStringError("no runtime for devices of '" + api + "', expected vulkan or cuda");
}

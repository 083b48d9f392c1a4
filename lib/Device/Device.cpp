//===- Device.cpp - A device beside the processor that runs kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Device/Device.h"

#include "CudaDevice.h"
#include "KernelTimer.h"
#include "VulkanDevice.h"

using namespace llvm;
using namespace quench;

Device::Device() = default;
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

Error Device::startTiming() {
  if (Error error = synchronize()) {
    return error;
  }
  return createTimer().moveInto(timer);
}

Expected<std::vector<KernelTime>> Device::stopTiming() {
  Error error = synchronize();
  std::unique_ptr<KernelTimer> ended = std::move(timer);
  if (error) {
    return std::move(error);
  }
  return ended ? ended->times() : std::vector<KernelTime>();
}

static std::string cannotMeasure(StringRef device, Error reason) {
  return "cannot measure kernels on " + device.str() + ": " + toString(std::move(reason));
}

bool Device::beginLaunch() {
  if (timer) {
    if (Error error = timer->begin()) {
      fail(cannotMeasure(name(), std::move(error)));
    }
  }
  return !hasFailed();
}

void Device::endLaunch(const DeviceKernelHandle *kernel) {
  if (timer) {
    if (Error error = timer->end(kernel)) {
      fail(cannotMeasure(name(), std::move(error)));
    }
  }
}

void Device::collectTimes() {
  if (!timer) {
    return;
  }
  if (hasFailed()) {
    timer->forget();
  } else if (Error error = timer->collect()) {
    fail(cannotMeasure(name(), std::move(error)));
  }
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

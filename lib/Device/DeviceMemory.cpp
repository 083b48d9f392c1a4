//===- DeviceMemory.cpp - Owned memory of a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Device/DeviceMemory.h"

#include "quench/Device/Device.h"

#include <cstring>
#include <utility>

using namespace llvm;
using namespace quench;

Expected<DeviceMemory> DeviceMemory::allocate(std::shared_ptr<Device> device, uint64_t bytes) {
  Expected<void *> address = device->allocate(bytes);
  if (!address) {
    return address.takeError();
  }
  DeviceMemory memory;
  memory.device = std::move(device);
  memory.address = *address;
  memory.bytes = bytes;
  return std::move(memory);
}

DeviceMemory::DeviceMemory(const DeviceMemory &other) : device(other.device), bytes(other.bytes) {
  if (!other.address) {
    return;
  }
  Expected<void *> memory = device->allocate(bytes);
  if (!memory) {
    consumeError(memory.takeError());
    return;
  }
  address = *memory;
  std::memcpy(address, other.address, bytes);
}

DeviceMemory::DeviceMemory(DeviceMemory &&other) noexcept
    : device(std::move(other.device)), address(std::exchange(other.address, nullptr)),
      bytes(std::exchange(other.bytes, 0)) {}

DeviceMemory &DeviceMemory::operator=(DeviceMemory other) noexcept {
  std::swap(device, other.device);
  std::swap(address, other.address);
  std::swap(bytes, other.bytes);
  return *this;
}

DeviceMemory::~DeviceMemory() {
  if (address) {
    device->release(address);
  }
}

//===- PooledDevice.cpp - A device that keeps memory for later -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PooledDevice.h"

#include "llvm/ADT/Twine.h"

#include <cstdlib>

using namespace llvm;
using namespace quench;

Expected<void *> PooledDevice::allocate(uint64_t bytes) {
  bytes = std::max<uint64_t>(bytes, 64);
  for (auto &[begin, allocation] : allocations) {
    if (allocation.isFree && allocation.bytes == bytes) {
      allocation.isFree = false;
      return reinterpret_cast<void *>(begin);
    }
  }
  auto refuse = [&](const Twine &reason) {
    return createStringError("out of memory on " + name() + ": " + Twine(bytes) +
                             " bytes asked for, " + Twine(allocatedBytes) + " in use: " + reason);
  };
  if (exceedsLimit(bytes)) {
    trim();
  }
  if (exceedsLimit(bytes)) {
    return refuse("the limit is " + Twine(*options.memoryLimit));
  }
  Expected<uintptr_t> created = createMemory(bytes);
  if (!created) {
    consumeError(created.takeError());
    trim();
    created = createMemory(bytes);
  }
  if (!created) {
    return refuse(toString(created.takeError()));
  }
  allocatedBytes += bytes;
  allocations[*created] = {bytes, false};
  return reinterpret_cast<void *>(*created);
}

void PooledDevice::release(void *memory) {
  auto begin = reinterpret_cast<uintptr_t>(memory);
  auto it = allocations.find(begin);
  if (it == allocations.end()) {
    // Memory of the host, given when the device had none left.
    std::free(memory);
  } else if (running) {
    releasedLater.push_back(begin);
  } else {
    it->second.isFree = true;
  }
}

void PooledDevice::endRunning() {
  running = false;
  for (uintptr_t begin : releasedLater) {
    allocations[begin].isFree = true;
  }
  releasedLater.clear();
}

std::optional<PooledDevice::Piece> PooledDevice::find(uintptr_t address) const {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin()) {
    return std::nullopt;
  }
  --it;
  if (address - it->first >= it->second.bytes) {
    return std::nullopt;
  }
  return Piece{it->first, it->second.bytes};
}

void PooledDevice::trim() {
  for (auto it = allocations.begin(); it != allocations.end();) {
    if (!it->second.isFree) {
      ++it;
      continue;
    }
    allocatedBytes -= it->second.bytes;
    destroyMemory(it->first);
    it = allocations.erase(it);
  }
}

void PooledDevice::destroyAll() {
  for (const auto &[begin, allocation] : allocations) {
    destroyMemory(begin);
  }
  allocations.clear();
  allocatedBytes = 0;
}

//===- VulkanDeviceMemory.cpp - Buffers of a device of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VulkanDevice.h"

#include "llvm/ADT/Twine.h"

#include <cstdlib>

using namespace llvm;
using namespace quench;

std::optional<uint32_t> VulkanDevice::memoryType(uint32_t allowed) const {
  constexpr VkMemoryPropertyFlags visible =
      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
  for (VkMemoryPropertyFlags wanted : {visible | VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, visible}) {
    for (uint32_t i = 0; i < memories.memoryTypeCount; ++i) {
      if ((allowed >> i & 1) && (memories.memoryTypes[i].propertyFlags & wanted) == wanted) {
        return i;
      }
    }
  }
  return std::nullopt;
}

Error VulkanDevice::createAllocation(uint64_t bytes, Allocation &allocation, void *&address) {
  allocation.bytes = bytes;
  auto info = structure<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
  info.size = bytes;
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
  VkResult result = vk.CreateBuffer(device, &info, nullptr, &allocation.buffer);
  if (result == VK_SUCCESS) {
    VkMemoryRequirements needed = {};
    vk.GetBufferMemoryRequirements(device, allocation.buffer, &needed);
    std::optional<uint32_t> type = memoryType(needed.memoryTypeBits);
    if (!type) {
      return createStringError(name() + " has no memory that the host can see");
    }
    auto allocate = structure<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
    allocate.allocationSize = needed.size;
    allocate.memoryTypeIndex = *type;
    result = vk.AllocateMemory(device, &allocate, nullptr, &allocation.memory);
  }
  if (result == VK_SUCCESS) {
    result = vk.BindBufferMemory(device, allocation.buffer, allocation.memory, 0);
  }
  if (result == VK_SUCCESS) {
    result = vk.MapMemory(device, allocation.memory, 0, VK_WHOLE_SIZE, 0, &address);
  }
  return result == VK_SUCCESS ? Error::success() : createStringError(describeResult(result));
}

void VulkanDevice::destroy(const Allocation &allocation) {
  vk.DestroyBuffer(device, allocation.buffer, nullptr);
  vk.FreeMemory(device, allocation.memory, nullptr);
}

void VulkanDevice::trim() {
  for (auto it = allocations.begin(); it != allocations.end();) {
    if (!it->second.isFree) {
      ++it;
      continue;
    }
    allocatedBytes -= it->second.bytes;
    destroy(it->second);
    it = allocations.erase(it);
  }
}

Expected<void *> VulkanDevice::allocate(uint64_t bytes) {
  bytes = std::max<uint64_t>(bytes, 64);
  // Calls of one model ask for the same sizes again and again.
  for (auto &[address, allocation] : allocations) {
    if (allocation.isFree && allocation.bytes == bytes) {
      allocation.isFree = false;
      return reinterpret_cast<void *>(address);
    }
  }
  auto refuse = [&](const Twine &reason) {
    return createStringError("out of memory on " + name() + ": " + Twine(bytes) +
                             " bytes asked for, " + Twine(allocatedBytes) + " in use: " + reason);
  };
  if (options.memoryLimit && allocatedBytes + bytes > *options.memoryLimit) {
    trim();
  }
  if (options.memoryLimit && allocatedBytes + bytes > *options.memoryLimit) {
    return refuse("the limit is " + Twine(*options.memoryLimit));
  }
  for (bool isLast : {false, true}) {
    Allocation allocation;
    void *address = nullptr;
    Error error = createAllocation(bytes, allocation, address);
    if (!error) {
      allocatedBytes += bytes;
      allocations.emplace(reinterpret_cast<uintptr_t>(address), allocation);
      return address;
    }
    destroy(allocation);
    if (isLast) {
      return refuse(toString(std::move(error)));
    }
    consumeError(std::move(error));
    trim();
  }
  llvm_unreachable("the last attempt returns");
}

void VulkanDevice::release(void *memory) {
  auto address = reinterpret_cast<uintptr_t>(memory);
  auto it = allocations.find(address);
  if (it == allocations.end()) {
    // Memory of the host, given when the device had none left.
    std::free(memory);
  } else if (recording) {
    releasedLater.push_back(address);
  } else {
    it->second.isFree = true;
  }
}

const VulkanDevice::Allocations::value_type *VulkanDevice::find(uintptr_t address) const {
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin()) {
    return nullptr;
  }
  --it;
  return address - it->first < it->second.bytes ? &*it : nullptr;
}

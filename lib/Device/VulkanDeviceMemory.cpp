//===- VulkanDeviceMemory.cpp - Buffers of a device of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VulkanDevice.h"

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

Error VulkanDevice::createBuffer(uint64_t bytes, MappedBuffer &buffer, void *&address) {
  auto info = structure<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
  info.size = bytes;
  info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
  VkResult result = vk.CreateBuffer(device, &info, nullptr, &buffer.buffer);
  if (result == VK_SUCCESS) {
    VkMemoryRequirements needed = {};
    vk.GetBufferMemoryRequirements(device, buffer.buffer, &needed);
    std::optional<uint32_t> type = memoryType(needed.memoryTypeBits);
    if (!type) {
      return createStringError(name() + " has no memory that the host can see");
    }
    auto allocate = structure<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
    allocate.allocationSize = needed.size;
    allocate.memoryTypeIndex = *type;
    result = vk.AllocateMemory(device, &allocate, nullptr, &buffer.memory);
  }
  if (result == VK_SUCCESS) {
    result = vk.BindBufferMemory(device, buffer.buffer, buffer.memory, 0);
  }
  if (result == VK_SUCCESS) {
    result = vk.MapMemory(device, buffer.memory, 0, VK_WHOLE_SIZE, 0, &address);
  }
  return result == VK_SUCCESS ? Error::success() : createStringError(describeResult(result));
}

void VulkanDevice::destroy(const MappedBuffer &buffer) {
  vk.DestroyBuffer(device, buffer.buffer, nullptr);
  vk.FreeMemory(device, buffer.memory, nullptr);
}

Expected<uintptr_t> VulkanDevice::createMemory(uint64_t bytes) {
  MappedBuffer buffer;
  void *address = nullptr;
  if (Error error = createBuffer(bytes, buffer, address)) {
    destroy(buffer);
    return std::move(error);
  }
  auto begin = reinterpret_cast<uintptr_t>(address);
  buffers[begin] = buffer;
  return begin;
}

void VulkanDevice::destroyMemory(uintptr_t begin) {
  destroy(buffers[begin]);
  buffers.erase(begin);
}

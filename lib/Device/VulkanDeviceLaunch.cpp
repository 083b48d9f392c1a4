//===- VulkanDeviceLaunch.cpp - Launches on a device of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VulkanDevice.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <cstring>

using namespace llvm;
using namespace quench;

bool VulkanDevice::beginRecording() {
  if (isRunning()) {
    return true;
  }
  auto info = structure<VkCommandBufferBeginInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO);
  info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  VkResult result = vk.BeginCommandBuffer(commands, &info);
  if (result != VK_SUCCESS) {
    fail(name() + " cannot record: " + describeResult(result));
    return false;
  }
  beginRunning();
  return true;
}

VkDescriptorSet VulkanDevice::newSet(VkDescriptorSetLayout layout) {
  constexpr uint32_t kSets = 512, kBuffers = 8 * kSets;
  VkDescriptorSet set = VK_NULL_HANDLE;
  auto info =
      structure<VkDescriptorSetAllocateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO);
  info.descriptorSetCount = 1;
  info.pSetLayouts = &layout;
  for (; currentPool < pools.size(); ++currentPool) {
    info.descriptorPool = pools[currentPool];
    if (vk.AllocateDescriptorSets(device, &info, &set) == VK_SUCCESS) {
      return set;
    }
  }
  VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, kBuffers};
  auto poolInfo =
      structure<VkDescriptorPoolCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO);
  poolInfo.maxSets = kSets;
  poolInfo.poolSizeCount = 1;
  poolInfo.pPoolSizes = &size;
  VkDescriptorPool pool = VK_NULL_HANDLE;
  VkResult result = vk.CreateDescriptorPool(device, &poolInfo, nullptr, &pool);
  if (result == VK_SUCCESS) {
    pools.push_back(pool);
    info.descriptorPool = pool;
    result = vk.AllocateDescriptorSets(device, &info, &set);
  }
  if (result != VK_SUCCESS) {
    fail(name() + " cannot bind buffers: " + describeResult(result));
    return VK_NULL_HANDLE;
  }
  return set;
}

void VulkanDevice::launch(DeviceKernelHandle *handle, std::array<uint64_t, 3> groups, uint64_t,
                          ArrayRef<void *> parameters) {
  // After a failure there is nothing to compute with.
  if (hasFailed() || groups[0] == 0 || groups[1] == 0 || groups[2] == 0) {
    return;
  }
  auto *kernel = static_cast<VulkanKernel *>(handle);
  const KernelSignature &signature = kernel->signature;
  auto numBuffers = static_cast<size_t>(signature.buffers);
  auto refuse = [&](const Twine &reason) { fail("kernel '" + signature.name + "': " + reason); };
  if (parameters.size() != numBuffers + static_cast<size_t>(signature.sizes)) {
    return refuse("expected " + Twine(signature.buffers + signature.sizes) + " parameters, found " +
                  Twine(parameters.size()));
  }
  for (size_t axis = 0; axis < 3; ++axis) {
    if (groups[axis] > properties.limits.maxComputeWorkGroupCount[axis]) {
      return refuse(Twine(groups[axis]) + " groups, " + name() + " starts at most " +
                    Twine(properties.limits.maxComputeWorkGroupCount[axis]));
    }
  }
  SmallVector<uint32_t, 16> constants;
  for (void *size : parameters.drop_front(numBuffers)) {
    std::memcpy(&constants.emplace_back(), size, sizeof(uint32_t));
  }
  SmallVector<VkDescriptorBufferInfo, 8> bindings;
  for (void *parameter : parameters.take_front(numBuffers)) {
    uintptr_t address = 0;
    std::memcpy(&address, parameter, sizeof(address));
    std::optional<Piece> found = find(address);
    if (!found) {
      return refuse("a buffer is not in memory of the device");
    }
    uint64_t offset = address - found->begin;
    uint64_t rest = offset % properties.limits.minStorageBufferOffsetAlignment;
    uint64_t range = found->bytes - (offset - rest);
    if (range > properties.limits.maxStorageBufferRange) {
      return refuse("a buffer of " + Twine(range) + " bytes, " + name() + " binds at most " +
                    Twine(properties.limits.maxStorageBufferRange));
    }
    bindings.push_back({buffers.at(found->begin).buffer, offset - rest, range});
    constants.push_back(static_cast<uint32_t>(rest / sizeof(uint32_t)));
  }
  if (!beginRecording()) {
    return;
  }
  VkDescriptorSet set = newSet(kernel->setLayout);
  if (!set) {
    return;
  }
  auto write = structure<VkWriteDescriptorSet>(VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET);
  write.dstSet = set;
  write.descriptorCount = static_cast<uint32_t>(numBuffers);
  write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
  write.pBufferInfo = bindings.data();
  vk.UpdateDescriptorSets(device, 1, &write, 0, nullptr);
  vk.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->pipeline);
  vk.CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, kernel->layout, 0, 1, &set, 0,
                           nullptr);
  vk.CmdPushConstants(commands, kernel->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                      static_cast<uint32_t>(constants.size() * sizeof(uint32_t)), constants.data());
  if (!beginLaunch()) {
    return;
  }
  vk.CmdDispatch(commands, static_cast<uint32_t>(groups[0]), static_cast<uint32_t>(groups[1]),
                 static_cast<uint32_t>(groups[2]));
  endLaunch(kernel);
  auto barrier = structure<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
  barrier.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT;
  barrier.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                          VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT;
  vk.CmdPipelineBarrier(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
                        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_HOST_BIT, 0, 1,
                        &barrier, 0, nullptr, 0, nullptr);
}

Error VulkanDevice::synchronize() {
  if (isRunning()) {
    VkResult result = vk.EndCommandBuffer(commands);
    if (result == VK_SUCCESS) {
      auto info = structure<VkSubmitInfo>(VK_STRUCTURE_TYPE_SUBMIT_INFO);
      info.commandBufferCount = 1;
      info.pCommandBuffers = &commands;
      result = vk.QueueSubmit(queue, 1, &info, fence);
    }
    if (result == VK_SUCCESS) {
      result = vk.WaitForFences(device, 1, &fence, VK_TRUE, UINT64_MAX);
      vk.ResetFences(device, 1, &fence);
    }
    if (result != VK_SUCCESS) {
      fail("kernels failed on " + name() + ": " + describeResult(result));
    }
    for (VkDescriptorPool pool : pools) {
      vk.ResetDescriptorPool(device, pool, 0);
    }
    currentPool = 0;
    collectTimes();
    endRunning();
  }
  return takeFailure();
}

Expected<std::unique_ptr<KernelTimer>> VulkanDevice::createTimer() {
  if (clock.bits == 0) {
    return createStringError(name() + " measures no kernels: its queue has no timestamps");
  }
  return std::make_unique<VulkanTimer>(vk, device, commands, clock);
}

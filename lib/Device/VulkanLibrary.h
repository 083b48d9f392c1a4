//===- VulkanLibrary.h - The functions of Vulkan that are needed -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// libvulkan is opened at run time: neither the build nor a machine without it needs a driver.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_VULKANLIBRARY_H
#define QUENCH_LIB_DEVICE_VULKANLIBRARY_H

#include "llvm/Support/Error.h"

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <string>

#define QUENCH_VULKAN_INSTANCE_FUNCTIONS(F)                                                        \
  F(DestroyInstance)                                                                               \
  F(EnumeratePhysicalDevices)                                                                      \
  F(EnumerateDeviceExtensionProperties)                                                            \
  F(GetPhysicalDeviceProperties)                                                                   \
  F(GetPhysicalDeviceProperties2)                                                                  \
  F(GetPhysicalDeviceFeatures2)                                                                    \
  F(GetPhysicalDeviceMemoryProperties)                                                             \
  F(GetPhysicalDeviceQueueFamilyProperties)                                                        \
  F(CreateDevice)                                                                                  \
  F(GetDeviceProcAddr)

#define QUENCH_VULKAN_DEVICE_FUNCTIONS(F)                                                          \
  F(DestroyDevice)                                                                                 \
  F(GetDeviceQueue)                                                                                \
  F(CreateBuffer)                                                                                  \
  F(DestroyBuffer)                                                                                 \
  F(GetBufferMemoryRequirements)                                                                   \
  F(AllocateMemory)                                                                                \
  F(FreeMemory)                                                                                    \
  F(BindBufferMemory)                                                                              \
  F(MapMemory)                                                                                     \
  F(CreateShaderModule)                                                                            \
  F(DestroyShaderModule)                                                                           \
  F(CreateDescriptorSetLayout)                                                                     \
  F(DestroyDescriptorSetLayout)                                                                    \
  F(CreatePipelineLayout)                                                                          \
  F(DestroyPipelineLayout)                                                                         \
  F(CreateComputePipelines)                                                                        \
  F(DestroyPipeline)                                                                               \
  F(CreateDescriptorPool)                                                                          \
  F(DestroyDescriptorPool)                                                                         \
  F(ResetDescriptorPool)                                                                           \
  F(AllocateDescriptorSets)                                                                        \
  F(UpdateDescriptorSets)                                                                          \
  F(CreateCommandPool)                                                                             \
  F(DestroyCommandPool)                                                                            \
  F(AllocateCommandBuffers)                                                                        \
  F(BeginCommandBuffer)                                                                            \
  F(EndCommandBuffer)                                                                              \
  F(CmdBindPipeline)                                                                               \
  F(CmdBindDescriptorSets)                                                                         \
  F(CmdPushConstants)                                                                              \
  F(CmdDispatch)                                                                                   \
  F(CmdPipelineBarrier)                                                                            \
  F(CmdResetQueryPool)                                                                             \
  F(CmdWriteTimestamp)                                                                             \
  F(CreateQueryPool)                                                                               \
  F(DestroyQueryPool)                                                                              \
  F(GetQueryPoolResults)                                                                           \
  F(CreateFence)                                                                                   \
  F(DestroyFence)                                                                                  \
  F(ResetFences)                                                                                   \
  F(WaitForFences)                                                                                 \
  F(QueueSubmit)

namespace quench {

/// An instance of Vulkan and, once `loadDevice` was called, the functions of one device.
struct VulkanLibrary {
  VkInstance instance = VK_NULL_HANDLE;
  PFN_vkGetInstanceProcAddr GetInstanceProcAddr = nullptr;
#define QUENCH_VULKAN_MEMBER(NAME) PFN_vk##NAME NAME = nullptr;
  QUENCH_VULKAN_INSTANCE_FUNCTIONS(QUENCH_VULKAN_MEMBER)
  QUENCH_VULKAN_DEVICE_FUNCTIONS(QUENCH_VULKAN_MEMBER)
#undef QUENCH_VULKAN_MEMBER

  /// Opens the library and creates the instance.
  llvm::Error open();
  llvm::Error loadDevice(VkDevice device);
};

/// A structure of Vulkan that says what it is; everything else is zero.
template <typename StructureT> StructureT structure(VkStructureType type) {
  StructureT result = {};
  result.sType = type;
  return result;
}

/// "VK_ERROR_OUT_OF_DEVICE_MEMORY"
std::string describeResult(VkResult result);

} // namespace quench

#endif // QUENCH_LIB_DEVICE_VULKANLIBRARY_H

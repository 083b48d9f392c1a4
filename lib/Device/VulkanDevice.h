//===- VulkanDevice.h - Kernels as compute shaders of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_VULKANDEVICE_H
#define QUENCH_LIB_DEVICE_VULKANDEVICE_H

#include "PooledDevice.h"
#include "VulkanFeatures.h"
#include "VulkanTimer.h"

#include <map>

namespace quench {

class VulkanKernel : public DeviceKernelHandle {
public:
  VkDescriptorSetLayout setLayout = VK_NULL_HANDLE;
  VkPipelineLayout layout = VK_NULL_HANDLE;
  VkPipeline pipeline = VK_NULL_HANDLE;
};

/// One queue; launches are recorded into one command buffer, with a barrier after each, which is
/// submitted when the host waits.
class VulkanDevice : public PooledDevice {
public:
  static llvm::Expected<std::unique_ptr<Device>> open(const DeviceOptions &options);
  ~VulkanDevice() override;

  llvm::StringRef name() const override { return properties.deviceName; }
  llvm::Expected<std::vector<DeviceKernelHandle *>>
  load(llvm::StringRef binary, llvm::ArrayRef<KernelSignature> kernels) override;
  /// The number of threads is in the kernel.
  void launch(DeviceKernelHandle *kernel, std::array<uint64_t, 3> groups, uint64_t threads,
              llvm::ArrayRef<void *> parameters) override;
  llvm::Error synchronize() override;

private:
  /// A buffer with memory of its own, mapped for the host.
  struct MappedBuffer {
    VkBuffer buffer = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
  };

  llvm::Expected<uintptr_t> createMemory(uint64_t bytes) override;
  void destroyMemory(uintptr_t begin) override;
  llvm::Expected<std::unique_ptr<KernelTimer>> createTimer() override;

  /// Why kernels with these features do not run on a device; empty if they do.
  std::string refuse(VkPhysicalDevice candidate, const VkPhysicalDeviceProperties &found) const;
  llvm::Error choose();
  llvm::Error create();
  llvm::Error createQueueObjects(uint32_t family);
  llvm::Error createPipeline(VulkanKernel &kernel, VkShaderModule module);
  /// The type of memory for buffers: visible to the host, on the device where there is such.
  std::optional<uint32_t> memoryType(uint32_t allowed) const;
  llvm::Error createBuffer(uint64_t bytes, MappedBuffer &buffer, void *&address);
  void destroy(const MappedBuffer &buffer);

  bool beginRecording();
  VkDescriptorSet newSet(VkDescriptorSetLayout layout);

  VulkanLibrary vk;
  VulkanFeatures features;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  VkPhysicalDeviceProperties properties = {};
  VkPhysicalDeviceMemoryProperties memories = {};
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  VkCommandPool commandPool = VK_NULL_HANDLE;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  VkFence fence = VK_NULL_HANDLE;
  VulkanTimer::Clock clock;
  /// Pools of sets; those before `currentPool` are used up.
  std::vector<VkDescriptorPool> pools;
  size_t currentPool = 0;

  std::vector<std::unique_ptr<VulkanKernel>> kernels;
  /// By the address where they are mapped.
  std::map<uintptr_t, MappedBuffer> buffers;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_VULKANDEVICE_H

//===- VulkanDevice.h - Kernels as compute shaders of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_VULKANDEVICE_H
#define QUENCH_LIB_DEVICE_VULKANDEVICE_H

#include "VulkanLibrary.h"

#include "quench/Device/Device.h"

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
class VulkanDevice : public Device {
public:
  static llvm::Expected<std::unique_ptr<Device>> open(const DeviceOptions &options);
  ~VulkanDevice() override;

  llvm::StringRef name() const override { return properties.deviceName; }
  llvm::Expected<std::vector<DeviceKernelHandle *>>
  load(llvm::StringRef binary, llvm::ArrayRef<KernelSignature> kernels) override;
  llvm::Expected<void *> allocate(uint64_t bytes) override;
  void release(void *memory) override;
  /// The number of threads is in the kernel.
  void launch(DeviceKernelHandle *kernel, std::array<uint64_t, 3> groups, uint64_t threads,
              llvm::ArrayRef<void *> parameters) override;
  llvm::Error synchronize() override;

private:
  /// A buffer with memory of its own, mapped for the host.
  struct Allocation {
    VkBuffer buffer = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    uint64_t bytes = 0;
    bool isFree = false;
  };
  using Allocations = std::map<uintptr_t, Allocation>;

  llvm::Error choose();
  llvm::Error create();
  llvm::Error createQueueObjects(uint32_t family);
  llvm::Error createPipeline(VulkanKernel &kernel, VkShaderModule module);
  /// The type of memory for buffers: visible to the host, on the device where there is such.
  std::optional<uint32_t> memoryType(uint32_t allowed) const;
  llvm::Error createAllocation(uint64_t bytes, Allocation &allocation, void *&address);
  void destroy(const Allocation &allocation);
  /// Gives memory that nothing uses back to the driver.
  void trim();
  /// The allocation that an address is in, or null.
  const Allocations::value_type *find(uintptr_t address) const;

  bool beginRecording();
  VkDescriptorSet newSet(VkDescriptorSetLayout layout);

  DeviceOptions options;
  VulkanLibrary vk;
  VkPhysicalDevice physical = VK_NULL_HANDLE;
  VkPhysicalDeviceProperties properties = {};
  VkPhysicalDeviceMemoryProperties memories = {};
  VkDevice device = VK_NULL_HANDLE;
  VkQueue queue = VK_NULL_HANDLE;
  VkCommandPool commandPool = VK_NULL_HANDLE;
  VkCommandBuffer commands = VK_NULL_HANDLE;
  VkFence fence = VK_NULL_HANDLE;
  bool recording = false;
  /// Pools of sets; those before `currentPool` are used up.
  std::vector<VkDescriptorPool> pools;
  size_t currentPool = 0;

  std::vector<std::unique_ptr<VulkanKernel>> kernels;
  Allocations allocations;
  /// What was released while kernels that may use it were enqueued.
  std::vector<uintptr_t> releasedLater;
  uint64_t allocatedBytes = 0;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_VULKANDEVICE_H

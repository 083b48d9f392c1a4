//===- VulkanTimer.h - Timestamps of a device of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_VULKANTIMER_H
#define QUENCH_LIB_DEVICE_VULKANTIMER_H

#include "KernelTimer.h"
#include "VulkanLibrary.h"

namespace quench {

/// Stamps are queries, recorded into the command buffer of the launches.
class VulkanTimer : public KernelTimer {
public:
  /// The clock of a queue: how many of the bits of a timestamp count, and nanoseconds for a step.
  struct Clock {
    uint32_t bits = 0;
    double period = 0;
  };

  VulkanTimer(const VulkanLibrary &vk, VkDevice device, VkCommandBuffer commands, Clock clock)
      : vk(vk), device(device), commands(commands), clock(clock) {}
  ~VulkanTimer() override;

private:
  llvm::Error record(size_t stamp) override;
  llvm::Expected<double> elapsed(size_t from, size_t to) override;
  llvm::Expected<uint64_t> read(size_t stamp) const;

  const VulkanLibrary &vk;
  VkDevice device;
  VkCommandBuffer commands;
  Clock clock;
  std::vector<VkQueryPool> pools;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_VULKANTIMER_H

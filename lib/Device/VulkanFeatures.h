//===- VulkanFeatures.h - What kernels need of a device of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names are those of `Target::deviceFeatures`: features as Vulkan calls them, the size that
// subgroups have to have ("subgroupSize 32"), and matrices that these have to multiply
// ("cooperativeMatrix i8 16x16x32", products of signed bytes added in i32, or "f16", added in f32).
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_VULKANFEATURES_H
#define QUENCH_LIB_DEVICE_VULKANFEATURES_H

#include "CooperativeMatrixExtension.h"

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <vector>

namespace quench {

/// The structures that features are asked for in, and found in.
struct VulkanFeatureStructures {
  VkPhysicalDeviceVulkan12Features version12;
  VkPhysicalDeviceVulkan13Features version13;
  CooperativeMatrixFeatures matrices;

  /// The first of a list of them, which lives as long as this.
  void *chain(bool hasMatrices);
};

/// Matrices that subgroups multiply: rows of the first, columns of the second, and products that
/// enter a sum.
struct VulkanMatrix {
  bool isHalf = false;
  std::array<uint32_t, 3> sizes = {};

  bool operator==(const VulkanMatrix &other) const {
    return isHalf == other.isHalf && sizes == other.sizes;
  }
};

class VulkanFeatures {
public:
  /// An error if there is a name that is none.
  static llvm::Expected<VulkanFeatures> parse(llvm::ArrayRef<std::string> names);

  bool empty() const { return flags.empty() && subgroupSize == 0 && matrices.empty(); }
  /// The version of Vulkan in which they can be asked for.
  uint32_t version() const { return empty() ? VK_API_VERSION_1_1 : VK_API_VERSION_1_3; }
  /// Why a device of that version does not run kernels; empty if it does.
  std::string refuse(const VulkanLibrary &vk, VkPhysicalDevice device) const;
  /// Sets those that `vkCreateDevice` is asked for in `structures`; gives their list.
  void *enable(VulkanFeatureStructures &structures) const;
  bool hasMatrices() const;

  /// That of all kernels; 0 if it does not matter.
  uint32_t subgroupSize = 0;

private:
  /// Numbers in the table of features.
  std::vector<size_t> flags;
  std::vector<VulkanMatrix> matrices;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_VULKANFEATURES_H

//===- CooperativeMatrixExtension.h - VK_KHR_cooperative_matrix -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is needed of the extension, by the specification of Vulkan, "VK_KHR_cooperative_matrix",
// revision 2: headers of Vulkan before 1.3.255 do not have it.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_COOPERATIVEMATRIXEXTENSION_H
#define QUENCH_LIB_DEVICE_COOPERATIVEMATRIXEXTENSION_H

#include "VulkanLibrary.h"

namespace quench {

inline constexpr const char *kCooperativeMatrixExtension = "VK_KHR_cooperative_matrix";
inline constexpr auto kCooperativeMatrixFeaturesType = static_cast<VkStructureType>(1000506000);
inline constexpr auto kCooperativeMatrixPropertiesType = static_cast<VkStructureType>(1000506001);

/// VkComponentTypeKHR and VkScopeKHR.
enum class ComponentType : uint32_t { Float16 = 0, Float32 = 1, SInt8 = 3, SInt32 = 5 };
enum class MatrixScope : uint32_t { Subgroup = 3 };

/// VkPhysicalDeviceCooperativeMatrixFeaturesKHR.
struct CooperativeMatrixFeatures {
  VkStructureType sType;
  void *pNext;
  VkBool32 cooperativeMatrix;
  VkBool32 cooperativeMatrixRobustBufferAccess;
};

/// VkCooperativeMatrixPropertiesKHR: matrices that a device multiplies.
struct CooperativeMatrixProperties {
  VkStructureType sType;
  void *pNext;
  uint32_t rows;
  uint32_t columns;
  uint32_t depth;
  ComponentType a;
  ComponentType b;
  ComponentType c;
  ComponentType result;
  VkBool32 saturatingAccumulation;
  MatrixScope scope;
};

/// vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR.
using GetCooperativeMatrixProperties = VkResult(VKAPI_PTR *)(VkPhysicalDevice, uint32_t *,
                                                             CooperativeMatrixProperties *);

} // namespace quench

#endif // QUENCH_LIB_DEVICE_COOPERATIVEMATRIXEXTENSION_H

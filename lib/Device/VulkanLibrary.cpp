//===- VulkanLibrary.cpp - The functions of Vulkan that are needed -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VulkanLibrary.h"

#include "llvm/ADT/Twine.h"

#include <dlfcn.h>

using namespace llvm;
using namespace quench;

std::string quench::describeResult(VkResult result) {
  switch (result) {
  case VK_NOT_READY:
    return "VK_NOT_READY";
  case VK_ERROR_OUT_OF_HOST_MEMORY:
    return "VK_ERROR_OUT_OF_HOST_MEMORY";
  case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    return "VK_ERROR_OUT_OF_DEVICE_MEMORY";
  case VK_ERROR_INITIALIZATION_FAILED:
    return "VK_ERROR_INITIALIZATION_FAILED";
  case VK_ERROR_DEVICE_LOST:
    return "VK_ERROR_DEVICE_LOST";
  case VK_ERROR_INCOMPATIBLE_DRIVER:
    return "VK_ERROR_INCOMPATIBLE_DRIVER";
  case VK_ERROR_FEATURE_NOT_PRESENT:
    return "VK_ERROR_FEATURE_NOT_PRESENT";
  case VK_ERROR_INVALID_SHADER_NV:
    return "VK_ERROR_INVALID_SHADER_NV";
  default:
    return "VkResult " + std::to_string(static_cast<int>(result));
  }
}

Error VulkanLibrary::open() {
  void *handle = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    return createStringError(Twine("cannot open libvulkan.so.1, the loader of Vulkan: ") +
                             dlerror());
  }
  // The library stays open: drivers do not like to be unloaded.
  GetInstanceProcAddr =
      reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(handle, "vkGetInstanceProcAddr"));
  if (!GetInstanceProcAddr) {
    return createStringError("libvulkan.so.1 has no vkGetInstanceProcAddr");
  }
  auto createInstance =
      reinterpret_cast<PFN_vkCreateInstance>(GetInstanceProcAddr(nullptr, "vkCreateInstance"));
  auto application = structure<VkApplicationInfo>(VK_STRUCTURE_TYPE_APPLICATION_INFO);
  application.pApplicationName = "quench";
  application.apiVersion = VK_API_VERSION_1_3;
  auto info = structure<VkInstanceCreateInfo>(VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO);
  info.pApplicationInfo = &application;
  VkResult result = createInstance(&info, nullptr, &instance);
  if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {
    return createStringError("no driver of Vulkan is installed");
  }
  if (result != VK_SUCCESS) {
    return createStringError("cannot start Vulkan: " + describeResult(result));
  }
#define QUENCH_VULKAN_LOAD(NAME)                                                                   \
  NAME = reinterpret_cast<PFN_vk##NAME>(GetInstanceProcAddr(instance, "vk" #NAME));                \
  if (!NAME) {                                                                                     \
    return createStringError("Vulkan has no vk" #NAME);                                            \
  }
  QUENCH_VULKAN_INSTANCE_FUNCTIONS(QUENCH_VULKAN_LOAD)
#undef QUENCH_VULKAN_LOAD
  return Error::success();
}

Error VulkanLibrary::loadDevice(VkDevice device) {
#define QUENCH_VULKAN_LOAD(NAME)                                                                   \
  NAME = reinterpret_cast<PFN_vk##NAME>(GetDeviceProcAddr(device, "vk" #NAME));                    \
  if (!NAME) {                                                                                     \
    return createStringError("the device has no vk" #NAME);                                        \
  }
  QUENCH_VULKAN_DEVICE_FUNCTIONS(QUENCH_VULKAN_LOAD)
#undef QUENCH_VULKAN_LOAD
  return Error::success();
}

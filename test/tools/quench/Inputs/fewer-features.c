/* Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
   SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* A libvulkan.so.1 in front of the one at REAL_VULKAN, whose devices have Vulkan 1.HIDE_VERSION at most and lack the features of
   version 1.3. It is an error of the program to ask such a device for more. */
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan_core.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static PFN_vkGetInstanceProcAddr real(void) {
  static PFN_vkGetInstanceProcAddr found;
  if (!found) {
    void *library = dlopen(getenv("REAL_VULKAN"), RTLD_NOW | RTLD_LOCAL);
    found = library ? (PFN_vkGetInstanceProcAddr)dlsym(library, "vkGetInstanceProcAddr") : NULL;
    if (!found) {
      fprintf(stderr, "no library at REAL_VULKAN\n");
      exit(1);
    }
  }
  return found;
}

static VkInstance instance;

static void properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *result) {
  ((PFN_vkGetPhysicalDeviceProperties)real()(instance, "vkGetPhysicalDeviceProperties"))(device, result);
  uint32_t most = VK_MAKE_API_VERSION(0, 1, atoi(getenv("HIDE_VERSION")), 0);
  result->apiVersion = result->apiVersion < most ? result->apiVersion : most;
}

static void features(VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *result) {
  ((PFN_vkGetPhysicalDeviceFeatures2)real()(instance, "vkGetPhysicalDeviceFeatures2"))(device, result);
  for (VkBaseOutStructure *next = result->pNext; next; next = next->pNext) {
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES) {
      ((VkPhysicalDeviceVulkan13Features *)next)->shaderIntegerDotProduct = VK_FALSE;
    }
  }
}

static VkResult createDevice(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                             const VkAllocationCallbacks *callbacks, VkDevice *device) {
  if (info->pNext) {
    fprintf(stderr, "the device is asked for features that it lacks\n");
    exit(1);
  }
  return ((PFN_vkCreateDevice)real()(instance, "vkCreateDevice"))(physical, info, callbacks, device);
}

PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance of, const char *name) {
  instance = of ? of : instance;
  if (strcmp(name, "vkGetPhysicalDeviceProperties") == 0) {
    return (PFN_vkVoidFunction)properties;
  }
  if (strcmp(name, "vkGetPhysicalDeviceFeatures2") == 0) {
    return (PFN_vkVoidFunction)features;
  }
  if (strcmp(name, "vkCreateDevice") == 0) {
    return (PFN_vkVoidFunction)createDevice;
  }
  return real()(of, name);
}

/* Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
   SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* A libvulkan.so.1 in front of the one at REAL_VULKAN, whose devices have Vulkan 1.HIDE_VERSION at most and lack the features of
   version 1.3. It is an error of the program to ask such a device for more. With PRETEND_SUBGROUP devices have that many threads in a
   subgroup, and these multiply matrices of 8x8x8; with PRETEND_EXTENSION alone they have the extension for that, but
   not the feature. */
#include "real-vulkan.h"


static void properties(VkPhysicalDevice device, VkPhysicalDeviceProperties *result) {
  ((PFN_vkGetPhysicalDeviceProperties)real()(instance, "vkGetPhysicalDeviceProperties"))(device, result);
  uint32_t most = VK_MAKE_API_VERSION(0, 1, atoi(getenv("HIDE_VERSION")), 0);
  result->apiVersion = result->apiVersion < most ? result->apiVersion : most;
}

static uint32_t pretended(void) {
  return getenv("PRETEND_SUBGROUP") ? (uint32_t)atoi(getenv("PRETEND_SUBGROUP")) : 0;
}

static int hasExtension(void) {
  return pretended() || getenv("PRETEND_EXTENSION");
}

static VkResult extensions(VkPhysicalDevice device, const char *layer, uint32_t *count, VkExtensionProperties *result) {
  if (!hasExtension()) {
    return ((PFN_vkEnumerateDeviceExtensionProperties)real()(instance, "vkEnumerateDeviceExtensionProperties"))(device, layer, count,
                                                                                                              result);
  }
  *count = 1;
  if (result) {
    strcpy(result->extensionName, "VK_KHR_cooperative_matrix");
  }
  return VK_SUCCESS;
}

static void properties2(VkPhysicalDevice device, VkPhysicalDeviceProperties2 *result) {
  VkPhysicalDeviceVulkan13Properties *found = result->pNext;
  found->minSubgroupSize = found->maxSubgroupSize = pretended();
  found->requiredSubgroupSizeStages = VK_SHADER_STAGE_COMPUTE_BIT;
}

/* VkCooperativeMatrixPropertiesKHR: of f16 with sums of f16, with sums of f32, and of signed bytes with sums in 32 bits. */
typedef struct {
  VkStructureType type;
  void *next;
  uint32_t sizes[3], a, b, c, sum;
  VkBool32 saturates;
  uint32_t scope;
} Matrix;

static VkResult matrices(VkPhysicalDevice device, uint32_t *count, Matrix *result) {
  const Matrix found[] = {{.sizes = {16, 16, 16}, .scope = 3},
                          {.sizes = {8, 8, 8}, .c = 1, .sum = 1, .scope = 3},
                          {.sizes = {8, 8, 8}, .a = 3, .b = 3, .c = 5, .sum = 5, .scope = 3}};
  *count = sizeof(found) / sizeof(*found);
  for (uint32_t i = 0; result && i < *count; ++i) {
    Matrix matrix = found[i];
    matrix.type = result[i].type;
    result[i] = matrix;
  }
  return VK_SUCCESS;
}

static void features(VkPhysicalDevice device, VkPhysicalDeviceFeatures2 *result) {
  ((PFN_vkGetPhysicalDeviceFeatures2)real()(instance, "vkGetPhysicalDeviceFeatures2"))(device, result);
  for (VkBaseOutStructure *next = result->pNext; next; next = next->pNext) {
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES && !hasExtension()) {
      ((VkPhysicalDeviceVulkan13Features *)next)->shaderIntegerDotProduct = VK_FALSE;
    }
    if (next->sType == (VkStructureType)1000506000) {
      /* VkPhysicalDeviceCooperativeMatrixFeaturesKHR. */
      *(VkBool32 *)(next + 1) = pretended() != 0;
    }
  }
}

/* Whether a device is asked for the extension and for its feature, VkPhysicalDeviceCooperativeMatrixFeaturesKHR. */
static int asksForMatrices(const VkDeviceCreateInfo *info) {
  const VkBaseInStructure *next = info->pNext;
  while (next && next->sType != (VkStructureType)1000506000) {
    next = next->pNext;
  }
  return info->enabledExtensionCount == 1 && strcmp(info->ppEnabledExtensionNames[0], "VK_KHR_cooperative_matrix") == 0 && next &&
         *(const VkBool32 *)(next + 1);
}

static VkResult createDevice(VkPhysicalDevice physical, const VkDeviceCreateInfo *info,
                             const VkAllocationCallbacks *callbacks, VkDevice *device) {
  if (info->pNext && !hasExtension()) {
    fprintf(stderr, "the device is asked for features that it lacks\n");
    exit(1);
  }
  if (asksForMatrices(info)) {
    fprintf(stderr, "the device is asked for matrices\n");
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
  if (strcmp(name, "vkEnumerateDeviceExtensionProperties") == 0) {
    return (PFN_vkVoidFunction)extensions;
  }
  if (strcmp(name, "vkGetPhysicalDeviceProperties2") == 0 && pretended()) {
    return (PFN_vkVoidFunction)properties2;
  }
  if (strcmp(name, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR") == 0) {
    return (PFN_vkVoidFunction)matrices;
  }
  return real()(of, name);
}

/* Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
   SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* A libvulkan.so.1 in front of the one at REAL_VULKAN, whose timestamps have CLOCK_BITS bits, none where that is 0, and whose queries
   cannot be made where FAIL_QUERIES is "create" and are never there where it is "results". It is an error of the program to write a query
   that was not reset. */
#include "real-vulkan.h"

static PFN_vkGetQueryPoolResults realResults;

static uint32_t bits(void) { return (uint32_t)atoi(getenv("CLOCK_BITS")); }

static void families(VkPhysicalDevice device, uint32_t *count, VkQueueFamilyProperties *result) {
  ((PFN_vkGetPhysicalDeviceQueueFamilyProperties)real()(instance, "vkGetPhysicalDeviceQueueFamilyProperties"))(device, count, result);
  for (uint32_t i = 0; result && i < *count; ++i) {
    result[i].timestampValidBits = bits();
  }
}

static VkResult create(VkDevice device, const VkQueryPoolCreateInfo *info, const VkAllocationCallbacks *callbacks,
                       VkQueryPool *pool) {
  return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static VkResult missing(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t count, size_t size, void *data,
                        VkDeviceSize stride, VkQueryResultFlags flags) {
  return VK_NOT_READY;
}

/* One result of 64 bits. */
static VkResult results(VkDevice device, VkQueryPool pool, uint32_t first, uint32_t count, size_t size, void *data,
                        VkDeviceSize stride, VkQueryResultFlags flags) {
  VkResult result = realResults(device, pool, first, count, size, data, stride, flags);
  *(uint64_t *)data &= bits() < 64 ? ((uint64_t)1 << bits()) - 1 : UINT64_MAX;
  return result;
}

/* The queries of each pool that can be written. */
static struct {
  VkQueryPool pool;
  char isReset[4096];
} pools[64];
static PFN_vkCmdResetQueryPool realReset;
static PFN_vkCmdWriteTimestamp realWrite;

static char *queriesOf(VkQueryPool pool) {
  int index = 0;
  while (pools[index].pool && pools[index].pool != pool) {
    ++index;
  }
  pools[index].pool = pool;
  return pools[index].isReset;
}

static void reset(VkCommandBuffer commands, VkQueryPool pool, uint32_t first, uint32_t count) {
  memset(queriesOf(pool) + first, 1, count);
  realReset(commands, pool, first, count);
}

static void writeTimestamp(VkCommandBuffer commands, VkPipelineStageFlagBits stage, VkQueryPool pool, uint32_t query) {
  if (!queriesOf(pool)[query]) {
    fprintf(stderr, "a query is written that was not reset\n");
    exit(1);
  }
  queriesOf(pool)[query] = 0;
  realWrite(commands, stage, pool, query);
}

static PFN_vkVoidFunction deviceFunction(VkDevice device, const char *name) {
  PFN_vkVoidFunction found = ((PFN_vkGetDeviceProcAddr)real()(instance, "vkGetDeviceProcAddr"))(device, name);
  const char *fail = getenv("FAIL_QUERIES") ? getenv("FAIL_QUERIES") : "";
  if (strcmp(name, "vkCreateQueryPool") == 0 && strcmp(fail, "create") == 0) {
    return (PFN_vkVoidFunction)create;
  }
  if (strcmp(name, "vkCmdResetQueryPool") == 0) {
    realReset = (PFN_vkCmdResetQueryPool)found;
    return (PFN_vkVoidFunction)reset;
  }
  if (strcmp(name, "vkCmdWriteTimestamp") == 0) {
    realWrite = (PFN_vkCmdWriteTimestamp)found;
    return (PFN_vkVoidFunction)writeTimestamp;
  }
  if (strcmp(name, "vkGetQueryPoolResults") == 0) {
    realResults = (PFN_vkGetQueryPoolResults)found;
    return strcmp(fail, "results") == 0 ? (PFN_vkVoidFunction)missing : (PFN_vkVoidFunction)results;
  }
  return found;
}

PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance of, const char *name) {
  instance = of ? of : instance;
  if (strcmp(name, "vkGetPhysicalDeviceQueueFamilyProperties") == 0) {
    return (PFN_vkVoidFunction)families;
  }
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) {
    return (PFN_vkVoidFunction)deviceFunction;
  }
  return real()(of, name);
}

/* Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
   SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* What libraries in front of the libvulkan.so.1 at REAL_VULKAN have in common. */
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

/* The only one. */
static VkInstance instance;

/* Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
   SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */

/* A libcuda.so.1 without a device behind it: it writes what is called to the file FAKE_CUDA_LOG, gives memory of the host,
   runs no kernel, and fails where FAKE_CUDA_FAIL says so: NAME=N:CODE, the Nth call of NAME gives CODE. FAKE_CUDA_DEVICES and
   FAKE_CUDA_SM are the number of devices and their compute capability. Events are stamped by a clock that each launch advances by
   a quarter of a millisecond, and can be read after a wait. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setting(const char *name, int otherwise) {
  const char *text = getenv(name);
  return text ? atoi(text) : otherwise;
}

/* Logs a call and says what it gives. */
static int call(const char *name, const char *format, ...) {
  static char names[64][32];
  static int counts[64];
  int known = 0;
  while (names[known][0] && strcmp(names[known], name) != 0) {
    ++known;
  }
  strncpy(names[known], name, 31);
  ++counts[known];
  FILE *log = getenv("FAKE_CUDA_LOG") ? fopen(getenv("FAKE_CUDA_LOG"), "a") : NULL;
  if (log) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(log, "%s ", name);
    vfprintf(log, format, arguments);
    fprintf(log, "\n");
    va_end(arguments);
    fclose(log);
  }
  const char *fail = getenv("FAKE_CUDA_FAIL");
  size_t length = strlen(name);
  int first = 0, code = 0;
  if (fail && strncmp(fail, name, length) == 0 && sscanf(fail + length, "=%d:%d", &first, &code) == 2 &&
      counts[known] >= first) {
    return code;
  }
  return 0;
}

int cuInit(unsigned flags) { return call("cuInit", "%u", flags); }

int cuGetErrorName(int error, const char **name) {
  *name = error == 2     ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == 100 ? "CUDA_ERROR_NO_DEVICE"
          : error == 218 ? "CUDA_ERROR_INVALID_PTX"
          : error == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS"
          : error == 600 ? "CUDA_ERROR_NOT_READY"
                         : NULL;
  return *name ? 0 : 1;
}

int cuDeviceGetCount(int *count) {
  *count = setting("FAKE_CUDA_DEVICES", 1);
  return call("cuDeviceGetCount", "");
}

int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return call("cuDeviceGet", "%d", ordinal);
}

int cuDeviceGetName(char *name, int length, int device) {
  snprintf(name, length, "Fake %d", device);
  return call("cuDeviceGetName", "%d", device);
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
  int capability = setting("FAKE_CUDA_SM", 90);
  (void)device;
  *value = attribute == 75 ? capability / 10 : attribute == 76 ? capability % 10 : attribute == 83 ? 1 : 65535;
  return 0;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = &setting;
  return call("cuDevicePrimaryCtxRetain", "%d", device);
}
int cuDevicePrimaryCtxRelease_v2(int device) { return call("cuDevicePrimaryCtxRelease", "%d", device); }
int cuCtxSetCurrent(void *context) { return context == (void *)&setting ? 0 : 201; }

/* Milliseconds since the start: when the last kernel ends, and when the host has waited for. */
static float now, waited;

int cuCtxSynchronize(void) {
  waited = now;
  return call("cuCtxSynchronize", "");
}

int cuModuleLoadDataEx(void **module, const void *image, unsigned count, int *options, void **values) {
  static int loaded;
  *module = &loaded;
  int result = call("cuModuleLoadDataEx", "%zu bytes", strlen(image));
  if (result) {
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == 5) {
        strcpy(values[i], "ptxas fatal: line 7 is not liked\n");
      }
    }
  }
  return result;
}

/* A function is its name, until its module is unloaded. */
static char *names[1024];
static size_t numNames;

int cuModuleUnload(void *module) {
  while (numNames > 0) {
    free(names[--numNames]);
  }
  return call("cuModuleUnload", "%d", module != NULL);
}

int cuModuleGetFunction(void **function, void *module, const char *name) {
  (void)module;
  if (numNames == sizeof(names) / sizeof(*names)) {
    abort();
  }
  *function = names[numNames++] = strdup(name);
  return call("cuModuleGetFunction", "%s", name);
}

int cuMemAllocManaged(uint64_t *address, size_t bytes, unsigned flags) {
  *address = (uint64_t)(uintptr_t)aligned_alloc(256, (bytes + 255) / 256 * 256);
  memset((void *)(uintptr_t)*address, 0, bytes);
  return call("cuMemAllocManaged", "%zu %u", bytes, flags);
}

int cuMemFree_v2(uint64_t address) {
  free((void *)(uintptr_t)address);
  return call("cuMemFree", "");
}

typedef struct {
  int isRecorded;
  float time;
} Event;

int cuEventCreate(void **event, unsigned flags) {
  *event = calloc(1, sizeof(Event));
  return call("cuEventCreate", "%u", flags);
}

int cuEventRecord(void *event, void *stream) {
  ((Event *)event)->isRecorded = 1;
  ((Event *)event)->time = now;
  return call("cuEventRecord", "stream %d", stream != NULL);
}

int cuEventElapsedTime(float *milliseconds, void *from, void *to) {
  Event *begin = from, *end = to;
  int result = call("cuEventElapsedTime", "");
  *milliseconds = end->time - begin->time;
  return result ? result : !begin->isRecorded || !end->isRecorded ? 400 : end->time > waited ? 600 : 0;
}

int cuEventDestroy_v2(void *event) {
  free(event);
  return call("cuEventDestroy", "");
}

int cuLaunchKernel(void *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned sharedBytes, void *stream, void **parameters, void **extra) {
  (void)parameters;
  now += 0.25f;
  return call("cuLaunchKernel", "%s groups %u,%u,%u threads %u,%u,%u shared %u stream %d extra %d", (const char *)function, gridX,
              gridY, gridZ, blockX, blockY, blockZ, sharedBytes, stream != NULL, extra != NULL);
}

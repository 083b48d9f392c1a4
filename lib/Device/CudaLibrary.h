//===- CudaLibrary.h - The functions of CUDA's driver that are needed -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// libcuda comes with the driver and is opened at run time: neither the build nor a machine without
// it needs anything of NVIDIA.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_CUDALIBRARY_H
#define QUENCH_LIB_DEVICE_CUDALIBRARY_H

#include "llvm/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <string>

// Names and parameters as in the reference of the driver: results are of type CUresult, contexts,
// modules, functions, streams and events are pointers.
#define QUENCH_CUDA_FUNCTIONS(F)                                                                   \
  F(cuInit, (unsigned flags))                                                                      \
  F(cuGetErrorName, (int error, const char **name))                                                \
  F(cuDeviceGetCount, (int *count))                                                                \
  F(cuDeviceGet, (int *device, int ordinal))                                                       \
  F(cuDeviceGetName, (char *name, int length, int device))                                         \
  F(cuDeviceGetAttribute, (int *value, int attribute, int device))                                 \
  F(cuDevicePrimaryCtxRetain, (void **context, int device))                                        \
  F(cuDevicePrimaryCtxRelease_v2, (int device))                                                    \
  F(cuCtxSetCurrent, (void *context))                                                              \
  F(cuCtxSynchronize, ())                                                                          \
  F(cuModuleLoadDataEx,                                                                            \
    (void **module, const void *image, unsigned count, int *options, void **values))               \
  F(cuModuleUnload, (void *module))                                                                \
  F(cuModuleGetFunction, (void **function, void *module, const char *name))                        \
  F(cuMemAllocManaged, (uint64_t *address, size_t bytes, unsigned flags))                          \
  F(cuMemFree_v2, (uint64_t address))                                                              \
  F(cuEventCreate, (void **event, unsigned flags))                                                 \
  F(cuEventRecord, (void *event, void *stream))                                                    \
  F(cuEventElapsedTime, (float *milliseconds, void *from, void *to))                               \
  F(cuEventDestroy_v2, (void *event))                                                              \
  F(cuLaunchKernel, (void *function, unsigned gridX, unsigned gridY, unsigned gridZ,               \
                     unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,      \
                     void *stream, void **parameters, void **extra))

namespace quench {

struct CudaLibrary {
#define QUENCH_CUDA_MEMBER(NAME, PARAMETERS) int(*NAME) PARAMETERS = nullptr;
  QUENCH_CUDA_FUNCTIONS(QUENCH_CUDA_MEMBER)
#undef QUENCH_CUDA_MEMBER

  /// Opens the library and starts the driver.
  llvm::Error open();

  /// "CUDA_ERROR_OUT_OF_MEMORY"
  std::string describe(int result) const;
  /// "cannot WHAT: CUDA_ERROR_…", or success for 0.
  llvm::Error check(int result, const llvm::Twine &what) const;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_CUDALIBRARY_H

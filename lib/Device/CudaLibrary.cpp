//===- CudaLibrary.cpp - The functions of CUDA's driver that are needed -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaLibrary.h"

#include "llvm/ADT/Twine.h"

#include <dlfcn.h>

using namespace llvm;
using namespace quench;

Error CudaLibrary::open() {
  void *handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    return createStringError(Twine("cannot open libcuda.so.1, the driver of NVIDIA: ") + dlerror());
  }
  // The library stays open: drivers do not like to be unloaded.
#define QUENCH_CUDA_LOAD(NAME, PARAMETERS)                                                         \
  NAME = reinterpret_cast<int(*) PARAMETERS>(dlsym(handle, #NAME));                                \
  if (!NAME) {                                                                                     \
    return createStringError("libcuda.so.1 has no " #NAME);                                        \
  }
  QUENCH_CUDA_FUNCTIONS(QUENCH_CUDA_LOAD)
#undef QUENCH_CUDA_LOAD
  return check(cuInit(0), "start the driver of NVIDIA");
}

std::string CudaLibrary::describe(int result) const {
  const char *name = nullptr;
  return cuGetErrorName(result, &name) == 0 && name ? name : "CUresult " + std::to_string(result);
}

Error CudaLibrary::check(int result, const Twine &what) const {
  return result == 0 ? Error::success()
                     : createStringError("cannot " + what + ": " + describe(result));
}

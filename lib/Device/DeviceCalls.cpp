//===- DeviceCalls.cpp - What compiled code calls of a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Device/DeviceCalls.h"

#include "quench/Device/Device.h"

#include <cstdlib>

using namespace llvm;
using namespace quench;

static thread_local Device *current = nullptr;

DeviceScope::DeviceScope(Device *device) : previous(current) { current = device; }
DeviceScope::~DeviceScope() { current = previous; }

/// Memory of the device. When there is none left the call fails at its next wait; until then code
/// of the host gets memory of its own, which kernels never see.
static void *allocateAligned(uint64_t, uint64_t bytes) {
  Expected<void *> memory = current->allocate(bytes);
  if (memory) {
    return *memory;
  }
  current->fail(toString(memory.takeError()));
  return std::malloc(bytes);
}

static void *allocate(uint64_t bytes) { return allocateAligned(64, bytes); }

static void release(void *memory) { current->release(memory); }

static void launch(void *function, intptr_t groupsX, intptr_t groupsY, intptr_t groupsZ,
                   intptr_t threads, intptr_t, intptr_t, int32_t, void *, void **parameters,
                   void **, size_t count) {
  std::array<uint64_t, 3> groups = {static_cast<uint64_t>(groupsX), static_cast<uint64_t>(groupsY),
                                    static_cast<uint64_t>(groupsZ)};
  current->launch(static_cast<DeviceKernelHandle *>(function), groups,
                  static_cast<uint64_t>(threads), ArrayRef<void *>(parameters, count));
}

static void synchronize(void *) {
  if (Error error = current->synchronize()) {
    // Kept for whoever called the compiled code.
    current->fail(toString(std::move(error)));
  }
}

ArrayRef<std::pair<StringLiteral, void *>> quench::deviceCalls() {
  static const std::pair<StringLiteral, void *> calls[] = {
      {"mgpuLaunchKernel", reinterpret_cast<void *>(&launch)},
      {"mgpuStreamSynchronize", reinterpret_cast<void *>(&synchronize)},
      {"_mlir_memref_to_llvm_alloc", reinterpret_cast<void *>(&allocate)},
      {"_mlir_memref_to_llvm_aligned_alloc", reinterpret_cast<void *>(&allocateAligned)},
      {"_mlir_memref_to_llvm_free", reinterpret_cast<void *>(&release)},
  };
  return calls;
}

//===- CudaTimer.cpp - Events of a device of NVIDIA -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaTimer.h"

using namespace llvm;
using namespace quench;

CudaTimer::~CudaTimer() {
  cuda.cuCtxSetCurrent(context);
  for (void *event : events) {
    cuda.cuEventDestroy_v2(event);
  }
}

Error CudaTimer::record(size_t stamp) {
  if (stamp == events.size()) {
    void *event = nullptr;
    if (int result = cuda.cuEventCreate(&event, /*flags=*/0)) {
      return createStringError(cuda.describe(result));
    }
    events.push_back(event);
  }
  int result = cuda.cuEventRecord(events[stamp], /*stream=*/nullptr);
  return result == 0 ? Error::success() : createStringError(cuda.describe(result));
}

Expected<double> CudaTimer::elapsed(size_t from, size_t to) {
  float milliseconds = 0;
  if (int result = cuda.cuEventElapsedTime(&milliseconds, events[from], events[to])) {
    return createStringError(cuda.describe(result));
  }
  return 1e-3 * static_cast<double>(milliseconds);
}

//===- CudaTimer.h - Events of a device of NVIDIA -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DEVICE_CUDATIMER_H
#define QUENCH_LIB_DEVICE_CUDATIMER_H

#include "CudaLibrary.h"
#include "KernelTimer.h"

namespace quench {

/// Stamps are events in the default stream of a context, which is current when they are recorded.
class CudaTimer : public KernelTimer {
public:
  CudaTimer(const CudaLibrary &cuda, void *context) : cuda(cuda), context(context) {}
  ~CudaTimer() override;

private:
  llvm::Error record(size_t stamp) override;
  llvm::Expected<double> elapsed(size_t from, size_t to) override;

  const CudaLibrary &cuda;
  void *context;
  std::vector<void *> events;
};

} // namespace quench

#endif // QUENCH_LIB_DEVICE_CUDATIMER_H

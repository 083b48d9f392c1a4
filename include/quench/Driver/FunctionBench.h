//===- FunctionBench.h - The speed of a function on tensors -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_FUNCTIONBENCH_H
#define QUENCH_DRIVER_FUNCTIONBENCH_H

#include "quench/Driver/Command.h"
#include "quench/Workflow/LoadedModel.h"

namespace quench::driver {

/// Calls the function of a model folder with made-up arguments, whose open sizes are `batch`, and
/// prints the median time of a call.
llvm::Error benchFunction(const Console &console, llvm::StringRef model,
                          const workflow::MachineChoice &machine, int64_t batch);

} // namespace quench::driver

#endif // QUENCH_DRIVER_FUNCTIONBENCH_H

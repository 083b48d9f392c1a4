//===- MachineFlags.h - Options that say what a model runs on -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_MACHINEFLAGS_H
#define QUENCH_DRIVER_MACHINEFLAGS_H

#include "quench/Driver/OptionTable.h"
#include "quench/Workflow/LoadedModel.h"

namespace quench::driver {

/// --target, --device and --device-memory.
void declareMachine(OptionTable &options, workflow::MachineChoice &machine);

} // namespace quench::driver

#endif // QUENCH_DRIVER_MACHINEFLAGS_H

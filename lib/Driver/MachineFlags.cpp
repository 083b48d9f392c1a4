//===- MachineFlags.cpp - Options that say what a model runs on -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/MachineFlags.h"

#include "quench/Driver/KnownNames.h"

void quench::driver::declareMachine(OptionTable &options, workflow::MachineChoice &machine) {
  options.text("target", 0, "TARGET", machine.target,
               "what to run on, see `quench targets` (default host)");
  options.suggest("target", targetNames());
  options.text("device", 0, "NAME", machine.device,
               "part of the name of the device to take (default: one that suits)");
  options.integer("device-memory", "MB", machine.deviceMegabytes, 0, 1 << 24,
                  "memory to take of a device at most, 0 for all (default 0)");
}

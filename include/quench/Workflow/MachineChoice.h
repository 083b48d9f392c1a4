//===- MachineChoice.h - What a model runs on -------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_MACHINECHOICE_H
#define QUENCH_WORKFLOW_MACHINECHOICE_H

#include "quench/Device/Device.h"
#include "quench/Target/Target.h"

namespace quench::workflow {

/// What a model runs on, as users say it.
struct MachineChoice {
  std::string target = "host";
  /// Part of the name of a device; empty for one that suits.
  std::string device;
  /// Megabytes of memory that may be taken of a device, 0 for all.
  int64_t deviceMegabytes = 0;

  /// Puts it into options of a session. An error if there is no such target, or if it is a
  /// processor and a device was named.
  llvm::Error apply(Target &chosen, DeviceOptions &options) const;
};

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_MACHINECHOICE_H

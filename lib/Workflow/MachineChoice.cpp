//===- MachineChoice.cpp - What a model runs on ---------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/MachineChoice.h"

using namespace llvm;

namespace quench::workflow {

Error MachineChoice::apply(Target &chosen, DeviceOptions &options) const {
  if (Error failure = Target::find(target).moveInto(chosen)) {
    return failure;
  }
  if (!device.empty() && !chosen.isDevice()) {
    return createStringError("target '" + target + "' is a processor, expected one that runs on '" +
                             device + "'");
  }
  options.name = device;
  if (deviceMegabytes > 0) {
    options.memoryLimit = static_cast<uint64_t>(deviceMegabytes) << 20;
  }
  return Error::success();
}

} // namespace quench::workflow

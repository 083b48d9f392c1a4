//===- HostProcessor.cpp - Make the processor run code for a target -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostProcessor.h"

#include "quench/Target/Target.h"

#include "llvm/ADT/STLExtras.h"

#include <unistd.h>

using namespace llvm;
using namespace quench;

Error quench::prepareHost(const Target &target) {
  Target caller = target.caller();
  if (!caller.runsHere()) {
    return createStringError("this machine cannot run code for target '" + target.name + "'");
  }
#if defined(__linux__) && defined(__x86_64__)
  bool hasTiles = is_contained(caller.required, "amx-tile");
  using Permission = TilePermission;
  if (hasTiles && syscall(Permission::kNumber, Permission::kRequest, Permission::kTiles) != 0) {
    return createStringError("the system does not let this process use AMX tiles, which target '" +
                             target.name + "' needs");
  }
#endif
  return Error::success();
}

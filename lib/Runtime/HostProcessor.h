//===- HostProcessor.h - Make the processor run code for a target -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_RUNTIME_HOSTPROCESSOR_H
#define QUENCH_LIB_RUNTIME_HOSTPROCESSOR_H

#include "llvm/Support/Error.h"

namespace quench {

struct Target;

/// Linux lets a process use AMX tiles after it has asked once: `syscall(number, request, tiles)`,
/// which is `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`, gives 0.
struct TilePermission {
  static constexpr long kNumber = 158;
  static constexpr long kRequest = 0x1023;
  static constexpr long kTiles = 18;
};

/// Fails where this machine, or the host of a device, cannot run code for `target`.
llvm::Error prepareHost(const Target &target);

} // namespace quench

#endif // QUENCH_LIB_RUNTIME_HOSTPROCESSOR_H

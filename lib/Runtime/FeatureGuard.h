//===- FeatureGuard.h - Code that knows where it must not run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_RUNTIME_FEATUREGUARD_H
#define QUENCH_LIB_RUNTIME_FEATUREGUARD_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <string>

namespace llvm {
class Function;
} // namespace llvm

namespace quench {

/// Puts a function before `run`, under its name, that returns `status` on a machine without all of
/// `features` (LLVM's names) and calls it on any other. The new function itself runs on every
/// machine of the architecture. On x86-64 it asks `__cpu_model` of libgcc or compiler-rt, which
/// knows what the operating system supports too, and Linux for permission to use tiles; on AArch64
/// `getauxval`. A feature that none of them knows is not asked for.
void guardByFeatures(llvm::Function &run, llvm::ArrayRef<std::string> features, int32_t status);

} // namespace quench

#endif // QUENCH_LIB_RUNTIME_FEATUREGUARD_H

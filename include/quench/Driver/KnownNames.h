//===- KnownNames.h - Names that options take --------------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_KNOWNNAMES_H
#define QUENCH_DRIVER_KNOWNNAMES_H

#include <string>
#include <vector>

namespace quench::driver {

/// Built-in recipes.
std::vector<std::string> recipeNames();

/// "host" and the built-in targets.
std::vector<std::string> targetNames();

} // namespace quench::driver

#endif // QUENCH_DRIVER_KNOWNNAMES_H

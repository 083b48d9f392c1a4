//===- BuiltinTargets.h - The files of targets/ -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TARGET_BUILTINTARGETS_H
#define QUENCH_LIB_TARGET_BUILTINTARGETS_H

#include "llvm/ADT/ArrayRef.h"

namespace quench {

struct BuiltinTarget {
  const char *file;
  const char *text;
};

/// In the order of their names.
llvm::ArrayRef<BuiltinTarget> builtinTargets();

} // namespace quench

#endif // QUENCH_LIB_TARGET_BUILTINTARGETS_H

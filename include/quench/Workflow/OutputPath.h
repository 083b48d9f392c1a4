//===- OutputPath.h - Outputs that are no inputs ----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_OUTPUTPATH_H
#define QUENCH_WORKFLOW_OUTPUTPATH_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace quench::workflow {

/// Fails when a step would replace what it reads: when both are one file or folder, whatever they
/// are called.
llvm::Error requireApart(llvm::StringRef output, llvm::StringRef input);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_OUTPUTPATH_H

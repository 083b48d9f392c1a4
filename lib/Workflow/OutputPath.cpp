//===- OutputPath.cpp - Outputs that are no inputs ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/OutputPath.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

Error quench::workflow::requireApart(StringRef output, StringRef input) {
  bool same = false;
  // What is not there yet is no input; what cannot be read is an error of whoever reads it.
  if (sys::fs::equivalent(output, input, same) || !same) {
    return Error::success();
  }
  return createStringError(output + ": expected another output than the input " + input +
                           ", found the same");
}

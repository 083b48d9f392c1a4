//===- TargetFileTarget.cpp - Descriptions of chips -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A target that is read is printed as a file that reads as the same target.
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"
#include "FuzzTarget.h"
#include "InputFile.h"

#include "quench/Target/Target.h"
#include "quench/Target/TargetSpec.h"

using namespace llvm;
using namespace quench;

void fuzz::fuzzTargetFile(StringRef bytes) {
  InputFile input(bytes, "mlir");
  Expected<Target> target = Target::find(input.path());
  if (!target) {
    consumeError(target.takeError());
    return;
  }
  std::string text = printTarget(*target);
  InputFile printed(text, "mlir");
  Expected<Target> again = Target::find(printed.path());
  if (!again) {
    finding("a target that is printed cannot be read", text + toString(again.takeError()));
  }
  if (printTarget(*again) != text) {
    finding("a target that is printed is read as another", text);
  }
}

//===- quench.cpp - The command line tool ---------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Driver.h"
#include "quench/InitAll.h"
#include "quench/Support/RemoveOnSignal.h"

#include "llvm/Support/InitLLVM.h"

int main(int argc, char **argv) {
  quench::enableRemoveOnSignal();
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  quench::registerAllDialects(registry);
  quench::registerAllPasses();
  std::vector<llvm::StringRef> arguments(argv + 1, argv + argc);
  return static_cast<int>(
      quench::driver::runDriver(arguments, registry, llvm::outs(), llvm::errs()));
}

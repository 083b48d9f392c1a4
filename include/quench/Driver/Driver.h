//===- Driver.h - The command line tool as a function -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_DRIVER_H
#define QUENCH_DRIVER_DRIVER_H

#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

namespace quench::driver {

/// How the tool ended, as its exit status.
enum class ExitCode {
  Success = 0,
  /// The command was understood and failed; outputs are as they were before.
  Failure = 1,
  /// The command line was not understood; nothing was done.
  Usage = 2,
};

/// Runs `quench ARGUMENTS...`. Results go to `out`; progress, remarks and errors
/// ("quench: error: …") to `err`.
ExitCode runDriver(llvm::ArrayRef<llvm::StringRef> arguments, const mlir::DialectRegistry &registry,
                   llvm::raw_ostream &out, llvm::raw_ostream &err);

} // namespace quench::driver

#endif // QUENCH_DRIVER_DRIVER_H

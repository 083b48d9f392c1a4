//===- Compile.h - Compile a model to a file --------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_COMPILE_H
#define QUENCH_WORKFLOW_COMPILE_H

#include "quench/Workflow/Host.h"

#include <string>

namespace quench::workflow {

struct CompileRequest {
  /// A model folder.
  std::string model;
  /// What to write: .so, .o, .s, .ll or .mlir.
  std::string output;
  /// As Target::find takes it.
  std::string target = "host";
  /// Tokens in a call of code whose sizes are fixed, as in TOSA; 0 for one.
  int64_t rows = 0;
  /// What the C names begin with; empty for the output without `lib` and ending.
  std::string symbol;
};

struct CompileResult {
  std::string target;
  uint64_t bytes = 0;
  /// The C header, beside .so and .o; empty otherwise.
  std::string header;
};

/// Compiles; with one thread of the host the code has none of its own.
llvm::Expected<CompileResult> compileModelTo(CompileRequest request, const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_COMPILE_H

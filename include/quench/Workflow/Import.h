//===- Import.h - Make a model folder of a model of others ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_IMPORT_H
#define QUENCH_WORKFLOW_IMPORT_H

#include "quench/Workflow/Host.h"
#include "quench/Workflow/ModelSize.h"

#include <string>

namespace quench::workflow {

struct ImportRequest {
  /// A Hugging Face folder, a GGUF file, or IR with one function (.mlir, .mlirbc).
  std::string source;
  /// The model folder to write.
  std::string output;
  /// Tokens that the caches hold; 0 for what the model is made for, at most 4096.
  int64_t maxPositions = 0;
};

/// Imports, and measures what was written.
llvm::Expected<ModelSummary> importModel(const ImportRequest &request, const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_IMPORT_H

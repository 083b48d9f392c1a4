//===- Export.h - Write a model for other tools -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_EXPORT_H
#define QUENCH_WORKFLOW_EXPORT_H

#include "quench/Workflow/Host.h"

#include <cstdint>
#include <string>

namespace quench::workflow {

struct ExportRequest {
  /// A model folder.
  std::string model;
  /// What to write: a `.gguf` file for llama.cpp, or a Hugging Face folder for vLLM and others.
  std::string output;
};

struct ExportSummary {
  /// "gguf" or "safetensors".
  std::string format;
  /// Of the file of weights.
  uint64_t bytes = 0;
};

/// Writes a model in the format that the name of the output says.
llvm::Expected<ExportSummary> exportModel(const ExportRequest &request, const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_EXPORT_H

//===- Export.cpp - Write a model for other tools -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Export.h"

#include "quench/Export/ExportGguf.h"
#include "quench/Export/ExportHuggingFace.h"
#include "quench/Workflow/LoadedModel.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace quench::workflow {

Expected<ExportSummary> exportModel(const ExportRequest &request, const Host &host) {
  bool isGguf = sys::path::extension(request.output) == ".gguf";
  Expected<LoadedModel> model = openModel(request.model, host);
  if (!model) {
    return model.takeError();
  }
  if (Error failure = model->folder->requireCausalLM()) {
    return std::move(failure);
  }
  ExportOptions options;
  options.name = sys::path::stem(request.output).str();
  options.progress = host.progress;
  options.warn = [&](const std::string &message) { host.warn(message); };
  auto write = isGguf ? exportGguf : exportHuggingFace;
  if (Error failure = write(*model->folder, request.output, options)) {
    return std::move(failure);
  }
  ExportSummary summary{isGguf ? "gguf" : "safetensors"};
  SmallString<128> weights(request.output);
  if (!isGguf) {
    sys::path::append(weights, "model.safetensors");
  }
  if (std::error_code code = sys::fs::file_size(weights, summary.bytes)) {
    return createStringError(weights + ": cannot open: " + code.message());
  }
  return summary;
}

} // namespace quench::workflow

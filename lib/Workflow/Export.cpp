//===- Export.cpp - Write a model for other tools -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Export.h"

#include "quench/Export/ExportGguf.h"
#include "quench/Workflow/LoadedModel.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace quench::workflow {

Expected<ExportSummary> exportModel(const ExportRequest &request, const Host &host) {
  if (sys::path::extension(request.output) != ".gguf") {
    return createStringError(request.output + ": expected a name that ends in .gguf");
  }
  Expected<LoadedModel> model = openModel(request.model, host);
  if (!model) {
    return model.takeError();
  }
  ExportOptions options;
  options.name = sys::path::stem(request.output).str();
  options.progress = host.progress;
  options.warn = [&](const std::string &message) { host.warn(message); };
  if (Error failure = exportGguf(*model->folder, request.output, options)) {
    return std::move(failure);
  }
  ExportSummary summary{"gguf"};
  if (std::error_code code = sys::fs::file_size(request.output, summary.bytes)) {
    return createStringError(request.output + ": cannot open: " + code.message());
  }
  return summary;
}

} // namespace quench::workflow

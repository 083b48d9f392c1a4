//===- Import.cpp - Make a model folder of a model of others --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Import.h"

#include "quench/Import/ImportGguf.h"
#include "quench/Import/ImportHuggingFace.h"
#include "quench/Workflow/LoadedModel.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;

namespace quench::workflow {

Expected<ModelSummary> importModel(const ImportRequest &request, const Host &host) {
  ImportOptions options;
  options.maxPositions = request.maxPositions;
  options.progress = host.progress;
  options.warn = [&](const std::string &message) { host.warn(message); };
  std::unique_ptr<mlir::MLIRContext> context = host.makeContext();
  auto import = sys::fs::is_regular_file(request.source) ? importGguf : importHuggingFace;
  if (Error failure = import(request.source, request.output, options, *context)) {
    return std::move(failure);
  }
  return summarizeModel(request.output, host);
}

} // namespace quench::workflow

//===- Import.cpp - Make a model folder of a model of others --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Import.h"

#include "quench/Import/ImportGguf.h"
#include "quench/Import/ImportHuggingFace.h"
#include "quench/Import/ImportMlir.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/OutputPath.h"
#ifdef QUENCH_HAS_ONNX
#include "quench/Onnx/ImportOnnx.h"
#endif

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace quench::workflow {

using ImportFunction = Error(StringRef, StringRef, const ImportOptions &, mlir::MLIRContext &);

#ifndef QUENCH_HAS_ONNX
static Error importOnnx(StringRef source, StringRef, const ImportOptions &, mlir::MLIRContext &) {
  return createStringError(source +
                           ": this build of Quench does not import ONNX: it was configured "
                           "without libonnx-dev and libprotobuf-dev");
}
#endif

/// Files say by their endings what they are.
static ImportFunction *importerFor(StringRef source) {
  StringRef ending = sys::path::extension(source);
  if (ending == ".mlir" || ending == ".mlirbc") {
    return importMlir;
  }
  if (ending == ".onnx") {
    return importOnnx;
  }
  return sys::fs::is_regular_file(source) ? importGguf : importHuggingFace;
}

Expected<ModelSummary> importModel(const ImportRequest &request, const Host &host) {
  ImportOptions options;
  options.maxPositions = request.maxPositions;
  options.progress = host.progress;
  options.warn = [&](const std::string &message) { host.warn(message); };
  SmallString<128> module(request.output);
  sys::path::append(module, ModelFolder::moduleFileName);
  if (Error failure = requireApart(module, request.source)) {
    return std::move(failure);
  }
  std::unique_ptr<mlir::MLIRContext> context = host.makeContext();
  if (Error failure =
          importerFor(request.source)(request.source, request.output, options, *context)) {
    return std::move(failure);
  }
  return summarizeModel(request.output, host);
}

} // namespace quench::workflow

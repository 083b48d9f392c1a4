//===- ImportHuggingFace.h - Hugging Face folders ---------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A Hugging Face folder holds `config.json` and safetensors, in one file or in
// shards with an index. Nothing is written before config and all tensor headers
// have been checked, and no output appears before every weight was seen finite.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_IMPORTHUGGINGFACE_H
#define QUENCH_IMPORT_IMPORTHUGGINGFACE_H

#include "quench/Support/Progress.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <functional>
#include <string>

namespace quench {

struct ImportOptions {
  /// Length of the caches; 0 takes what the model is made for, at most `defaultMaxPositions`.
  int64_t maxPositions = 0;
  /// Where to show how far copying of weights has come.
  ProgressSink progress;
  /// Receives what the user should know but what is no error: tensors that are left out.
  std::function<void(const std::string &message)> warn;
};

/// The IR of the model in a Hugging Face folder; see `buildLlama`. Tensors are checked for
/// presence, shape and element type; their values are not read.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importHuggingFaceModule(llvm::StringRef folder, const ImportOptions &options,
                        mlir::MLIRContext &context);

/// Writes the model folder of a Hugging Face folder (see ModelFolder.h): names of tensors and their
/// bytes are kept, shards are merged, tensors that the model does not use are dropped. Same input,
/// same bytes. Errors: all of `importHuggingFaceModule`, weights that are not finite, an output
/// that cannot be written; nothing is left behind then.
llvm::Error importHuggingFace(llvm::StringRef folder, llvm::StringRef outputFolder,
                              const ImportOptions &options, mlir::MLIRContext &context);

} // namespace quench

#endif // QUENCH_IMPORT_IMPORTHUGGINGFACE_H

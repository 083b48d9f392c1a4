//===- ExportGguf.h - Models for llama.cpp ----------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXPORT_EXPORTGGUF_H
#define QUENCH_EXPORT_EXPORTGGUF_H

#include "quench/Model/ModelFolder.h"
#include "quench/Support/Progress.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <string>

namespace quench {

struct ExportOptions {
  /// What the file calls the model.
  std::string name;
  /// Where to show how far writing has come.
  ProgressSink progress;
  /// Receives what the user should know but what is no error: roundings of activations, which only
  /// our own code does, a vocabulary that is not known.
  std::function<void(const std::string &message)> warn;
};

/// Writes a Llama model as a GGUF file of the architecture "llama": matrices in the formats that
/// hold them exactly (see GgufFit.h), floats as they are, norms and biases in F32, all that
/// llama.cpp asks of metadata. A model of 256 tokens is taken to be one over bytes and gets a
/// vocabulary of them; others get none, and are driven with token ids. Same input, same bytes.
/// Errors name the place in the model or the tensor: IR that is not the network (see LlamaGraph.h),
/// a weight that no format holds, values that are not finite; nothing is left behind then.
llvm::Error exportGguf(const ModelFolder &model, llvm::StringRef path,
                       const ExportOptions &options);

} // namespace quench

#endif // QUENCH_EXPORT_EXPORTGGUF_H

//===- ImportGguf.h - GGUF files --------------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GGUF is converted when it is imported: what comes out is a model folder like any other, whose
// weights have Hugging Face names, rows in the order of its rotary embedding, and codes as our
// kernels pack them. A store that maps GGUF itself would have to hide all of that from every pass.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_IMPORTGGUF_H
#define QUENCH_IMPORT_IMPORTGGUF_H

#include "quench/Import/ImportHuggingFace.h"

namespace quench {

/// The IR of the model in a GGUF file of the architecture "llama" or "qwen2"; see `buildLlama`.
/// Quantized tensors are weights of their schemes (`ggufScheme`), dequantized where they are used.
/// All is checked but the values of weights: a tensor that is missing, has another shape, or is not
/// known to the architecture is an error, since it might change what the model computes.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importGgufModule(llvm::StringRef file, const ImportOptions &options, mlir::MLIRContext &context);

/// Writes the model folder of a GGUF file. No value is rounded. Same input, same bytes. Errors: all
/// of `importGgufModule`, values that are not finite, an output that cannot be written; nothing is
/// left behind then.
llvm::Error importGguf(llvm::StringRef file, llvm::StringRef outputFolder,
                       const ImportOptions &options, mlir::MLIRContext &context);

} // namespace quench

#endif // QUENCH_IMPORT_IMPORTGGUF_H

//===- ExportHuggingFace.h - Models for vLLM and others ---------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXPORT_EXPORTHUGGINGFACE_H
#define QUENCH_EXPORT_EXPORTHUGGINGFACE_H

#include "quench/Export/ExportGguf.h"

namespace quench {

/// Writes a Llama model as a Hugging Face folder, `config.json` and `model.safetensors`, without a
/// tokenizer. Weights of 4 or 8 symmetric bits, all layers alike, are written in the layout of
/// compressed-tensors (see CompressedTensors.h) with the same codes and scales, W4A16 packed, W8A8
/// as I8; floats as they are. Files of the folder are replaced, others stay. Same input, same
/// bytes. Errors name the place in the model or the tensor: IR that is not the network (see
/// LlamaGraph.h), schemes that the layout does not have, layers that differ, quantized tables,
/// inputs that are rounded in another way than to 8 bits for each token; nothing is written then.
llvm::Error exportHuggingFace(const ModelFolder &model, llvm::StringRef folder,
                              const ExportOptions &options);

} // namespace quench

#endif // QUENCH_EXPORT_EXPORTHUGGINGFACE_H

//===- GgufConfig.h - Metadata of GGUF models -------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_GGUFCONFIG_H
#define QUENCH_IMPORT_GGUFCONFIG_H

#include "quench/Gguf/GgufFile.h"
#include "quench/Import/LlamaConfig.h"

#include "llvm/Support/Error.h"

namespace quench {

/// What the metadata of a file of the architectures "llama" and "qwen2" says about the model, with
/// the defaults of llama.cpp. Ties of embeddings, biases, the size of the vocabulary and divisors
/// of rotary frequencies follow from the tensors. Tokenizers are not looked at. Errors read "FILE:
/// key 'KEY': expected …, found …": a key that is needed and not there, of another type or out of
/// range; a key that would change what the model computes and is not understood (experts, other
/// scalings of positions).
llvm::Expected<LlamaConfig> readGgufConfig(const GgufFile &file);

} // namespace quench

#endif // QUENCH_IMPORT_GGUFCONFIG_H

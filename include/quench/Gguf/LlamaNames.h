//===- LlamaNames.h - Llama models in the words of GGUF ---------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GGUF has names of its own for tensors, and another order of rows for queries and keys of the
// "llama" architecture: its rotary embedding turns elements 2 j and 2 j + 1 of a head together,
// ours, as Hugging Face's, j and j + D / 2.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GGUF_LLAMANAMES_H
#define QUENCH_GGUF_LLAMANAMES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quench {

/// What GGUF calls a tensor of a Hugging Face folder: "blk.3.attn_q.weight" for
/// "model.layers.3.self_attn.q_proj.weight". Empty for a name that Llama models do not have.
std::string ggufNameOf(llvm::StringRef huggingFaceName);

/// Whether the rows of this tensor, under its Hugging Face name, are turned by a rotary embedding:
/// weights and biases of queries and keys.
bool isRotated(llvm::StringRef huggingFaceName);

/// Rows of heads of `headDim` rows each, in the other order. `bytes` are whole heads of rows of
/// `rowBytes`.
std::vector<uint8_t> rowsToGguf(llvm::ArrayRef<uint8_t> bytes, size_t rowBytes, int64_t headDim);
std::vector<uint8_t> rowsFromGguf(llvm::ArrayRef<uint8_t> bytes, size_t rowBytes, int64_t headDim);

} // namespace quench

#endif // QUENCH_GGUF_LLAMANAMES_H

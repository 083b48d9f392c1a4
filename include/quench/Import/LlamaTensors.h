//===- LlamaTensors.h - The tensors a Llama-style model needs ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_LLAMATENSORS_H
#define QUENCH_IMPORT_LLAMATENSORS_H

#include "quench/Import/LlamaConfig.h"
#include "quench/WeightStore/SafetensorsWriter.h"
#include "quench/WeightStore/WeightStore.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace quench {

/// A tensor that a model needs, under its Hugging Face name.
struct LlamaTensor {
  std::string name;
  llvm::SmallVector<int64_t> shape;
};

/// Calls `visit` for each tensor that `config` calls for, in the order in which the model uses
/// them, up to the first failure: a configuration may lie about the number of layers.
llvm::Error visitLlamaTensors(const LlamaConfig &config,
                              llvm::function_ref<llvm::Error(const LlamaTensor &)> visit);

/// How a store holds a tensor: in one of the two ways.
struct StoredLlamaTensor {
  LlamaTensor tensor;
  const TensorView *floats = nullptr;
  std::optional<CompressedWeight> codes;
};

/// The tensors that `config` calls for, in the same order. Each is checked to be in `store`, with
/// its shape and as F32, F16 or BF16, or as the format of `config` has it; values are not read.
/// Errors read "FILE: tensor 'NAME': expected …, found …".
llvm::Expected<std::vector<StoredLlamaTensor>> findLlamaTensors(const LlamaConfig &config,
                                                                const WeightStore &store);

/// The names in `store` that are not among `used`, sorted. Rotary frequencies, which old files
/// carry along, are not counted: the configuration gives them.
std::vector<std::string> unusedTensors(const WeightStore &store,
                                       llvm::ArrayRef<StoredLlamaTensor> used);

/// Declares `tensor` in `writer` under its name.
llvm::Error declareTensor(SafetensorsWriter &writer, const TensorView &tensor);

/// Fails on the first value of an F32, F16 or BF16 tensor that is not finite, as
/// `copyFiniteTensor`.
llvm::Error checkFiniteTensor(const TensorView &tensor, llvm::StringRef file);

/// Copies a declared F32, F16 or BF16 tensor piece by piece. Fails on the first value that is not
/// finite with "FILE: tensor 'NAME': expected finite values, found nan at element 5 ([0, 5])"; the
/// number is the index in row-major order.
llvm::Error copyFiniteTensor(SafetensorsWriter &writer, const TensorView &tensor,
                             llvm::StringRef file);

} // namespace quench

#endif // QUENCH_IMPORT_LLAMATENSORS_H

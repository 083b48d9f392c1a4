//===- ImportLlama.h - nn IR of Llama-style models --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_IMPORTLLAMA_H
#define QUENCH_IMPORT_IMPORTLLAMA_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Import/LlamaConfig.h"
#include "quench/WeightStore/ElementKind.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

namespace quench {

/// Cache length of an import that does not name one, unless the model is made for less.
inline constexpr int64_t defaultMaxPositions = 4096;

/// The length of the caches: `requested`, or for 0 what the model is made for, at most
/// `defaultMaxPositions`. Errors: a request below 0 or beyond the model; a sliding window that is
/// shorter than the result, which would change what is computed.
llvm::Expected<int64_t> cacheLength(const LlamaConfig &config, int64_t requested);

/// Builds the function
/// `@forward(%tokens: tensor<?xi32>, %position: index, %first: index, %k0: tensor<LxHxDxf32>, %v0,
/// %k1, …) -> (tensor<?xVxf32>, k0, v0, k1, …) attributes {nn.causal_lm}`
/// (see the nn dialect) for caches of `maxPositions` tokens. Weights are `quench.weight` under
/// their Hugging Face names with the types that `typeOf` gives them: tensors of f32, f16 or bf16,
/// and qtensors of f32 for matrices, which are dequantized. Gains, biases and rows of the embedding
/// are extended to f32. With `inputs`, what meets a quantized weight is rounded to that scheme, its
/// scales computed at run time. Every op is located at the name of its Hugging Face module.
mlir::OwningOpRef<mlir::ModuleOp>
buildLlama(const LlamaConfig &config, llvm::function_ref<mlir::Type(llvm::StringRef name)> typeOf,
           int64_t maxPositions, mlir::MLIRContext &context, SchemeAttr inputs = {});

/// The type of a weight of F32, F16 or BF16 elements.
mlir::RankedTensorType floatWeightType(mlir::MLIRContext &context, ElementKind kind,
                                       llvm::ArrayRef<int64_t> shape);

} // namespace quench

#endif // QUENCH_IMPORT_IMPORTLLAMA_H

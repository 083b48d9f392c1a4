//===- LinearNames.h - What users call a linear layer -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recipes, archives and reports name a linear layer by the key of its weight
// without ".weight", which is the name the module had where the model comes from:
// "model.layers.0.mlp.up_proj".
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_MODEL_LINEARNAMES_H
#define QUENCH_MODEL_LINEARNAMES_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Interfaces/QuantizableOpInterface.h"

#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace quench {

/// The name that belongs to a weight key: the key without a final ".weight".
llvm::StringRef linearNameOfKey(llvm::StringRef key);

/// The stored weight that a value is made of: follows first operands (dequantize, casts,
/// fake_quantize …) to a `quench.weight`; null when there is none.
WeightOp findWeight(mlir::Value value);

/// The name of a linear layer, or "" when its weight is not a stored one.
llvm::StringRef linearName(QuantizableOpInterface op);

/// The names of all linear layers under `root` with a stored weight, in program order, each once.
std::vector<std::string> linearNames(mlir::Operation *root);

} // namespace quench

#endif // QUENCH_MODEL_LINEARNAMES_H

//===- ReferencedTensors.h - The tensors that a module needs ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKSPACE_REFERENCEDTENSORS_H
#define QUENCH_WORKSPACE_REFERENCEDTENSORS_H

#include "quench/WeightStore/SafetensorsWriter.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace quench {

/// Copies the tensors that the `quench.weight` ops of `module` stand for from `store` to `output`,
/// in the order of their names and one at a time: floats as they are, quantized weights as their
/// parts (see QuantizedWeight.h). Also copies the metadata; the caller commits. Errors name the
/// tensor: it is missing, it has another shape than the op, or it is needed both as a weight and as
/// a part of another one.
llvm::Error writeReferencedTensors(mlir::ModuleOp module, const WeightStore &store,
                                   SafetensorsWriter &output);

} // namespace quench

#endif // QUENCH_WORKSPACE_REFERENCEDTENSORS_H

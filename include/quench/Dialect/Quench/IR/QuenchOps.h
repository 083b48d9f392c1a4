//===- QuenchOps.h - Operations of the quench dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHOPS_H
#define QUENCH_DIALECT_QUENCH_IR_QUENCHOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#define GET_OP_CLASSES
#include "quench/Dialect/Quench/IR/QuenchOps.h.inc"

namespace quench {

/// The dequantization that a value is, up to outliers that were split off before it: `%d` of `%d`
/// and of `arith.addf %d, %outliers`. Null for everything else.
DequantizeOp findDequantized(mlir::Value value);

/// The tensor of f16 or bf16 that `value` is in f32; null if it is something else.
mlir::Value findNarrow(mlir::Value value);

} // namespace quench

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHOPS_H

//===- NNOps.h - Operations of the nn dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NNOPS_H
#define QUENCH_DIALECT_NN_IR_NNOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"
#include "quench/Interfaces/BasisOpInterface.h"
#include "quench/Interfaces/QuantizableOpInterface.h"

#define GET_OP_CLASSES
#include "quench/Dialect/NN/IR/NNOps.h.inc"

#endif // QUENCH_DIALECT_NN_IR_NNOPS_H

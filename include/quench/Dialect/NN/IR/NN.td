//===- NN.td - All of the nn dialect, as tblgen reads it -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NN_TD
#define QUENCH_DIALECT_NN_IR_NN_TD

include "quench/Dialect/NN/IR/NNDialect.td"
include "quench/Dialect/NN/IR/NNOpsAttention.td"
include "quench/Dialect/NN/IR/NNOpsLinear.td"
include "quench/Dialect/NN/IR/NNOpsPointwise.td"
include "quench/Dialect/NN/IR/NNOpsWindow.td"

#endif // QUENCH_DIALECT_NN_IR_NN_TD

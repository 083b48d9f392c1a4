//===- Quench.td - All of the quench dialect, as tblgen reads it -*- tablegen -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCH_TD
#define QUENCH_DIALECT_QUENCH_IR_QUENCH_TD

include "quench/Dialect/Quench/IR/QuenchAttributes.td"
include "quench/Dialect/Quench/IR/QuenchBasisAttributes.td"
include "quench/Dialect/Quench/IR/QuenchDialect.td"
include "quench/Dialect/Quench/IR/QuenchEnums.td"
include "quench/Dialect/Quench/IR/QuenchOpsBasis.td"
include "quench/Dialect/Quench/IR/QuenchOpsCodegen.td"
include "quench/Dialect/Quench/IR/QuenchOpsContraction.td"
include "quench/Dialect/Quench/IR/QuenchOpsQuantization.td"
include "quench/Dialect/Quench/IR/QuenchOpsStorage.td"
include "quench/Dialect/Quench/IR/QuenchTypes.td"

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCH_TD

//===- NNDialect.h - The nn dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_NN_IR_NNDIALECT_H
#define QUENCH_DIALECT_NN_IR_NNDIALECT_H

#include "mlir/IR/Dialect.h"

#include "quench/Dialect/NN/IR/NNDialect.h.inc"

#endif // QUENCH_DIALECT_NN_IR_NNDIALECT_H

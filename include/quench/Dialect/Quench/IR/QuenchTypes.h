//===- QuenchTypes.h - The quantized tensor type -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHTYPES_H
#define QUENCH_DIALECT_QUENCH_IR_QUENCHTYPES_H

#include "mlir/IR/BuiltinTypes.h"
#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

#define GET_TYPEDEF_CLASSES
#include "quench/Dialect/Quench/IR/QuenchTypes.h.inc"

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHTYPES_H

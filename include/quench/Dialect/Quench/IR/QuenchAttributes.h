//===- QuenchAttributes.h - Schemes: how a tensor is stored -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_QUENCHATTRIBUTES_H
#define QUENCH_DIALECT_QUENCH_IR_QUENCHATTRIBUTES_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpImplementation.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Interfaces/BasisUse.h"
#include "quench/Numerics/Scheme.h"

#include <optional>
#include <vector>

#include "quench/Dialect/Quench/IR/QuenchEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "quench/Dialect/Quench/IR/QuenchAttributes.h.inc"

#endif // QUENCH_DIALECT_QUENCH_IR_QUENCHATTRIBUTES_H

//===- ExactFloats.h - Lists of floats in text -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// custom<ExactFloats> of assembly formats: `[` floats `]`, each with the digits that give the same
// float again. The directive that DenseF32ArrayAttr brings prints seven digits, which do not.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_DIALECT_QUENCH_IR_EXACTFLOATS_H
#define QUENCH_LIB_DIALECT_QUENCH_IR_EXACTFLOATS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpImplementation.h"

namespace quench {

mlir::ParseResult parseExactFloats(mlir::AsmParser &parser, mlir::DenseF32ArrayAttr &values);
void printExactFloats(mlir::AsmPrinter &printer, mlir::DenseF32ArrayAttr values);
/// The same for the attribute of an operation.
void printExactFloats(mlir::OpAsmPrinter &printer, mlir::Operation *op,
                      mlir::DenseF32ArrayAttr values);

} // namespace quench

#endif // QUENCH_LIB_DIALECT_QUENCH_IR_EXACTFLOATS_H

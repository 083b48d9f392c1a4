//===- RemarkParts.h - What remarks of passes are made of -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKSPACE_REMARKPARTS_H
#define QUENCH_WORKSPACE_REMARKPARTS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Remarks.h"

#include <string>

namespace quench {

/// Of a remark of `pass` that `name` happened to `op`, with the function around it.
mlir::remark::RemarkOpts remarkOptions(llvm::StringRef pass, llvm::StringRef name,
                                       mlir::Operation *op);

/// The name in the location of an op, else the name of the op.
std::string placeOf(mlir::Operation *op);

/// What makes a value; the op around for an argument.
mlir::Operation *makerOf(mlir::Value value);

/// A number as printf has it.
std::string decimals(double value, const char *format = "%.4g");

} // namespace quench

#endif // QUENCH_WORKSPACE_REMARKPARTS_H

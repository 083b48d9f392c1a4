//===- DenseConstant.h - The elements of a constant -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_DENSECONSTANT_H
#define QUENCH_TRANSFORMS_DENSECONSTANT_H

#include "mlir/IR/BuiltinAttributes.h"

namespace quench {

/// The value of the constant `op` as dense elements, those of a resource copied; null for elements
/// of another kind. Element types are whole bytes wide. Fails, with an error at `op`, where the
/// data of a resource is not there or has another size than its type.
llvm::FailureOr<mlir::DenseElementsAttr> denseElements(mlir::Operation *op,
                                                       mlir::ElementsAttr value);

} // namespace quench

#endif // QUENCH_TRANSFORMS_DENSECONSTANT_H

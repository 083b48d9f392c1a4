//===- FilterOrder.h - Tensors and filters in another order -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TRANSFORMS_FILTERORDER_H
#define QUENCH_LIB_TRANSFORMS_FILTERORDER_H

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quench {

/// Axis `i` of the result is axis `order[i]` of the input, as `linalg.transpose` has it.
using Order = llvm::ArrayRef<int64_t>;

template <typename T> llvm::SmallVector<T> reorder(llvm::ArrayRef<T> values, Order order) {
  return mlir::applyPermutation(values, order);
}

mlir::Value transpose(mlir::ImplicitLocOpBuilder &b, mlir::Value value, Order order);

/// Filters in another order: constants, and codes of constants, become others.
mlir::Value transposeFilter(mlir::ImplicitLocOpBuilder &b, mlir::Value filter, Order order);

/// Filters of single channels without the axis of size 1 that a collapse takes away: constants, and
/// codes of constants, of three axes. Others as they are.
mlir::Value withoutUnitAxis(mlir::ImplicitLocOpBuilder &b, mlir::Value filter);

} // namespace quench

#endif // QUENCH_LIB_TRANSFORMS_FILTERORDER_H

//===- TosaInteger.h - Numbers of TOSA's integer profile --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Header-only.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_REFERENCE_TOSAINTEGER_H
#define QUENCH_LIB_REFERENCE_TOSAINTEGER_H

#include "OpTable.h"

#include "mlir/IR/TypeUtilities.h"

namespace quench::reference {

inline bool isOnIntegers(mlir::Operation *op) {
  return mlir::isa<mlir::IntegerType>(mlir::getElementTypeOrSelf(op->getOperand(0).getType()));
}

/// A value that so many bits hold, or an error.
inline llvm::Expected<int64_t> fit(int64_t value, unsigned bits) {
  if (!llvm::isIntN(bits, value)) {
    return failure("%lld does not fit in %u bits", static_cast<long long>(value), bits);
  }
  return value;
}

/// The only element of a zero point or shift.
inline int64_t single(const Frame &frame, mlir::Value value) {
  return frame[value].integers.front();
}

/// A tensor of integers with what `make` says of each index, up to the first error.
llvm::Expected<Value>
makeIntegers(mlir::Type element, llvm::ArrayRef<int64_t> shape,
             llvm::function_ref<llvm::Expected<int64_t>(llvm::ArrayRef<int64_t>)> make);

template <typename OpTy>
void addOnIntegers(OpTable &table, llvm::Expected<Value> (*function)(OpTy, const Frame &)) {
  table.addVariant(OpTy::getOperationName(), isOnIntegers,
                   [function](mlir::Operation *op, const Frame &frame) {
                     return OpTable::single(function(mlir::cast<OpTy>(op), frame));
                   });
}

} // namespace quench::reference

#endif // QUENCH_LIB_REFERENCE_TOSAINTEGER_H

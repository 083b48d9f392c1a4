//===- CausalState.h - State that a language model hands itself -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The caches of a causal language model start as zeros and are only ever passed from one call of
// the function to the next (see the nn dialect), so their basis is the business of the function.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_CAUSALSTATE_H
#define QUENCH_LIB_BASIS_CAUSALSTATE_H

#include "mlir/IR/Value.h"

namespace quench {

/// What a cache is when the function returns; null for arguments that are no caches.
mlir::Value updatedStateOf(mlir::BlockArgument argument);

/// The argument whose next value is returned at this operand of a return; null for other results.
mlir::Value stateReturnedAt(mlir::OpOperand &operand);

} // namespace quench

#endif // QUENCH_LIB_BASIS_CAUSALSTATE_H

//===- IntegerRegion.h - Ops that become one function -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERREGION_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERREGION_H

#include "IntegerPlan.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

namespace quench {

/// Ops that become one function.
struct IntegerRegion {
  llvm::SmallVector<mlir::Value> outputs;
  /// Leaves, in their order.
  llvm::SmallVector<QuantizeOp> inputs;
  /// In their order, without leaves.
  llvm::SmallVector<mlir::Operation *> ops;
};

/// What the integers of these are computed from, as far as leaves.
IntegerRegion collectRegion(const IntegerPlan &plan, llvm::ArrayRef<mlir::Value> outputs);

/// All results, if they and nothing but codes of the arguments make up the whole function.
std::optional<IntegerRegion> wholeRegion(mlir::func::FuncOp function, const IntegerPlan &plan);

/// What the host needs of a function and integers give by a product.
llvm::SmallVector<mlir::Value> outputsOf(mlir::func::FuncOp function, const IntegerPlan &plan);

/// Whether the op is part of integer code wherever its operands are.
bool isAbsorbed(const IntegerPlan &plan, mlir::Operation *op);

/// "forward.model.layers.0.mlp.down_proj", after the last weight of a region.
std::string nameOf(mlir::func::FuncOp function, const IntegerRegion &region);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERREGION_H

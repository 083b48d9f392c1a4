//===- ProductEpilogue.h - What becomes of a product where it is stored -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What follows a matrix product element by element is computed by its kernel on the registers that
// are stored: an activation, a gate or a residual sum, bounds, and after it the quantization for
// the next product, if its scale is known beforehand.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_PRODUCTEPILOGUE_H
#define QUENCH_LIB_CODEGEN_PRODUCTEPILOGUE_H

#include "quench/Codegen/PointwiseKernel.h"
#include "quench/Codegen/RowQuantization.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

namespace quench {

struct ProductEpilogue {
  /// What is computed, in order.
  llvm::SmallVector<mlir::Operation *> consumers;
  Epilogue epilogue;
  /// The other argument of the function, if it has two.
  mlir::Value other;
};

/// The activation, gate or residual sum that alone takes the result of a product.
std::optional<ProductEpilogue> findEpilogue(mlir::Operation *product);

/// A quantization with a given scale.
struct Requantization {
  QuantizeOp op;
  RowQuantization rows;
};

/// The quantization that alone takes `value`, a matrix, for products of codes that agree on the
/// layout of them, without padding inside of a row.
std::optional<Requantization> findRequantization(mlir::Value value, const Target &target);

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_PRODUCTEPILOGUE_H

//===- BlockSum.h - How large sums of products of codes become --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `quench.contract` adds the products (x - z_x)(w - z_w) of a block along K in an integer. Kernels
// may pass through other numbers on the way, since additions wrap: it is the sum that has to fit.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_BLOCKSUM_H
#define QUENCH_CODEGEN_BLOCKSUM_H

#include "quench/Dialect/Quench/IR/QuenchTypes.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/IR/Value.h"

#include <optional>

namespace quench {

/// A magnitude that no block sum exceeds, and where it is from.
struct BlockSumBound {
  int64_t value;
  /// Whether the codes of the weight were read, and not only the ranges of both types.
  bool isOfCodes = false;

  bool fits() const;
};

/// From the ranges of codes, or of the multiples that they are looked up as, alone. Weights are
/// N x K, with a K that is known if their blocks have no length of their own.
BlockSumBound boundBlockSum(SchemeAttr activations, QTensorType weights);

/// The same, but where that exceeds i32 and `weights` are integers in `store`, which may be null:
/// the largest sum of |w - z_w| over a block of any row, times the largest |x - z_x|. Weights that
/// cannot be read leave the bound as it is; packing them says why.
BlockSumBound boundBlockSum(SchemeAttr activations, mlir::Value weights, const WeightStore *store);

} // namespace quench

#endif // QUENCH_CODEGEN_BLOCKSUM_H

//===- ConstantChain.h - Constants and what changes their basis -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_BASIS_CONSTANTCHAIN_H
#define QUENCH_BASIS_CONSTANTCHAIN_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Interfaces/BasisUse.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace quench {

/// A constant-like value, taken apart.
struct ConstantChain {
  /// A `quench.weight`, or a constant of any dialect: `arith.constant`, `tosa.const`.
  mlir::Operation *root;
  /// The changes of basis on the way from the root, first to last.
  llvm::SmallVector<BasisUse, 2> uses;
  llvm::SmallVector<int64_t> shape;

  /// Of a value for which `isConstantLike` holds.
  static ConstantChain of(mlir::Value value);

  /// The key of the weight, "" for a constant.
  llvm::StringRef key() const;
  /// The elements of a constant, null for a weight.
  mlir::ElementsAttr elements() const;
};

/// Whether an op is inside of chains: it makes a constant-like value from another.
bool isChainLink(mlir::Operation *op);

/// Erases a constant-like value that nobody reads, and what only it was made from.
void eraseUnread(mlir::Value value);

/// Evaluates chains in double. Matrices are looked at once for each map, not for each weight.
class ConstantEvaluator {
public:
  /// `store` may be null for constants in the IR.
  ConstantEvaluator(const WeightStore *store, unsigned threads) : store(store), threads(threads) {}

  /// All elements in row-major order. Errors name the tensor: there is no store, it has another
  /// shape, values that are not finite, or an inverse that does not exist.
  llvm::Expected<std::vector<double>> evaluate(const ConstantChain &chain);

  /// The same in pieces of whole rows of the first axis, in order, so that no large table is in
  /// memory at once; in one piece when a change mixes rows.
  llvm::Error stream(const ConstantChain &chain,
                     llvm::function_ref<llvm::Error(llvm::ArrayRef<double> values)> consume);

private:
  llvm::Expected<std::vector<double>> readRoot(const ConstantChain &chain, int64_t firstRow,
                                               int64_t numRows);
  llvm::Error applyUses(const ConstantChain &chain, std::vector<double> &values);
  llvm::Error applyUse(const BasisUse &use, llvm::ArrayRef<int64_t> shape,
                       std::vector<double> &values);
  llvm::Expected<const numerics::BasisMap *> mapOf(BasisMapAttrInterface attribute);

  const WeightStore *store;
  unsigned threads;
  llvm::DenseMap<mlir::Attribute, std::unique_ptr<numerics::BasisMap>> maps;
};

} // namespace quench

#endif // QUENCH_BASIS_CONSTANTCHAIN_H

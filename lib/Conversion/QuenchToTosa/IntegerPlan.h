//===- IntegerPlan.h - Which values can be had as integers ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Looks at the ops of a function in their order and decides for each value in QDQ form whether it
// can be had from codes without a float on the way, what its integers stand for, and which code
// computes them. Nothing is changed. What is known of each kind of op is one rule of the table.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERPLAN_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERPLAN_H

#include "IntegerForm.h"

#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quench {

class TosaEmitter;

/// A function of one number, for each code of 8 bits from -128 up.
struct FunctionTable {
  mlir::Value codes;
  std::vector<float> values;
};

/// What is known of a value: of a float one, or of the codes of a quantization.
struct PlannedValue {
  IntegerForm form;
  /// Whether it is a quantization of floats: codes that integer code begins with.
  bool isLeaf = false;
  /// Whether a product is on the way from the leaves.
  bool hasProduct = false;
  /// Whether some elements are no numbers: padding by minus infinity, or places of a concatenation
  /// that are not written yet. Rules that know better look through such a value, and nothing else
  /// takes it: it is never written itself.
  bool hasHoles = false;
  /// A quantization behind a function of codes takes its table, not its integers.
  std::optional<FunctionTable> table;
  /// The quantization whose scales, computed at run time, multiply all that `form` says; null for
  /// none. Only products take such codes, and only the host what these give.
  mlir::Value scaledBy;
  /// What the host adds to it then: a bias of the last axis, or null.
  mlir::Value bias;
  /// Why a leaf begins behind a value that is integers.
  std::string note;
  /// The values whose integers `write` reads.
  llvm::SmallVector<mlir::Value> operands;
  /// Writes the code behind that of the operands. Fails when a weight cannot be read any more.
  std::function<llvm::Expected<mlir::Value>(TosaEmitter &)> write;
};

using Planned = llvm::Expected<PlannedValue>;

class IntegerPlan {
public:
  IntegerPlan(mlir::func::FuncOp function, const WeightStore *store);

  /// Null if it cannot be had.
  const PlannedValue *lookup(mlir::Value value) const;
  /// Why it cannot; empty for an op of which nothing more is to be said.
  llvm::StringRef refusal(mlir::Operation *op) const;

  /// What a rule begins with: a value that is all of it known, or why it is none.
  llvm::Expected<const PlannedValue *> operand(mlir::Value value) const;
  const WeightStore *weights() const { return store; }

private:
  Planned planOp(mlir::Operation *op) const;

  const WeightStore *store;
  llvm::DenseMap<mlir::Value, PlannedValue> values;
  llvm::DenseMap<mlir::Operation *, std::string> refusals;
};

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERPLAN_H

//===- IntegerPlan.h - Which values can be had as integers ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Looks at the ops of a function in their order and decides for each value in QDQ form whether it
// can be had from codes without a float on the way, and what its integers stand for. Nothing is
// changed.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERPLAN_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERPLAN_H

#include "IntegerForm.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

#include <string>

namespace quench {

/// What is known of a value: of a float one, or of the codes of a quantization.
struct PlannedValue {
  IntegerForm form;
  /// Whether it is a quantization of floats: codes that integer code begins with.
  bool isLeaf = false;
  /// Whether a product is on the way from the leaves.
  bool hasProduct = false;
};

class IntegerPlan {
public:
  IntegerPlan(mlir::func::FuncOp function, const WeightStore *store);

  /// Null if it cannot be had.
  const PlannedValue *lookup(mlir::Value value) const;
  /// Why it cannot; empty for an op of which nothing more is to be said.
  llvm::StringRef refusal(mlir::Operation *op) const;

private:
  using Planned = llvm::Expected<PlannedValue>;

  Planned planOp(mlir::Operation *op);
  Planned planQuantize(QuantizeOp op);
  Planned planLinear(nn::LinearOp op);
  Planned planSum(mlir::Operation *op);
  Planned planProduct(mlir::Operation *op);
  Planned planFunction(mlir::Operation *op);
  Planned planOperand(mlir::Value value) const;

  const WeightStore *store;
  llvm::DenseMap<mlir::Value, PlannedValue> values;
  llvm::DenseMap<mlir::Operation *, std::string> refusals;
};

/// The operands of an op that has a plan whose integers it needs: not the weights.
mlir::OperandRange integerOperands(mlir::Operation *op);

/// A function of one number that an op applies to each element, or null.
using ScalarFunction = double (*)(double);
ScalarFunction scalarFunction(mlir::Operation *op);

/// The values of such an op for each code of its operand, from -128 up, each rounded to f32.
std::vector<float> tabulate(ScalarFunction function, const IntegerForm &operand);

/// Whether an op is a maximum with zero, of its first operand.
bool isRectifier(mlir::Operation *op);

/// The scale of a function's values as integers of 16 bits.
double scaleOfTable(llvm::ArrayRef<float> values);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_INTEGERPLAN_H

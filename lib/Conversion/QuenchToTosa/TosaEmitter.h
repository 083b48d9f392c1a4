//===- TosaEmitter.h - Integer code in TOSA ---------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_TOSAEMITTER_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_TOSAEMITTER_H

#include "IntegerPlan.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace quench {

/// Writes ops of TOSA for ops that a plan holds values for.
class TosaEmitter {
public:
  /// Code is written where `builder` stands; a dynamic dimension is `rows`.
  TosaEmitter(mlir::ImplicitLocOpBuilder &builder, const IntegerPlan &plan,
              const WeightStore *store, int64_t rows)
      : b(builder), plan(plan), store(store), rows(rows) {}

  /// The integers of a leaf, an argument.
  void setLeaf(mlir::Value codes, mlir::Value integers) { emitted.map(codes, integers); }

  /// Writes the op, whose operands have been written. Fails when a weight cannot be read any more.
  llvm::Error emit(mlir::Operation *op);

  /// The integers of a value that has been written, and what they stand for. Sums with a scale for
  /// each channel are brought to one scale first.
  std::pair<mlir::Value, IntegerForm> result(mlir::Value value);

  /// The shape of a value, its dynamic dimension replaced.
  llvm::SmallVector<int64_t> shapeOf(mlir::Value value) const;

private:
  mlir::Value constant(mlir::Type element, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> values);
  mlir::Value zero(unsigned bits, int64_t value = 0);
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value slice(mlir::Value value, int64_t first, int64_t count);
  mlir::Value rescale(mlir::Value value, const IntegerForm &from, double scale, unsigned bits,
                      int64_t zeroPoint);
  /// `integer - zeroPoint` in i32, in the scales that it has.
  mlir::Value widen(mlir::Value value, const IntegerForm &from);
  mlir::Value lookup(mlir::Value codes, llvm::ArrayRef<int64_t> table);

  mlir::Value emitQuantize(QuantizeOp op);
  mlir::Value emitSum(mlir::Operation *op);
  mlir::Value emitProduct(mlir::Operation *op);
  mlir::Value emitRectifier(mlir::Operation *op);
  mlir::Value emitFunction(mlir::Operation *op);
  llvm::Expected<mlir::Value> emitLinear(nn::LinearOp op);
  llvm::Expected<mlir::Value> addBias(nn::LinearOp op, mlir::Value sums, const IntegerForm &form);

  mlir::ImplicitLocOpBuilder &b;
  const IntegerPlan &plan;
  const WeightStore *store;
  int64_t rows;
  mlir::IRMapping emitted;
};

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_TOSAEMITTER_H

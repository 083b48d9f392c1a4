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

/// Writes ops of TOSA for ops that a plan holds values for, and is what their rules write with.
class TosaEmitter {
public:
  /// Code is written where `builder` stands; a dynamic dimension is `rows`.
  TosaEmitter(mlir::ImplicitLocOpBuilder &builder, const IntegerPlan &plan, int64_t rows)
      : b(builder), plan(plan), rows(rows) {}

  /// The integers of a leaf, an argument.
  void setLeaf(mlir::Value codes, mlir::Value integers) { emitted.map(codes, integers); }

  /// Writes the op, whose operands have been written.
  llvm::Error emit(mlir::Operation *op);

  /// The integers of a value that has been written.
  mlir::Value integers(mlir::Value value) const { return emitted.lookup(value); }
  /// The same, and what they stand for. Values with a scale for each channel are brought to one
  /// scale first.
  std::pair<mlir::Value, IntegerForm> result(mlir::Value value);

  /// The shape of a value, its dynamic dimension replaced.
  llvm::SmallVector<int64_t> shapeOf(mlir::Value value) const;

  // Ops of TOSA.

  mlir::ImplicitLocOpBuilder &builder() { return b; }
  mlir::Value constant(unsigned bits, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<int64_t> values);
  mlir::Value bytes(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int8_t> values);
  /// A zero point.
  mlir::Value zero(unsigned bits, int64_t value = 0);
  mlir::Value sizes(llvm::ArrayRef<int64_t> values);

  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  mlir::Value slice(mlir::Value value, size_t axis, int64_t first, int64_t count);
  mlir::Value pad(mlir::Value value, llvm::ArrayRef<int64_t> low, llvm::ArrayRef<int64_t> high,
                  int64_t element);
  /// `count` elements along an axis, each `step` behind the last.
  mlir::Value takeEvery(mlir::Value value, size_t axis, int64_t first, int64_t count, int64_t step);
  /// The type of what is computed of two tensors that are alike but for axes of size 1.
  mlir::Type alike(mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  /// Those outside of the bounds become them.
  mlir::Value clamp(mlir::Value codes, int64_t least, int64_t most);
  mlir::Value rescale(mlir::Value value, const IntegerForm &from, double scale, unsigned bits,
                      int64_t zeroPoint);
  /// `integer - zeroPoint` in i32, in the scales that it has.
  mlir::Value widen(mlir::Value value, const IntegerForm &from);
  mlir::Value lookup(mlir::Value codes, llvm::ArrayRef<int64_t> table);

private:
  mlir::ImplicitLocOpBuilder &b;
  const IntegerPlan &plan;
  int64_t rows;
  mlir::IRMapping emitted;
};

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_TOSAEMITTER_H

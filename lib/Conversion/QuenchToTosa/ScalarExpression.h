//===- ScalarExpression.h - What is computed of single elements -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops on tensors and `linalg.generic` without reductions say the same in two ways: an
// expression of one element of each tensor.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_SCALAREXPRESSION_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_SCALAREXPRESSION_H

#include "mlir/IR/Operation.h"

#include <optional>
#include <utility>

namespace quench {

class ScalarExpression {
public:
  /// Nothing for an op that is none, on floats, of ops that are known.
  static std::optional<ScalarExpression> read(mlir::Operation *op);

  /// The tensors whose elements it reads, but for constants that are one number. Their axes are
  /// those of the result, or have size 1.
  llvm::ArrayRef<mlir::Value> inputs() const { return tensors; }
  /// Its last op.
  mlir::Operation *last() const { return root; }
  /// The operands of an expression that is one op on elements of two tensors, or of one twice.
  std::optional<std::pair<mlir::Value, mlir::Value>> asPair() const;

  /// Of one number for all inputs, rounded to f32 after each op.
  double evaluate(double input) const;

  /// The bounds of an expression of one input that is nothing but maxima and minima with constants.
  struct Bounds {
    double least, most;
  };
  std::optional<Bounds> asClamp() const;
  /// The factor above 0 of one that is a product with or a quotient by a constant.
  std::optional<double> asFactor() const;

private:
  bool readValue(mlir::Value value);
  double evaluateValue(mlir::Value value, double input) const;
  /// The operand of the op on tensors that a value inside of its body stands for.
  mlir::Value outside(mlir::Value value) const;

  mlir::Operation *op = nullptr, *root = nullptr;
  llvm::SmallVector<mlir::Value> tensors;
};

/// The number that all elements of a constant are.
std::optional<double> constantNumber(mlir::Value value);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_SCALAREXPRESSION_H

//===- LayerBias.h - What a layer adds to its result ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A constant for each channel can be added to the result of a layer without another op where the
// layer adds something already: the bias of `nn.linear` and of convolutions of tosa, the init that
// a contraction of linalg adds to. Behind other ops of tosa it takes an addition.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_LAYERBIAS_H
#define QUENCH_LIB_BASIS_LAYERBIAS_H

#include "quench/Basis/ConstantChain.h"

#include <optional>
#include <string>

namespace quench {

class LayerBias {
public:
  /// Of the only result of its op, whose channels are along `axis`.
  LayerBias(mlir::OpResult result, int64_t axis) : result(result), axis(axis) {}

  /// Whether the op takes a bias itself, so that no addition is needed.
  bool isInside() const;
  /// Why nothing can be added, if so: a clause.
  std::optional<std::string> whyNot(ConstantEvaluator &evaluator) const;
  /// Adds one number for each channel. Returns the value that has them in it: the result, or that
  /// of an addition behind it, which reads the result; other readers are left to the caller.
  mlir::Value add(llvm::ArrayRef<double> shift, ConstantEvaluator &evaluator);
  /// The same, but an addition of a constant that is the only reader takes the numbers in.
  mlir::Value addForReaders(llvm::ArrayRef<double> shift, ConstantEvaluator &evaluator);

private:
  mlir::OpOperand *operand() const;
  std::optional<std::vector<double>> read(ConstantEvaluator &evaluator) const;
  void write(llvm::ArrayRef<double> values);
  llvm::SmallVector<int64_t> shapeBehind() const;
  int64_t channels() const;

  mlir::OpResult result;
  int64_t axis;
};

} // namespace quench

#endif // QUENCH_LIB_BASIS_LAYERBIAS_H

//===- ReaderShift.h - Constants move from a value to its readers *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where y = x + t with one t for each channel is read by layers alone, W y = W x + W t: they read x
// with W t in their biases. Every reader has to be such a layer, behind reshapes and transposes
// that leave the channels together. A convolution that pads is none: t is not in the zeros around
// its input.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_READERSHIFT_H
#define QUENCH_LIB_BASIS_READERSHIFT_H

#include "quench/Basis/ConstantChain.h"
#include "quench/Basis/Rebase.h"

#include <optional>
#include <vector>

namespace quench {

/// Of a contraction: what is summed, and what it makes.
struct ContractionView {
  mlir::OpResult result;
  mlir::Value weight;
  /// The axes of the weight that the channels of the input run along, and those of the result.
  int64_t innerAxis, outerAxis;
  int64_t resultAxis;
};

class ReaderShift {
public:
  /// For `value` with channels along `axis`; `shift` is t. Does not change the IR. Where it says
  /// nothing, `refusal` names the reader.
  static std::optional<ReaderShift> plan(mlir::Value value, int64_t axis,
                                         llvm::ArrayRef<double> shift, ConstantEvaluator &evaluator,
                                         RebaseRefusal &refusal);

  /// Whether what the readers make keeps its basis in a plan, as the sums take for granted.
  bool agreesWith(const RebasePlan &plan) const;
  /// Gives the readers their biases; the caller takes t from the value.
  void apply(ConstantEvaluator &evaluator);

  size_t numLayers() const { return layers.size(); }

private:
  struct Layer {
    ContractionView view;
    /// W t
    std::vector<double> sums;
  };

  bool visit(mlir::Value value, int64_t axis, llvm::ArrayRef<double> shift,
             ConstantEvaluator &evaluator, RebaseRefusal &refusal);
  bool visitLayer(mlir::OpOperand &operand, int64_t axis, llvm::ArrayRef<double> shift,
                  ConstantEvaluator &evaluator, RebaseRefusal &refusal);

  std::vector<Layer> layers;
};

} // namespace quench

#endif // QUENCH_LIB_BASIS_READERSHIFT_H

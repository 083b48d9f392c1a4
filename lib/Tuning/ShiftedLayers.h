//===- ShiftedLayers.h - Layers whose outputs rounding shifts ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TUNING_SHIFTEDLAYERS_H
#define QUENCH_LIB_TUNING_SHIFTEDLAYERS_H

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace quench {

/// A layer whose means have shifted.
struct ShiftedLayer {
  nn::LinearOp op;
  /// The same layer in the copy that runs, what it reads, and what that was before it was rounded;
  /// equal when it was not.
  nn::LinearOp copy;
  mlir::Value rounded;
  mlir::Value input;
  std::string name;
  /// The key of its weight; empty for a constant.
  std::string weightKey;
  /// Whether the weight is codes; its floats are under the same key then.
  bool hasCodes = false;
  /// As it was, empty for none; then as it shall be.
  std::vector<float> bias;
  /// The largest and the root mean square of the changes.
  double largest = 0.0, typical = 0.0;

  int64_t outputs() const {
    return llvm::cast<mlir::RankedTensorType>(op->getResult(0).getType()).getDimSize(1);
  }
};

/// The quantized linear layers of `function`, the causal language model of `module`, that the
/// logits depend on. Each that cannot be corrected has a `missed` remark of the pass `pass`.
std::vector<ShiftedLayer> findShiftedLayers(mlir::ModuleOp module, mlir::func::FuncOp function,
                                            const WeightStore *weights, llvm::StringRef pass);

/// Gives each layer a bias of its own, a constant, in `copy`, a clone of the function.
void giveBiases(llvm::MutableArrayRef<ShiftedLayer> layers, mlir::func::FuncOp function,
                mlir::func::FuncOp copy);

} // namespace quench

#endif // QUENCH_LIB_TUNING_SHIFTEDLAYERS_H

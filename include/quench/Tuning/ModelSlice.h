//===- ModelSlice.h - A part of a model as a function of its own -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tuning runs pieces of a causal language model: a decoder block, the attention of a block. A slice
// is such a piece, between chosen values, for sequences that start at position 0 of an empty cache.
// Its weights are float slots with numbers for names, so that equal pieces of different layers have
// equal text and are compiled once.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_MODELSLICE_H
#define QUENCH_TUNING_MODELSLICE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <string>

namespace quench {

/// What a slice is cut from and where.
struct SliceRequest {
  /// A causal language model, see findCausalLM.
  mlir::func::FuncOp function;
  /// Values of the function, tensors of f32, that the slice is given.
  llvm::SmallVector<mlir::Value> inputs;
  /// Values that it computes, tensors of f32.
  llvm::SmallVector<mlir::Value> outputs;
  /// Values, tensors of f32, that it shows to observers, which get their numbers as names. May be
  /// inputs.
  llvm::SmallVector<mlir::Value> taps;
};

struct ModelSlice {
  static constexpr llvm::StringLiteral kFunction = "slice";

  /// A module with the function `slice`: the tokens, then the inputs, to the outputs. Caches start
  /// empty, observers of the model are left out. Weight `i` has the key "i".
  std::string text;
  /// What the weights are: stored weights as floats, and constants that layers read as weights or
  /// biases.
  llvm::SmallVector<mlir::Value> weights;

  /// Cuts the slice out. Fails on inputs, outputs and taps of other types, and when something is
  /// computed in more than one block.
  static llvm::Expected<ModelSlice> extract(const SliceRequest &request);
};

/// Whether a value is a weight of the model: the float value of a stored weight, or a constant that
/// only quantizable layers read, as their weight, or only linear layers, as their bias.
bool isModelWeight(mlir::Value value);

} // namespace quench

#endif // QUENCH_TUNING_MODELSLICE_H

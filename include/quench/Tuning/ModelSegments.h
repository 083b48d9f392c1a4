//===- ModelSegments.h - Where a model can be cut ---------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A causal language model can be run piece by piece wherever one tensor is all that the rest of it
// needs: the residual stream between two decoder blocks. Everything else that crosses such a place,
// rotary tables and sizes, follows from the number of tokens and is computed again.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_MODELSEGMENTS_H
#define QUENCH_TUNING_MODELSEGMENTS_H

#include "quench/Interfaces/QuantizableOpInterface.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallVector.h"

#include <string>
#include <vector>

namespace quench {

/// A piece of a model between two cuts.
struct ModelSegment {
  /// The common part of the names of its linear layers: "model.layers.0". Empty for what lies
  /// between, before and behind such blocks.
  std::string name;
  /// The value that it starts from; null for the first segment, which starts from the tokens.
  mlir::Value input;
  /// The value that it computes; the logits for the last segment.
  mlir::Value output;
  /// What can be quantized in it, in program order.
  llvm::SmallVector<QuantizableOpInterface> layers;
};

/// The name of the block of a layer: the part of its name up to the first component that is a
/// number ("model.layers.0" of "model.layers.0.mlp.up_proj"); empty when there is none.
llvm::StringRef blockName(llvm::StringRef layer);

/// Cuts the function of a causal language model (see findCausalLM) into segments, each of which
/// starts from the value that the one before it computes. Pieces between neighbouring cuts whose
/// layers are of one block make one segment, and so do neighbouring pieces outside of blocks. A
/// model without blocks has a segment for each piece. Caches are not followed: a segment is run on
/// whole sequences. Always at least one segment.
std::vector<ModelSegment> findSegments(mlir::func::FuncOp function);

/// The index of the segment that computes a value: what is behind a cut stands behind it in the
/// program too. Arguments belong to the first segment.
size_t segmentOf(mlir::Value value, llvm::ArrayRef<ModelSegment> segments);

/// The part of a function that depends on `from` and on nothing else that crosses its border: the
/// last value that all effects of `from` pass through before they meet another value that was
/// computed from the tokens. For the input of the projections of an attention, its result before
/// the residual is added. Null when they meet at once.
mlir::Value findModuleResult(mlir::func::FuncOp function, mlir::Value from);

} // namespace quench

#endif // QUENCH_TUNING_MODELSEGMENTS_H

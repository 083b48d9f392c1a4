//===- ModelSize.h - What a model weighs -*- C++ -* -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_MODELSIZE_H
#define QUENCH_WORKFLOW_MODELSIZE_H

#include "quench/Model/ModelFolder.h"
#include "quench/Workflow/Host.h"

#include <cstdint>
#include <string>

namespace quench::workflow {

/// Sizes of a model, found in its IR and in its weight store.
struct ModelSize {
  /// Bits for one weight of the quantized linear layers, scales and zero points included; of all
  /// linear layers when none is quantized.
  double bitsPerWeight = 0;
  /// Bytes of the file of weights.
  uint64_t bytes = 0;
  uint64_t linearLayers = 0;
  uint64_t quantizedLayers = 0;
  /// Multiply-accumulates of the linear layers for one token, all layers but the last, and of the
  /// last one alone, which runs only for tokens whose logits are asked for. Split by whether both
  /// sides are integers.
  uint64_t floatMacs = 0;
  uint64_t integerMacs = 0;
  uint64_t lastMacs = 0;
};

/// Measures the function of a model; `bytes` is left 0. Weights that several layers
/// share are counted once as weights and each time as work.
ModelSize measureFunction(mlir::func::FuncOp function);

/// Measures an open model.
ModelSize measureModel(const ModelFolder &folder);

/// What is to be said of a model folder that was written.
struct ModelSummary {
  ModelSize size;
  int64_t vocabSize = 0;
  int64_t maxPositions = 0;
  /// The name of the function of a model that is no language model, whose other sizes are 0.
  std::string function;
};

/// Opens a folder and measures it.
llvm::Expected<ModelSummary> summarizeModel(llvm::StringRef path, const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_MODELSIZE_H

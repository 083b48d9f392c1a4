//===- LayerMeasurement.h - Formats and weights of every layer --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What stands in a report about layers is read from the finished model, whatever passes made it:
// formats from the IR, errors by decoding what will be stored and comparing it with the float
// weight that it was made from.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_LAYERMEASUREMENT_H
#define QUENCH_INSIGHT_LAYERMEASUREMENT_H

#include "quench/Insight/Report.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace quench::insight {

/// A model at some point of its way.
struct ModelStage {
  std::string name;
  mlir::func::FuncOp function;
  /// Null when all weights are constants.
  const WeightStore *weights = nullptr;
};

/// Fills `report.layers` with the layers of `function` in program order, each name once: formats,
/// shapes, bits, what passes recorded (members of "layers" with the same "layer") and why they left
/// something undone. `report.passes` are there already.
void describeLayers(mlir::func::FuncOp function, Report &report);

/// Adds figures of weights to `report.layers`: those of `imported`, those of `prepared`, the last
/// float stage, and the error of `quantized`. Weights of layers that a stage does not have, or has
/// in a form that cannot be read as a tensor, are left out. Reads `threads` layers at a time, at
/// most four; 0 is one for each core. Errors name the tensor: it is not finite.
llvm::Error measureWeights(const ModelStage &imported, const ModelStage &prepared,
                           const ModelStage &quantized, unsigned threads, Report &report);

/// Says what `report` has about the layers of `function`: one analysis remark for each, in category
/// "quench-report", with the figures that were measured as metrics.
void emitRemarks(mlir::func::FuncOp function, const Report &report);

} // namespace quench::insight

#endif // QUENCH_INSIGHT_LAYERMEASUREMENT_H

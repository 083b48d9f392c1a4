//===- QuantizationPlan.h - What is going to be quantized -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that quantize work in four steps, the first two of which leave the IR alone: decide
// everything (here), quantize and write weights (each in its way), rewrite the IR (QdqRewrite.h),
// say what was done.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_QUANTIZATIONPLAN_H
#define QUENCH_TRANSFORMS_QUANTIZATIONPLAN_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Interfaces/QuantizableOpInterface.h"
#include "quench/Numerics/QuantizeTensor.h"
#include "quench/Recipe/Recipe.h"
#include "quench/Transforms/LayerNames.h"
#include "quench/WeightStore/KeptElements.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <optional>
#include <string>
#include <vector>

namespace quench {

/// A tensor to quantize, once for all layers that read it.
struct PlannedWeight {
  /// The key in the weight store; empty for a constant.
  std::string key;
  /// A constant of any dialect with dense elements; null for a stored weight.
  mlir::Operation *constant = nullptr;
  llvm::SmallVector<int64_t> shape;
  SchemeAttr scheme;
  /// The same with the rules by which scales are computed.
  numerics::Scheme numericsScheme;
  recipe::WeightFormat format;
  /// The first layer that reads it, for messages.
  mlir::Location loc;
  /// The type of `kept`; null when nothing lies over the weight.
  mlir::FloatType keptType;
  /// Elements that lie over the weight (WeightOverlay.h) and need no codes. What quantizes may
  /// change them: indices are those of the quantized weight in the end.
  KeptElements kept;

  /// The codes of a constant; those of stored weights go to the output and are forgotten.
  numerics::QuantizedTensor codes;
  /// Column j of the quantized weight belongs to input permutation[j]; empty: in the order of the
  /// inputs. Known after quantization.
  std::vector<int64_t> permutation;
  /// 10 log10(sum w^2 / sum (w - w')^2): infinite when nothing was lost. Known after quantization.
  double signalToNoise = 0.0;
};

/// What of an op can be quantized: a weight, and an activation unless the op picks rows of a table.
struct QuantizableOperands {
  mlir::OpOperand *weight;
  int64_t weightOutputAxis;
  int64_t weightReductionAxis;
  mlir::OpOperand *activation;
  int64_t activationReductionAxis;

  QuantizableOperands(QuantizableOpInterface op)
      : weight(&op.getWeightOperand()), weightOutputAxis(op.getWeightOutputAxis()),
        weightReductionAxis(op.getWeightReductionAxis()), activation(&op.getActivationOperand()),
        activationReductionAxis(op.getActivationReductionAxis()) {}
  QuantizableOperands(QuantizableTableOpInterface op)
      : weight(&op.getTableOperand()), weightOutputAxis(op.getTableRowAxis()),
        weightReductionAxis(op.getTableColumnAxis()), activation(nullptr),
        activationReductionAxis(0) {}
};

struct PlannedLayer {
  mlir::Operation *op;
  QuantizableOperands operands;
  std::string name;
  /// The function that it is in, for remarks.
  llvm::StringRef function;
  /// Index into QuantizationPlan::weights.
  std::optional<size_t> weight;
  /// What is said about a weight that stays as it is: "float, …", or that it is codes already.
  std::string weightNote;
  std::optional<recipe::ActivationFormat> activations;
  /// Null for unscaled ones.
  SchemeAttr activationScheme;
  /// Of static activations: one, or one for each channel.
  llvm::SmallVector<numerics::ScaleAndZeroPoint, 1> staticScales;
};

/// What an op keeps for later tokens and is going to keep as codes.
struct PlannedCache {
  QuantizableCacheOpInterface op;
  /// The function that it is in, for remarks.
  llvm::StringRef function;
  recipe::CacheFormat format;
  SchemeAttr scheme;
};

struct QuantizationPlan {
  /// In program order of their first layer.
  std::vector<PlannedWeight> weights;
  /// The layers that change; those that do not have had their remark.
  std::vector<PlannedLayer> layers;
  /// Likewise.
  std::vector<PlannedCache> caches;
};

struct PlanOptions {
  /// Whether the activations of layers and caches are planned, or weights alone.
  bool activations = true;
  /// Whether tables are planned, or layers alone.
  bool tables = true;
  /// Whether weights are planned that have some elements kept as floats.
  bool keptElements = true;
  /// The flag of the pass, for remarks.
  llvm::StringRef pass = "quench-quantize";
};

/// Decides what happens to each quantizable op, table and cache, with a remark for each that stays
/// as it is. Weights that are codes already stay. Fails with a diagnostic when the recipe asks for
/// something impossible: static scales without a range, stored weights without a store, with
/// another shape, or whose codes and scales would have the names of other weights. `weights` may be
/// null.
mlir::FailureOr<QuantizationPlan> planQuantization(mlir::ModuleOp module,
                                                   const recipe::Recipe &recipe,
                                                   const WeightStore *weights,
                                                   const PlanOptions &options = {});

/// Takes layers out of a plan, and the weights that no layer is left for.
void eraseLayers(QuantizationPlan &plan, llvm::function_ref<bool(PlannedLayer &)> predicate);

/// Declares the tensors that a stored weight becomes: codes, scales and what is kept beside them.
llvm::Error declarePlanned(SafetensorsWriter &output, const PlannedWeight &weight);

/// Writes them.
llvm::Error writePlanned(SafetensorsWriter &output, const PlannedWeight &weight,
                         const numerics::QuantizedTensor &codes);

/// The stored weight or constant that a weight operand is, looking through an extension to f32 and
/// through what lies over some elements; null for everything else.
mlir::Operation *findFloatWeight(mlir::Value operand);

} // namespace quench

#endif // QUENCH_TRANSFORMS_QUANTIZATIONPLAN_H

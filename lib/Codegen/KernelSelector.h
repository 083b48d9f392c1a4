//===- KernelSelector.h - Replace the operations of a function by kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_KERNELSELECTOR_H
#define QUENCH_LIB_CODEGEN_KERNELSELECTOR_H

#include "quench/Codegen/PanelLayout.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Target/Target.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <map>
#include <optional>

namespace quench {

/// Activations in integers as kernels pass them on.
struct RowCodes {
  mlir::Value codes, scales, sums;
  bool rowScales;
  int64_t digits;
};

/// Replaces the operations of one function, in order.
class KernelSelector {
public:
  KernelSelector(mlir::func::FuncOp function, const Target &target)
      : module(function->getParentOfType<mlir::ModuleOp>()), function(function), target(target),
        b(function.getLoc(), function.getContext()) {}

  void run();

private:
  bool select(mlir::Operation *op);
  bool selectContract(ContractOp op);
  bool selectLinear(nn::LinearOp op);
  bool selectRMSNorm(nn::RMSNormOp op);
  bool selectSiLU(nn::SiLUOp op);
  bool selectMul(mlir::arith::MulFOp op);
  bool selectAdd(mlir::arith::AddFOp op);
  bool selectRotaryTable(nn::RotaryTableOp op);
  bool selectRotary(nn::RotaryEmbeddingOp op);
  bool selectAttention(nn::AttentionOp op);
  bool selectCacheUpdate(nn::CacheUpdateOp op);
  bool selectEmbedding(nn::EmbeddingOp op);
  bool selectChangeBasis(ChangeBasisOp op);
  bool selectDequantize(DequantizeOp op);
  bool selectPackRows(PackRowsOp op);

  /// The product of `lhs`, or of its `codes`, with a stored weight. What is laid over it goes with
  /// a float container.
  void replaceByProduct(mlir::Operation *op, mlir::Value lhs, std::optional<RowCodes> codes,
                        WeightOp weight, PanelContainer container, mlir::Value bias,
                        OverlayOp overlay = {});
  mlir::Value packedWeight(WeightPart part, WeightOp weight, PanelsAttr panels, int64_t elements,
                           mlir::Type element);
  /// The codes of `op` with groups laid out for a weight; emitted once for each layout. Nothing if
  /// no kernel computes them.
  std::optional<RowCodes> quantizedRows(QuantizeOp op, const GroupLayout &groups);
  /// The rows of a float matrix in fixed point, likewise.
  RowCodes fixedPointRows(mlir::Value input, const GroupLayout &groups);

  /// An empty tensor with the static sizes of `type` and the first size of `like`.
  mlir::Value emptyLike(mlir::RankedTensorType type, mlir::Value like);
  llvm::SmallVector<mlir::Value> call(mlir::func::FuncOp kernel, mlir::ValueRange inputs,
                                      mlir::ValueRange destinations);
  /// Replaces a one-result operation by a call whose only destination is that result.
  bool replaceByCall(mlir::Operation *op, mlir::func::FuncOp kernel, mlir::ValueRange inputs,
                     mlir::Value like);

  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  const Target &target;
  mlir::ImplicitLocOpBuilder b;
  /// By the quantization or the float matrix, and the size of groups.
  std::map<std::pair<void *, int64_t>, RowCodes> rowCodes;
};

/// The size of an axis of a ranked tensor.
inline int64_t staticDim(mlir::Value value, unsigned axis) {
  return llvm::cast<mlir::RankedTensorType>(value.getType()).getDimSize(axis);
}

/// Whether all axes but the first have static sizes, none of them zero.
bool hasStaticRows(mlir::Value value);

/// Whether a value is a matrix of f32 with rows of a static size.
bool isFloatMatrix(mlir::Value value);

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_KERNELSELECTOR_H

//===- GpuKernelSelector.h - Replace the operations of a function by kernels of a device -*- C++
//-*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_GPUKERNELSELECTOR_H
#define QUENCH_LIB_GPU_GPUKERNELSELECTOR_H

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

/// Replaces the operations of one function, in order.
class GpuKernelSelector {
public:
  GpuKernelSelector(mlir::func::FuncOp function, const Target &target)
      : module(function->getParentOfType<mlir::ModuleOp>()), function(function), target(target),
        b(function.getLoc(), function.getContext()) {}

  void run();

private:
  /// Activations in integers as kernels pass them on.
  struct RowCodes {
    mlir::Value codes, scales, sums;
    bool rowScales;
  };

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

  /// The product of `lhs`, or of its `codes`, with a stored weight.
  bool replaceByProduct(mlir::Operation *op, mlir::Value lhs, std::optional<RowCodes> codes,
                        WeightOp weight, PanelContainer container, mlir::Value bias);
  /// The codes of `op` with groups laid out for a weight; emitted once for each layout. Nothing if
  /// no kernel computes them.
  std::optional<RowCodes> quantizedRows(QuantizeOp op, const GroupLayout &groups);

  /// An empty tensor with the static sizes of `type` and the first size of `like`.
  mlir::Value emptyLike(mlir::RankedTensorType type, mlir::Value like);
  llvm::SmallVector<mlir::Value> call(mlir::func::FuncOp kernel, mlir::ValueRange inputs,
                                      mlir::ValueRange destinations);
  /// Replaces a one-result operation by a call whose only destination is that result.
  bool replaceByCall(mlir::Operation *op, mlir::func::FuncOp kernel, mlir::ValueRange inputs,
                     mlir::Value like);
  /// A constant of the host in memory of the device; other values as they are.
  mlir::Value onDevice(mlir::Value value);

  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  const Target &target;
  mlir::ImplicitLocOpBuilder b;
  /// By the quantization and the size of groups.
  std::map<std::pair<mlir::Operation *, int64_t>, RowCodes> rowCodes;
};

} // namespace quench

#endif // QUENCH_LIB_GPU_GPUKERNELSELECTOR_H

//===- GpuKernelSelector.h - Which kernels devices have -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_GPUKERNELSELECTOR_H
#define QUENCH_LIB_GPU_GPUKERNELSELECTOR_H

#include "quench/Codegen/KernelSelection.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Gpu/GpuProductKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace quench {

class GpuKernelSelector : public KernelSelection {
public:
  GpuKernelSelector(mlir::func::FuncOp function, const Target &target)
      : KernelSelection(function, target,
                        {"quench-select-gpu-kernels", "on-host",
                         " has no kernel for these types on the device and is computed by the "
                         "host"}) {}

private:
  bool select(mlir::Operation *op) override;
  RowKernel quantizeKernel(const RowQuantization &quantization, QuantizeOp op) override;
  /// A constant of the host in memory of the device; other values as they are.
  mlir::Value place(mlir::Value input) override;

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

  /// What is rounded to f16 or bf16, with groups laid out for a weight; emitted once for each
  /// layout.
  std::optional<RowCodes> roundedRows(mlir::arith::TruncFOp op, const GroupLayout &groups,
                                      const MatrixFragment &fragment);
  /// What is rounded to f16, as floats of 32 bits; emitted once.
  mlir::Value roundedFloats(mlir::arith::TruncFOp op);
  /// The codes of `op` under scales of groups, which are those of a weight.
  std::optional<RowCodes> quantizedGroups(QuantizeOp op, const GroupLayout &groups, bool isHalved);
  /// The matrices of an instruction for such, if there is a kernel for them.
  std::optional<CooperativeMatrix> cooperativeMatrix(llvm::StringRef instruction,
                                                     const PanelLayout &layout,
                                                     mlir::Location loc) const;
  /// The product of `lhs`, or of its `codes`, with a stored weight, by an instruction if there is a
  /// kernel with it.
  bool replaceByProduct(mlir::Operation *op, mlir::Value lhs, std::optional<RowCodes> codes,
                        WeightOp weight, PanelContainer container, llvm::StringRef instruction,
                        mlir::Value bias);
};

} // namespace quench

#endif // QUENCH_LIB_GPU_GPUKERNELSELECTOR_H

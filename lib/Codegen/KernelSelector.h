//===- KernelSelector.h - Replace the operations of a function by kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_KERNELSELECTOR_H
#define QUENCH_LIB_CODEGEN_KERNELSELECTOR_H

#include "quench/Codegen/KernelSelection.h"
#include "quench/Codegen/PointwiseKernel.h"
#include "quench/Codegen/RowQuantization.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace quench {

struct ContractKernel;
struct Requantization;

class KernelSelector : public KernelSelection {
public:
  KernelSelector(mlir::func::FuncOp function, const Target &target)
      : KernelSelection(function, target,
                        {"quench-select-kernels", "no-kernel",
                         " has no kernel for these types and is lowered to linalg"}) {}

private:
  bool select(mlir::Operation *op) override;
  RowKernel quantizeKernel(const RowQuantization &quantization, QuantizeOp op) override;

  bool selectContract(ContractOp op);
  bool selectLinear(nn::LinearOp op);
  bool selectRMSNorm(nn::RMSNormOp op);
  bool selectSiLU(nn::SiLUOp op);
  bool selectMul(mlir::arith::MulFOp op);
  bool selectAdd(mlir::arith::AddFOp op);
  /// Whether a product of a plain weight is one of bf16 on both sides.
  bool multipliesShortFloats(nn::LinearOp op) const;
  /// What was rounded to 16 bits, in f32, for those that do not read the 16 bits.
  bool selectRounded(mlir::arith::ExtFOp op);
  bool selectRotaryTable(nn::RotaryTableOp op);
  bool selectRotary(nn::RotaryEmbeddingOp op);
  bool selectAttention(nn::AttentionOp op);
  bool selectCacheUpdate(nn::CacheUpdateOp op);
  bool selectEmbedding(nn::EmbeddingOp op);
  bool selectChangeBasis(ChangeBasisOp op);
  bool selectDequantize(DequantizeOp op);
  bool selectPackRows(PackRowsOp op);
  bool selectUnfold(nn::UnfoldOp op);
  bool selectDepthwise(nn::DepthwiseConvOp op);

  /// The product of `lhs`, or of its `codes`, with a stored weight. What is laid over it goes with
  /// a float container. False if the product stores codes and `op` goes with its users.
  bool replaceByProduct(mlir::Operation *op, mlir::Value lhs, std::optional<RowCodes> codes,
                        WeightOp weight, PanelContainer container, mlir::Value bias,
                        OverlayOp overlay = {});
  /// Replaces `op`, a product with as many rows as `like`, and what its kernel computes of it by a
  /// call of that kernel, once these are said. False if that stores codes and `op` goes with its
  /// users.
  bool storeProduct(mlir::Operation *op, mlir::SmallVector<mlir::Value> inputs, mlir::Value like,
                    Epilogue &epilogue, std::optional<RowQuantization> &codes,
                    llvm::function_ref<mlir::func::FuncOp()> kernel);
  /// The codes that a product stores, for a matrix with as many rows as `like`.
  void storeCodes(Requantization codes, mlir::func::FuncOp kernel, mlir::ValueRange inputs,
                  mlir::Value like);
  mlir::Value packedWeight(WeightPart part, WeightOp weight, PanelsAttr panels, int64_t elements,
                           mlir::Type element);
  /// The panels of a weight of floats, with what is laid over it.
  mlir::Value floatWeight(const ContractKernel &kernel, WeightOp weight, PanelsAttr panels,
                          OverlayOp overlay);
  /// The panels of a weight of codes and, as the kernel reads them, their scales and zero points.
  llvm::SmallVector<mlir::Value> codedWeight(const ContractKernel &kernel, WeightOp weight,
                                             PanelsAttr panels);
  /// The rows of a float matrix in fixed point, emitted once for each layout.
  RowCodes fixedPointRows(mlir::Value input, const GroupLayout &groups);
  /// The rows of a matrix of bf16, emitted once for each layout.
  RowCodes shortRows(mlir::Value input, GroupLayout groups);
  /// The codes of windows, emitted once for each layout. Nothing if no kernel computes them.
  std::optional<RowCodes> unfoldedRows(nn::UnfoldOp op, const GroupLayout &groups);
  /// The scale of images, and their zero point if they have one, as those of a matrix.
  mlir::SmallVector<mlir::Value> imageParameters(QuantizeOp quantize);
  /// Images as rows of pixels without gaps, with the zeros that are put around them, and as codes
  /// if `quantize` makes those; emitted once.
  mlir::Value denseImages(mlir::Value value, QuantizeOp quantize = {});

  std::map<void *, mlir::Value> images;
};

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_KERNELSELECTOR_H

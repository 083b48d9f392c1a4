//===- FakeQuantizeKernel.h - Kernels that round floats to codes and back -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_FAKEQUANTIZEKERNEL_H
#define QUENCH_CODEGEN_FAKEQUANTIZEKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Dialect/Quench/IR/PackedRows.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

namespace quench {

/// quench.dequantize of quench.quantize where each group along the last axis computes its own scale
/// at run time: what a quantized key/value cache does to its entries, and activations by groups.
struct FakeQuantizeKernel {
  /// Sizes behind the first, dynamic axis: K, or heads and K.
  llvm::SmallVector<int64_t> rowShape;
  /// Elements of the last axis with one scale; the last group may be shorter.
  int64_t group;
  /// Inclusive code range.
  int32_t codeMin;
  int32_t codeMax;
  /// Whether codes have a zero point, so that the range need not be symmetric.
  bool zeroPoints;
  /// What ranges are multiplied with first.
  float clip = 1.0f;
  /// The codes are not turned back, but packed like this: quench.pack_rows of quench.quantize.
  std::optional<PackedRows> packed;

  /// The kernel of a quantization and of what turns it back. Nothing if there is none: for static
  /// scales, codes that are not integers of at most eight bits, scales that are not f32, real zero
  /// points, and rows of more than two axes.
  static std::optional<FakeQuantizeKernel> get(QuantizeOp op);

  std::string name() const;

  /// Parameters: input and result, `?xK` or `?xHxK` f32, or rows of bytes as the result. The
  /// arithmetic is that of the two ops.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_FAKEQUANTIZEKERNEL_H

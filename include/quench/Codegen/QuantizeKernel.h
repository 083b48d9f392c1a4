//===- QuantizeKernel.h - Kernels that quantize activations for integer products -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_QUANTIZEKERNEL_H
#define QUENCH_CODEGEN_QUANTIZEKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/NormKernel.h"
#include "quench/Codegen/RowQuantization.h"

namespace quench {

/// A scale of codes, and their zero point as they are stored if they have one, in all lanes of f32.
struct CodeScale {
  mlir::Value scale, zeroPoint;

  /// Of buffers `1x1` f32 and i32; the latter may be null.
  static CodeScale load(KernelBuilder &builder, mlir::Value scale, mlir::Value zeroPoint);
  /// `clamp(roundeven(x / scale) + zero point)` as i32.
  mlir::Value encode(KernelBuilder &builder, mlir::Value x, int32_t codeMin, int32_t codeMax) const;
};

/// Quantizes rows of f32 to signed bytes in the layout that `ContractKernel` reads.
/// Stores the codes of a register of elements of one of `count`
/// rows from `position` on, the first `live` of them, and returns them as i32.
mlir::Value emitCodes(KernelBuilder &builder, const RowQuantization &quantization, mlir::Value x,
                      const CodeScale &scale, mlir::Value codes, mlir::Value count, mlir::Value row,
                      mlir::Value position, int64_t live);

struct QuantizeKernel : RowQuantization {
  /// What rows go through first.
  std::optional<RowNorm> norm;

  /// A symbol name that tells kernels apart.
  std::string name() const;

  /// Parameters: input `?xK` f32; the gain `K` of a norm that has one; a given scale `1x1` f32 when
  /// static, and perhaps a zero point `1x1` i32; codes `?xRowBytes` i8 with zeros as padding; when
  /// dynamic the scales `?x1` f32; sums of the codes of each group `?xG` i32. The arithmetic is
  /// that of `nn.rms_norm` and `quench.quantize`.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_QUANTIZEKERNEL_H

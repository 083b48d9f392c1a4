//===- ContractKernel.h - Kernels of matrix products with packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_CONTRACTKERNEL_H
#define QUENCH_CODEGEN_CONTRACTKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/PanelLayout.h"
#include "quench/Codegen/PointwiseKernel.h"
#include "quench/Codegen/RowQuantization.h"
#include "quench/Numerics/CodeTable.h"

namespace quench {

/// One class of matrix products `lhs[m, k] * weight[n, k]`; M is not part of it.
struct ContractKernel {
  PanelLayout layout;
  /// Integer left side: codes padded as `layout.groups` says, with scales and sums of each group.
  bool integerLhs = false;
  /// Left side of bf16: rows as `ShortFloatKernel` gives them, with sums of each group.
  bool shortLhs = false;
  /// Bytes of an integer of the left side: 1, or those of `FixedPointKernel`.
  int64_t digits = 1;
  /// Whether the left side has one scale for each row, or one for all.
  bool rowScales = false;
  /// Whether the left side has a zero point for all of it.
  bool lhsZeroPoint = false;
  /// Whether the weight has zero points of its own, with the sums of its codes if the left side has
  /// one; otherwise they are those of signed codes.
  bool zeroPoints = false;
  /// What codes stand for that are not integers.
  std::optional<numerics::CodeTable> table;
  bool bias = false;
  Epilogue epilogue;
  /// Codes to store instead of the result, with one scale for all.
  std::optional<RowQuantization> requantization = std::nullopt;

  /// Elements of the buffer of zero points.
  int64_t numZeroPoints() const { return (lhsZeroPoint ? 2 : 1) * layout.numScales(); }

  /// A symbol name that tells classes apart.
  std::string name() const;

  /// Parameters: left side `?xK` f32, or `codeBuffer` i8,
  /// scales `?x1` or `1x1` f32, sums `?x(digits G)` i32 and perhaps a zero point `1x1` i32, or
  /// `codeBuffer` of two bytes and sums
  /// `?xG` f32; the words of the panels, as i8 or floats; for integer panels scales and perhaps
  /// zero points, with sums of codes behind them for a zero point of the left side; perhaps a bias
  /// `N` and the first argument `?xN` of an epilogue of two; the result
  /// `?xN`, or the scale `1x1` of its codes, perhaps their zero point, and the `codeBuffer` of
  /// these.
  mlir::SmallVector<mlir::Type> parameters(KernelBuilder &builder) const;

  /// The kernel, emitted on first use. The arithmetic is that of `quench.contract` and
  /// `quench.quantize`.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_CONTRACTKERNEL_H

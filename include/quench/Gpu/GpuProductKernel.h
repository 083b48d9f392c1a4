//===- GpuProductKernel.h - Matrix products on devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights lie in panels of 16 rows (PanelLayout.h), one 32-bit word of each row after the other, so
// that 16 neighbouring threads, one for each row of the weight, read 64 consecutive bytes. A thread
// makes its column of some rows of the result; K streams by once for all of them.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GPU_GPUPRODUCTKERNEL_H
#define QUENCH_GPU_GPUPRODUCTKERNEL_H

#include "quench/Codegen/RowQuantization.h"
#include "quench/Codegen/ShortFloatTable.h"
#include "quench/Gpu/GpuKernelBuilder.h"
#include "quench/Gpu/MatrixFragment.h"
#include "quench/Numerics/ScaleMath.h"

namespace quench {

/// Cooperative matrices that subgroups of so many threads multiply: of signed bytes with sums in
/// i32, or of f16 with sums in f32.
struct CooperativeMatrix {
  /// Rows of activations, rows of the weight, and products that enter a sum.
  int64_t rows, columns, depth;
  bool isHalf;
  int64_t subgroupSize;

  int64_t elementBytes() const { return isHalf ? 2 : 1; }
};

struct GpuProductKernel {
  /// Rows of the result that a thread makes, unless there is only one.
  static constexpr int64_t kTileRows = 8;

  PanelLayout layout;
  /// Codes of activations, as `GpuQuantizeKernel` leaves them, or floats of 32 bits.
  bool codedLhs = false;
  /// One scale for each row of codes of activations, or one for all.
  bool rowScales = true;
  /// One for each group of a row, of which there are several.
  bool groupScales = false;
  /// Zero points beside the scales; otherwise that of codes stored unsigned.
  bool zeroPoints = false;
  bool bias = false;
  /// The instruction for matrices that multiplies codes of both sides, in whose order the words of
  /// the layout are; null where four bytes of a row are multiplied at a time.
  const MatrixFragment *fragment = nullptr;
  /// What multiplies more than `kTileRows` rows of codes, or of floats that f16 holds, by codes of
  /// integers if there is no fragment; bytes, or f32, are multiplied otherwise.
  std::optional<CooperativeMatrix> cooperative = std::nullopt;
  /// What codes stand for beside activations of 16 bits, if they are looked up (`shortFloatsOf`).
  std::optional<ShortFloatTable> table = std::nullopt;

  /// Into how many parts K is divided where there is one row of float activations: groups of
  /// threads add up a part each, and another kernel adds the parts in order.
  int64_t parts = 1;

  std::string name() const;

  /// The number of parts that keep so many groups of threads busy, with enough products in each.
  int64_t partsFor(double groupsOfThreads) const;

  /// Bytes of memory of a group that a kernel with a fragment may use for activations.
  int64_t sharedBytes = 32 << 10;

  /// Whether activations are floats of 16 bits, as `GpuRoundKernel` leaves them.
  bool shortLhs() const { return fragment && fragment->isShort(); }
  /// Whether codes of both sides are floats; with a fragment only.
  bool multipliesFloats() const { return holdsByteFloats(layout.container) && !shortLhs(); }

  /// Parameters: activations (`?xK` f32; codes `?xW` i32, scales `?x1`, `?xG` or `1x1` f32 and, if
  /// codes are integers, their sums `?xG` i32; or floats of 16 bits, `?xW` i32), words of the
  /// weight, f32 or i32, their scales f32 and zero points i32, a bias `N` f32, the parts of a row
  /// `PxN` f32 if there are several, and the result `?xN` f32. There are two kernels behind it, one
  /// of them for one row, and a third one with cooperative matrices.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module) const;

private:
  llvm::SmallVector<mlir::Type> parameters(mlir::MLIRContext *context, bool hasParts) const;
  mlir::func::FuncOp getOrCreateForRows(mlir::ModuleOp module, int64_t rows) const;
  /// For many rows (GpuCooperativeProduct.cpp).
  mlir::func::FuncOp getOrCreateCooperative(mlir::ModuleOp module) const;
  /// Adds parts, and the bias.
  mlir::func::FuncOp getOrCreateSum(mlir::ModuleOp module) const;
};

/// Quantizes rows of f32 to bytes, four in a word, groups padded with zeros as `GroupLayout`
/// says, without gaps between rows.
struct GpuQuantizeKernel : RowQuantization {
  /// One scale for each group, f32 or, by this rule, a power of two.
  bool groupScales = false;
  std::optional<numerics::MxScaleRule> rule = std::nullopt;

  /// As `RowQuantization::get`, with scales of groups.
  static std::optional<GpuQuantizeKernel> getGrouped(QuantizeOp op, const GroupLayout &groups);
  std::string name() const;

  int64_t wordsPerRow() const { return groups.paddedK() / 4; }

  /// Parameters: input `?xK` f32; a given scale `1x1` f32 when static; codes `?xW` i32; when
  /// dynamic the scales `?x1` or `?xG` f32; sums of the codes of each group `?xG` i32 if they are
  /// integers.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module) const;
};

/// Rounds rows of f32 to f16 or bf16, two in a word, groups padded with zeros as `GroupLayout`
/// says, without gaps between rows. A word has an element and the next but one, as halves of a word
/// of codes have: of every four, (0, 2) and (1, 3). `forMatrices`, of every sixteen the first words
/// of all fours come first.
struct GpuRoundKernel {
  GroupLayout groups;
  bool isHalf;
  bool forMatrices;

  int64_t wordsPerRow() const { return groups.paddedK() / 2; }
  std::string name() const;

  /// Parameters: input `?xK` f32, words `?xW` i32.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module) const;
};

} // namespace quench

#endif // QUENCH_GPU_GPUPRODUCTKERNEL_H

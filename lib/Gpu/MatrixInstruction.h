//===- MatrixInstruction.h - Emission of matrix instructions ----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_MATRIXINSTRUCTION_H
#define QUENCH_LIB_GPU_MATRIXINSTRUCTION_H

#include "quench/Gpu/GpuKernelBuilder.h"
#include "quench/Gpu/MatrixFragment.h"

namespace quench {

/// The sums of a lane in the values that an instruction takes: single ones, or a vector.
mlir::SmallVector<mlir::Value> noSums(GpuKernelBuilder &b, const MatrixFragment &fragment);
mlir::SmallVector<mlir::Value> elementsOfSums(GpuKernelBuilder &b, mlir::ValueRange sums);

/// The sums plus products of the operand words of this lane, weights row by row for each word
/// along K.
mlir::SmallVector<mlir::Value> multiplyTiles(GpuKernelBuilder &b, const MatrixFragment &fragment,
                                             mlir::ValueRange weights, mlir::ValueRange activations,
                                             mlir::ValueRange sums);

/// Matrices of eight rows of sixteen bytes of activations in memory of a group, 128 bytes each:
/// those along K lie one behind the other, those of the next eight rows so many words later.
struct CoreMatrices {
  static constexpr int64_t kRows = 8, kWords = 32, kWordsOfRow = 4;
  int64_t wordsOfEightRows;

  /// The words of an i64 that tells the instruction of a warpgroup so, and where the first one is.
  mlir::Value describe(GpuKernelBuilder &b, mlir::Value memory, mlir::Value word) const;
};

/// Sums of all tiles after the products of several instructions of a warpgroup: plus `sums`, or
/// from zero if there are none. Instruction i takes four of `weights`, and two matrices along K
/// from the 2i-th one on. The products are there when this ends.
mlir::SmallVector<mlir::Value> multiplyByWarpgroup(GpuKernelBuilder &b,
                                                   const MatrixFragment &fragment, int64_t tiles,
                                                   mlir::ValueRange weights,
                                                   mlir::Value activations, mlir::ValueRange sums);

/// Makes what threads wrote to memory of the group visible to instructions of warpgroups, behind
/// the next barrier.
void publishToWarpgroup(GpuKernelBuilder &b);

} // namespace quench

#endif // QUENCH_LIB_GPU_MATRIXINSTRUCTION_H

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

} // namespace quench

#endif // QUENCH_LIB_GPU_MATRIXINSTRUCTION_H

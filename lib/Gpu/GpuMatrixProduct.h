//===- GpuMatrixProduct.h - Products by instructions for matrices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One kernel for all machines that `MatrixFragment` describes. A group has four waves. Each takes
// the weights of a panel from memory to its registers, sixteen bytes to a lane, and uses them for
// all rows of activations of the group, which lie in memory of the group, a chunk along K at a
// time. With few rows the waves share a panel instead, each has a quarter of every four chunks, and
// the sums of the four are added in a fixed order.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_GPUMATRIXPRODUCT_H
#define QUENCH_LIB_GPU_GPUMATRIXPRODUCT_H

#include "quench/Gpu/GpuProductKernel.h"

namespace quench {

/// What a group of threads computes.
struct GpuMatrixShape {
  static constexpr int64_t kWaves = 4;
  /// Rows of activations of a group with many.
  static constexpr int64_t kManyRows = 64;

  /// Tiles of activations.
  int64_t tiles;
  /// Whether the waves divide K, not panels.
  bool dividesK;

  /// For as many rows of activations as an instruction takes, or for `kManyRows`.
  static GpuMatrixShape get(const MatrixFragment &fragment, int64_t rows) {
    return {rows / fragment.n, rows == fragment.n};
  }
  int64_t panelsOfGroup() const { return dividesK ? 1 : kWaves; }
};

/// The body of the kernel of a product with a fragment, on the buffers of `GpuProductKernel`.
void emitMatrixProduct(GpuKernelBuilder &b, const GpuProductKernel &kernel, GpuMatrixShape shape,
                       mlir::ValueRange buffers, mlir::Value count);

} // namespace quench

#endif // QUENCH_LIB_GPU_GPUMATRIXPRODUCT_H

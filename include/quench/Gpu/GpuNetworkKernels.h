//===- GpuNetworkKernels.h - Kernels of everything but matrix products on devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GPU_GPUNETWORKKERNELS_H
#define QUENCH_GPU_GPUNETWORKKERNELS_H

#include "quench/Gpu/GpuKernelBuilder.h"

namespace quench {

/// `?xW` f32, a gain `W` if there is one, and the result.
mlir::func::FuncOp getOrCreateGpuRMSNorm(mlir::ModuleOp module, int64_t width, float epsilon,
                                         bool gain);

enum class GpuPointwise { Add, SiLU, SiLUMul, RoundToHalf };

/// One or two inputs `?xW` f32 and the result. `SiLUMul` is silu(first) * second, `RoundToHalf` the
/// nearest f16, as an f32.
mlir::func::FuncOp getOrCreateGpuPointwise(mlir::ModuleOp module, GpuPointwise kind, int64_t width);

/// A table `VxW` f32, tokens `?` i32 and rows `?xW`.
mlir::func::FuncOp getOrCreateGpuEmbedding(mlir::ModuleOp module, int64_t vocabulary,
                                           int64_t width);

/// Frequencies `F` f32, a position, cosines and sines `?xF`. Angles are reduced to a quarter of
/// half a turn and put into polynomials: devices promise less accuracy than rotations need.
mlir::func::FuncOp getOrCreateGpuRotaryTable(mlir::ModuleOp module, int64_t frequencies);

/// `?xHxD` f32, cosines and sines `?xD/2`, and the result.
mlir::func::FuncOp getOrCreateGpuRotary(mlir::ModuleOp module, int64_t heads, int64_t headSize);

/// `?xHxD` f32, a position and a cache `CxHxD` whose rows from the position on become the input.
mlir::func::FuncOp getOrCreateGpuCacheUpdate(mlir::ModuleOp module, int64_t capacity, int64_t heads,
                                             int64_t headSize);

/// Causal attention with a running maximum: a group of threads takes one head of one token and
/// walks the cache in blocks of as many keys as it has threads. A thread scores one key of a block,
/// then sums some elements of the values.
struct GpuAttention {
  int64_t heads;
  int64_t keyHeads;
  int64_t headSize;
  int64_t capacity;
  float scale;

  /// Queries `?xHxD` f32, keys and values `CxKxD`, the position of the first query, and the result
  /// `?xHxD`.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module) const;
};

} // namespace quench

#endif // QUENCH_GPU_GPUNETWORKKERNELS_H

//===- GpuCooperativeProduct.h - Products of cooperative matrices ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which thread has which element of a cooperative matrix only the device knows. So all that is
// loaded into matrices, and all that comes out of them, passes through memory of the group: signed
// bytes or f16 of both sides, a chunk along K at a time, and at the end of each scale group its
// sums in 32 bits. Scales are applied to these by plain arithmetic in the order of
// `quench.contract`, so products of codes have the bits of the evaluator. A group of threads has
// four subgroups; each takes a panel of the weight and all rows of activations of the group. Its
// memory is the least that Vulkan promises.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_GPU_GPUCOOPERATIVEPRODUCT_H
#define QUENCH_LIB_GPU_GPUCOOPERATIVEPRODUCT_H

#include "quench/Gpu/GpuProductKernel.h"

namespace quench {

/// What a group of threads computes.
struct CooperativeTile {
  static constexpr int64_t kSubgroups = PanelLayout::kTilePanels;
  /// Rows of activations, and of the weight.
  static constexpr int64_t kTokens = 32;
  static constexpr int64_t kRows = kSubgroups * 16;
  /// Bytes of a row that lie in memory of the group, at most.
  static constexpr int64_t kChunkBytes = 64;

  /// Whether there is a kernel for matrices of these sizes and a weight in this layout.
  static bool fits(const CooperativeMatrix &matrix, const PanelLayout &layout);
};

} // namespace quench

#endif // QUENCH_LIB_GPU_GPUCOOPERATIVEPRODUCT_H

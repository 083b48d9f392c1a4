//===- Hqq.h - Zero points that meet most weights -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Half-quadratic quantization (Badri and Shaji 2023) needs no data. The scale of a block is
// (max - min) / (maxCode - minCode), and its real zero point z is chosen such that most errors are
// small and a few may be large, the p-norm of the errors with p = 0.7. With beta = 10, for at most
// 20 rounds:
//
//   c = clamp(rne((w + z) / s));  d = w - (c s - z)
//   e = sign(d) relu(|d| - |d|^(p - 1) / beta)       what is taken to be an outlier's
//   z = mean(c s - (w - e));  beta = 1.01 beta
//
// Each block ends when the mean of |d| no longer falls, and keeps its best z. The scheme has real
// zero points (Scheme.h); s is the scale as it is stored, and z is stored in the end.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_HQQ_H
#define QUENCH_NUMERICS_HQQ_H

#include "quench/Numerics/QuantizeTensor.h"

namespace quench::numerics {

/// Fails like `quantizeTensor`, and when the scheme has no real zero points. `threads` 0 is one per
/// core and has no influence on the result.
llvm::Expected<QuantizedTensor> quantizeHalfQuadratic(llvm::ArrayRef<float> values,
                                                      llvm::ArrayRef<int64_t> shape,
                                                      const Scheme &scheme, unsigned threads = 1);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_HQQ_H

//===- RandomCodes.h - Quantized tensors of random codes --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_CODEGEN_RANDOMCODES_H
#define QUENCH_UNITTESTS_CODEGEN_RANDOMCODES_H

#include "quench/Numerics/QuantizeTensor.h"

#include <random>

namespace quench {

/// Codes over the whole range, small integers as scales, zero points where the scheme has them.
inline numerics::QuantizedTensor randomTensor(const numerics::Scheme &scheme, int64_t n,
                                              int64_t k) {
  std::mt19937 random(static_cast<unsigned>(n * 1000 + k));
  numerics::QuantizedTensor tensor;
  tensor.shape = {n, k};
  tensor.codes = numerics::CodeArray(scheme.element, n * k);
  int32_t least = scheme.element.minCode();
  uint32_t span = scheme.element.maxCode() - least + 1;
  for (int64_t i = 0; i < n * k; ++i) {
    tensor.codes.set(i, least + static_cast<int32_t>(random() % span));
  }
  for (int64_t i = 0; i < scheme.numBlocks(tensor.shape); ++i) {
    tensor.scales.push_back(static_cast<float>(i + 1));
    if (scheme.zeroPoint) {
      tensor.zeroPoints.push_back(least + static_cast<int32_t>(random() % span));
    }
  }
  return tensor;
}

} // namespace quench

#endif // QUENCH_UNITTESTS_CODEGEN_RANDOMCODES_H

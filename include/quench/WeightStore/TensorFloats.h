//===- TensorFloats.h - Elements of a tensor as f32 -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_TENSORFLOATS_H
#define QUENCH_WEIGHTSTORE_TENSORFLOATS_H

#include "quench/WeightStore/TensorView.h"

#include <optional>
#include <vector>

namespace quench {

/// All elements of a floating-point tensor as f32, in row-major order; exact, except that F64 is
/// rounded to nearest even. NaN and infinities pass. Nothing when the elements are integers or
/// booleans.
std::optional<std::vector<float>> toFloats(const TensorView &tensor);

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_TENSORFLOATS_H

//===- SmoothingSearch.h - How much to smooth each input --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The output error of linear layers whose weights and inputs are both quantized,
//
//   sum over layers of |Q(X / s) Q(W s)^T - X W^T|^2,
//
// for scales s of one alpha after another (see smoothingScales), on some rows X of the inputs that
// calibration samples have.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_SMOOTHINGSEARCH_H
#define QUENCH_TUNING_SMOOTHINGSEARCH_H

#include "quench/Numerics/Scheme.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <vector>

namespace quench {

/// A linear layer with the formats that a recipe gives it.
struct SmoothedLayer {
  /// [rows, channels], row-major.
  std::vector<float> weights;
  int64_t rows;
  /// Empty where the layer stays float.
  std::optional<numerics::Scheme> weightScheme;
  std::optional<numerics::Scheme> activationScheme;
  /// Whether scales of activations are computed at run time, otherwise from the largest values.
  bool dynamic = true;
};

/// What is known about an input and its layers.
struct SmoothedInput {
  std::vector<SmoothedLayer> layers;
  /// Some rows of the input, row-major.
  std::vector<float> inputs;
  /// The largest magnitude of each channel over all rows there are.
  std::vector<float> largest;
};

/// The error for scales of each channel, all positive and as many as `largest`. Fails when a scheme
/// does not fit, or on values that are not finite.
llvm::Expected<double> smoothingError(const SmoothedInput &input, llvm::ArrayRef<double> scales,
                                      unsigned threads);

} // namespace quench

#endif // QUENCH_TUNING_SMOOTHINGSEARCH_H

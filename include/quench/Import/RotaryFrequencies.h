//===- RotaryFrequencies.h - Angles per position of RoPE --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_IMPORT_ROTARYFREQUENCIES_H
#define QUENCH_IMPORT_ROTARYFREQUENCIES_H

#include <cstdint>
#include <vector>

namespace quench {

/// How a model stretches its rotary embedding to longer sequences than it was first trained for.
enum class RotaryScaling : uint8_t { None, Linear, Llama3 };

/// Parameters of a rotary embedding (Su et al., 2021).
struct RotaryConfig {
  double theta = 10000.0;
  RotaryScaling scaling = RotaryScaling::None;
  /// Of linear and Llama 3 scaling: at least 1.
  double factor = 1.0;
  /// Of Llama 3 scaling: 0 < low < high.
  double lowFrequencyFactor = 1.0;
  double highFrequencyFactor = 4.0;
  int64_t originalMaxPositions = 0;
  /// Each frequency is divided by one of these in the end; none when empty. Finite and above 0.
  std::vector<double> divisors;
};

/// Radians per position of each of the `headDim / 2` pairs, before rounding to f32. Plain:
/// `f[i] = theta^(-2 i / headDim)`. Linear: `f[i] / factor`. Llama 3 (Llama 3.1 model card): with
/// the wavelength `w = 2 pi / f[i]` and the original length L, `f[i]` where `w < L / high`,
/// `f[i] / factor` where `w > L / low`, and in between `(1 - s) f[i] / factor + s f[i]` with
/// `s = (L / w - low) / (high - low)`.
std::vector<double> rotaryFrequencies(const RotaryConfig &config, int64_t headDim);

} // namespace quench

#endif // QUENCH_IMPORT_ROTARYFREQUENCIES_H

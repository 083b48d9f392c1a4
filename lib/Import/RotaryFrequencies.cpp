//===- RotaryFrequencies.cpp - Angles per position of RoPE ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/RotaryFrequencies.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace quench {

static double scaleForLlama3(double frequency, const RotaryConfig &config) {
  double wavelength = 2 * llvm::numbers::pi / frequency;
  double length = static_cast<double>(config.originalMaxPositions);
  if (wavelength < length / config.highFrequencyFactor) {
    return frequency;
  }
  if (wavelength > length / config.lowFrequencyFactor) {
    return frequency / config.factor;
  }
  double smooth = (length / wavelength - config.lowFrequencyFactor) /
                  (config.highFrequencyFactor - config.lowFrequencyFactor);
  return (1 - smooth) * frequency / config.factor + smooth * frequency;
}

std::vector<double> rotaryFrequencies(const RotaryConfig &config, int64_t headDim) {
  std::vector<double> frequencies(headDim / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(headDim);
    double frequency = 1.0 / std::pow(config.theta, exponent);
    switch (config.scaling) {
    case RotaryScaling::None:
      break;
    case RotaryScaling::Linear:
      frequency /= config.factor;
      break;
    case RotaryScaling::Llama3:
      frequency = scaleForLlama3(frequency, config);
      break;
    }
    frequencies[i] = config.divisors.empty() ? frequency : frequency / config.divisors[i];
  }
  return frequencies;
}

} // namespace quench

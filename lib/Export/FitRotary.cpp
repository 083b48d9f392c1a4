//===- FitRotary.cpp - The parameters of rotary frequencies ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Export/FitRotary.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

using namespace quench;

/// A number with so many significant decimal digits.
static double roundDigits(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*e", digits - 1, value);
  return std::strtod(text, nullptr);
}

static bool matches(const RotaryConfig &config, llvm::ArrayRef<float> frequencies,
                    int64_t headDim) {
  std::vector<double> computed = rotaryFrequencies(config, headDim);
  for (size_t i = 0; i < computed.size(); ++i) {
    if (static_cast<float>(computed[i]) != frequencies[i]) {
      return false;
    }
  }
  return true;
}

RotaryConfig quench::fitRotary(llvm::ArrayRef<float> frequencies, int64_t headDim) {
  RotaryConfig config;
  if (frequencies.front() != 1.0f) {
    config.scaling = RotaryScaling::Linear;
    config.factor = roundDigits(1.0 / frequencies.front(), 7);
  }
  // The last frequency says most exactly what the base is, if all follow from one.
  double halves = static_cast<double>(frequencies.size());
  double ratio = static_cast<double>(frequencies.back()) / frequencies.front();
  double base = halves > 1 ? std::pow(ratio, -halves / (halves - 1)) : config.theta;
  for (int digits = 1; digits <= 9; ++digits) {
    config.theta = roundDigits(base, digits);
    if (config.factor >= 1 && matches(config, frequencies, headDim)) {
      return config;
    }
  }
  config = RotaryConfig();
  if (halves > 1) {
    double second = static_cast<double>(frequencies[1]) / frequencies[0];
    config.theta = roundDigits(std::pow(second, -halves), 3);
  }
  std::vector<double> plain = rotaryFrequencies(config, headDim);
  for (size_t i = 0; i < plain.size(); ++i) {
    config.divisors.push_back(static_cast<float>(plain[i] / frequencies[i]));
  }
  return config;
}

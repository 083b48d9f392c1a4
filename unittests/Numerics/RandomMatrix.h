//===- RandomMatrix.h - Random data that looks like layers ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Seeded data for the tests of quantizers. Header-only. The generator is the standard's mersenne
// twister, whose numbers are specified; the distributions are made here, because the standard's are
// not.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_NUMERICS_RANDOMMATRIX_H
#define QUENCH_UNITTESTS_NUMERICS_RANDOMMATRIX_H

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace quench::numerics {

/// Normally distributed numbers with mean 0 and deviation 1, to four digits: sums of twelve.
class Normal {
public:
  explicit Normal(uint32_t seed) : engine(seed) {}

  double operator()() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) {
      sum += static_cast<double>(engine()) / 4294967296.0;
    }
    return sum;
  }

private:
  std::mt19937 engine;
};

inline std::vector<float> randomVector(int64_t size, uint32_t seed) {
  Normal normal(seed);
  std::vector<float> result(size);
  for (float &value : result) {
    value = static_cast<float>(normal());
  }
  return result;
}

inline std::vector<float> randomImportance(int64_t size, uint32_t seed) {
  std::vector<float> result = randomVector(size, seed);
  for (float &value : result) {
    value *= value;
  }
  return result;
}

/// The Gram matrix, mean x xᵀ, of `samples` inputs that are correlated like those of a layer: a few
/// directions carry most of them, and a few inputs are large.
inline std::vector<double> randomGram(int64_t size, int64_t samples, uint32_t seed) {
  Normal normal(seed);
  const int64_t directions = size / 4 + 1;
  std::vector<double> mixing(directions * size);
  for (double &value : mixing) {
    value = normal();
  }
  std::vector<double> gram(size * size);
  std::vector<double> x(size);
  for (int64_t sample = 0; sample < samples; ++sample) {
    for (double &value : x) {
      value = 0.3 * normal();
    }
    for (int64_t direction = 0; direction < directions; ++direction) {
      const double amount = normal() / (1.0 + static_cast<double>(direction));
      for (int64_t i = 0; i < size; ++i) {
        x[i] += amount * mixing[direction * size + i];
      }
    }
    for (int64_t i = 3; i < size; i += 29) {
      x[i] *= 10.0;
    }
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        gram[i * size + j] += x[i] * x[j] / static_cast<double>(samples);
      }
    }
  }
  return gram;
}

} // namespace quench::numerics

#endif // QUENCH_UNITTESTS_NUMERICS_RANDOMMATRIX_H

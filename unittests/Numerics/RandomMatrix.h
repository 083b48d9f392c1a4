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

} // namespace quench::numerics

#endif // QUENCH_UNITTESTS_NUMERICS_RANDOMMATRIX_H

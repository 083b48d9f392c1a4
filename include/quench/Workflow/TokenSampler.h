//===- TokenSampler.h - Choosing the next token -*- C++ -* -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_TOKENSAMPLER_H
#define QUENCH_WORKFLOW_TOKENSAMPLER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <random>

namespace quench::workflow {

/// Chooses tokens by their logits. The same seed makes the same choices on every machine: the
/// generator is the standard's 64-bit Mersenne twister and all else is arithmetic in double.
class TokenSampler {
public:
  /// A temperature of 0 takes the largest logit, the lowest id of equals.
  TokenSampler(double temperature, uint64_t seed) : temperature(temperature), generator(seed) {}

  /// A token drawn with probability softmax(logits / temperature). Fails on a logit that is not
  /// finite.
  llvm::Expected<int32_t> sample(llvm::ArrayRef<float> logits);

private:
  double temperature;
  std::mt19937_64 generator;
};

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_TOKENSAMPLER_H

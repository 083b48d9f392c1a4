//===- RandomSigns.h - Reproducible random bits -----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stream of numpy's `default_rng(seed)`, so that a seed names the same random rotation here and
// in Python: PCG64 (PCG XSL-RR 128/64, M. E. O'Neill, HMC-CS-2014-0905) seeded through M. E.
// O'Neill's `seed_seq` replacement that numpy calls SeedSequence, and bounded integers by Lemire's
// multiplication (arXiv 1805.10941). 32-bit draws take the low half of a 64-bit draw first and keep
// the high half for the next, across calls.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_RANDOMSIGNS_H
#define QUENCH_NUMERICS_RANDOMSIGNS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace quench::numerics {

/// A stateful generator: consecutive calls continue one stream, as on one numpy Generator.
class RandomGenerator {
public:
  /// `numpy.random.default_rng(seed)`.
  explicit RandomGenerator(uint64_t seed);

  /// The next 64 bits of the stream.
  uint64_t next64();

  /// The next 32 bits of the stream.
  uint32_t next32();

  /// As `count` calls of next32, in a time that hardly depends on their number.
  void skip32(uint64_t count);

  /// A multiple of 2^-53 in [0, 1): `random()`.
  double nextDouble();

  /// One element of `integers(0, bound)`; `bound` is 1 to 2^32 - 1, and 1 draws nothing.
  uint32_t nextBelow(uint32_t bound);

  /// `2 * integers(0, 2, size=count) - 1` as numbers -1 and 1.
  std::vector<double> signs(size_t count);

private:
  /// As `count` calls of next64.
  void skip64(uint64_t count);

  unsigned __int128 state = 0;
  unsigned __int128 increment = 0;
  std::optional<uint32_t> highHalf;
};

/// Signs `offset` to `offset + count - 1` of the stream of `seed`: a randomized Hadamard matrix of
/// order `count` is diag(randomSigns(seed, offset, count)) H.
std::vector<double> randomSigns(uint64_t seed, uint64_t offset, size_t count);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_RANDOMSIGNS_H

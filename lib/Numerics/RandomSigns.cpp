//===- RandomSigns.cpp - Reproducible random bits -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The seed is hashed into a pool of four words, each of which then meets every other one; the pool
// is hashed again into the 128-bit state and the 128-bit increment of the generator.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/RandomSigns.h"

#include <array>

using namespace quench::numerics;

namespace {

/// A hash whose constant changes with every word that goes through it.
class WordHash {
public:
  WordHash(uint32_t constant, uint32_t multiplier) : constant(constant), multiplier(multiplier) {}

  uint32_t operator()(uint32_t word) {
    word ^= constant;
    constant *= multiplier;
    word *= constant;
    return word ^ (word >> 16);
  }

private:
  uint32_t constant;
  uint32_t multiplier;
};

} // namespace

static uint32_t mixWords(uint32_t x, uint32_t y) {
  const uint32_t mixed = 0xca01f9ddu * x - 0x4973f715u * y;
  return mixed ^ (mixed >> 16);
}

static std::array<uint64_t, 4> expandSeed(uint64_t seed) {
  WordHash absorb(0x43b0d7e5u, 0x931e8875u);
  std::array<uint32_t, 4> pool;
  pool[0] = absorb(static_cast<uint32_t>(seed));
  pool[1] = absorb(static_cast<uint32_t>(seed >> 32));
  pool[2] = absorb(0);
  pool[3] = absorb(0);
  for (size_t source = 0; source < pool.size(); ++source) {
    for (size_t target = 0; target < pool.size(); ++target) {
      if (source != target) {
        pool[target] = mixWords(pool[target], absorb(pool[source]));
      }
    }
  }
  WordHash squeeze(0x8b51f9ddu, 0x58f38dedu);
  std::array<uint64_t, 4> words;
  for (size_t i = 0; i < words.size(); ++i) {
    const uint64_t low = squeeze(pool[2 * i % pool.size()]);
    words[i] = low | static_cast<uint64_t>(squeeze(pool[(2 * i + 1) % pool.size()])) << 32;
  }
  return words;
}

RandomGenerator::RandomGenerator(uint64_t seed) {
  const std::array<uint64_t, 4> words = expandSeed(seed);
  const auto start = static_cast<unsigned __int128>(words[0]) << 64 | words[1];
  const auto stream = static_cast<unsigned __int128>(words[2]) << 64 | words[3];
  increment = stream << 1 | 1;
  next64();
  state += start;
  next64();
}

static constexpr auto kMultiplier =
    static_cast<unsigned __int128>(0x2360ed051fc65da4u) << 64 | 0x4385df649fccf645u;

uint64_t RandomGenerator::next64() {
  state = state * kMultiplier + increment;
  const uint64_t folded = static_cast<uint64_t>(state >> 64) ^ static_cast<uint64_t>(state);
  const unsigned rotation = static_cast<unsigned>(state >> 122);
  return folded >> rotation | folded << (-rotation & 63);
}

uint32_t RandomGenerator::next32() {
  if (highHalf) {
    const uint32_t word = *highHalf;
    highHalf.reset();
    return word;
  }
  const uint64_t words = next64();
  highHalf = static_cast<uint32_t>(words >> 32);
  return static_cast<uint32_t>(words);
}

void RandomGenerator::skip64(uint64_t count) {
  // Steps are affine functions of the state; those of 1, 2, 4 … steps follow by squaring.
  unsigned __int128 factor = 1, summand = 0;
  unsigned __int128 stepFactor = kMultiplier, stepSummand = increment;
  for (; count > 0; count >>= 1) {
    if (count & 1) {
      factor *= stepFactor;
      summand = summand * stepFactor + stepSummand;
    }
    stepSummand *= stepFactor + 1;
    stepFactor *= stepFactor;
  }
  state = state * factor + summand;
}

void RandomGenerator::skip32(uint64_t count) {
  if (highHalf && count > 0) {
    highHalf.reset();
    --count;
  }
  skip64(count / 2);
  if (count % 2 != 0) {
    next32();
  }
}

double RandomGenerator::nextDouble() { return static_cast<double>(next64() >> 11) * 0x1.0p-53; }

uint32_t RandomGenerator::nextBelow(uint32_t bound) {
  if (bound <= 1) {
    return 0;
  }
  // The low word of the product is the part that makes some results more likely than others.
  uint64_t product = static_cast<uint64_t>(next32()) * bound;
  if (static_cast<uint32_t>(product) < bound) {
    const uint32_t threshold = -bound % bound;
    while (static_cast<uint32_t>(product) < threshold) {
      product = static_cast<uint64_t>(next32()) * bound;
    }
  }
  return static_cast<uint32_t>(product >> 32);
}

std::vector<double> RandomGenerator::signs(size_t count) {
  std::vector<double> result(count);
  for (double &sign : result) {
    sign = nextBelow(2) ? 1.0 : -1.0;
  }
  return result;
}

std::vector<double> quench::numerics::randomSigns(uint64_t seed, uint64_t offset, size_t count) {
  RandomGenerator generator(seed);
  generator.skip32(offset);
  return generator.signs(count);
}

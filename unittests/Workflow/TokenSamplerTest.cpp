//===- TokenSamplerTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/TokenSampler.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace quench::workflow;

namespace {

TEST(TokenSampler, WithoutTemperatureTheFirstOfTheLargestIsTaken) {
  TokenSampler sampler(/*temperature=*/0, /*seed=*/1);
  EXPECT_EQ(*sampler.sample({1.f, 3.f, 3.f, 2.f}), 1);
  EXPECT_EQ(*sampler.sample({-1.f}), 0);
}

TEST(TokenSampler, DrawsFollowTheDistribution) {
  // Odds of 3 to 1 at temperature 1, of 9 to 1 at temperature 1/2.
  for (auto [temperature, share] : {std::make_pair(1.0, 0.75), std::make_pair(0.5, 0.9)}) {
    TokenSampler sampler(temperature, /*seed=*/3);
    int hits = 0;
    for (int i = 0; i < 20000; ++i) {
      hits += *sampler.sample({std::log(3.0f), 0.f}) == 0;
    }
    // Five standard deviations are 0.015.
    EXPECT_NEAR(hits / 20000.0, share, 0.015);
  }
}

TEST(TokenSampler, ASeedFixesTheDraws) {
  std::vector<float> logits(100, 0.f);
  auto draw = [&](uint64_t seed) {
    TokenSampler sampler(1.0, seed);
    std::vector<int32_t> tokens;
    for (int i = 0; i < 20; ++i) {
      tokens.push_back(*sampler.sample(logits));
    }
    return tokens;
  };
  EXPECT_EQ(draw(5), draw(5));
  EXPECT_NE(draw(5), draw(6));
  // Equal logits cut the range into equal parts; the generator is that of the standard.
  EXPECT_EQ(draw(5489)[0], static_cast<int32_t>((std::mt19937_64(5489)() >> 11) * 0x1p-53 * 100));
}

TEST(TokenSampler, TinyTemperaturesAreGreedy) {
  TokenSampler sampler(/*temperature=*/1e-300, /*seed=*/1);
  EXPECT_EQ(*sampler.sample({1.f, 3.f, 2.f}), 1);
}

TEST(TokenSampler, RefusesLogitsThatAreNotFinite) {
  TokenSampler sampler(/*temperature=*/1, /*seed=*/1);
  EXPECT_EQ(toString(sampler.sample({0.f, std::numeric_limits<float>::infinity()}).takeError()),
            "token 0: expected finite logits, found infinity for id 1");
}

} // namespace

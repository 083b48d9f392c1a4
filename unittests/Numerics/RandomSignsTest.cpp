//===- RandomSignsTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stream against numbers that numpy prints.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/RandomSigns.h"

#include "gtest/gtest.h"

using namespace quench::numerics;

namespace {

std::vector<uint32_t> drawBelow(RandomGenerator &generator, uint32_t bound, size_t count) {
  std::vector<uint32_t> result(count);
  for (uint32_t &value : result) {
    value = generator.nextBelow(bound);
  }
  return result;
}

TEST(RandomSigns, doubles_are_those_of_default_rng) {
  EXPECT_EQ(RandomGenerator(0).nextDouble(), 0.6369616873214543);
  EXPECT_EQ(RandomGenerator(42).nextDouble(), 0.7739560485559633);
}

TEST(RandomSigns, integers_are_those_of_default_rng) {
  RandomGenerator bits(0);
  EXPECT_EQ(drawBelow(bits, 2, 10), (std::vector<uint32_t>{1, 1, 1, 0, 0, 0, 0, 0, 0, 1}));
  RandomGenerator digits(0);
  EXPECT_EQ(drawBelow(digits, 10, 5), (std::vector<uint32_t>{8, 6, 5, 2, 3}));
}

TEST(RandomSigns, signs_are_the_bits_and_continue_across_calls) {
  RandomGenerator generator(0);
  std::vector<double> all = generator.signs(3);
  std::vector<double> rest = generator.signs(7);
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, (std::vector<double>{1, 1, 1, -1, -1, -1, -1, -1, -1, 1}));
}

TEST(RandomSigns, an_offset_skips_signs) {
  const std::vector<double> all = randomSigns(7, 0, 320);
  EXPECT_EQ(randomSigns(7, 256, 64), std::vector<double>(all.begin() + 256, all.end()));
  EXPECT_EQ(randomSigns(7, 255, 3), std::vector<double>(all.begin() + 255, all.begin() + 258));
}

TEST(RandomSigns, skipped_words_are_those_that_are_not_drawn) {
  for (uint64_t before : {0, 1}) {
    for (uint64_t count : {0, 1, 2, 3, 4, 5, 64, 1001}) {
      RandomGenerator skipping(11), drawing(11);
      for (uint64_t i = 0; i < before; ++i) {
        skipping.next32();
      }
      for (uint64_t i = 0; i < before + count; ++i) {
        drawing.next32();
      }
      skipping.skip32(count);
      for (unsigned i = 0; i < 3; ++i) {
        EXPECT_EQ(skipping.next32(), drawing.next32()) << before << " " << count;
      }
    }
  }
}

TEST(RandomSigns, a_huge_offset_takes_no_time) {
  EXPECT_EQ(randomSigns(1, uint64_t(1) << 62, 4).size(), 4u);
}

TEST(RandomSigns, seeds_differ_in_their_high_words_too) {
  EXPECT_NE(RandomGenerator(1).next64(), RandomGenerator(1 | uint64_t(1) << 32).next64());
}

TEST(RandomSigns, bounds_that_do_not_divide_are_unbiased) {
  // 3 * 2^30 rejects a quarter of the draws; without that, small results would come twice as often.
  RandomGenerator generator(3);
  unsigned small = 0;
  for (unsigned i = 0; i < 30000; ++i) {
    const uint32_t value = generator.nextBelow(3u << 30);
    ASSERT_LT(value, 3u << 30);
    small += value < (1u << 30);
  }
  EXPECT_NEAR(small, 10000, 500);
  EXPECT_EQ(generator.nextBelow(1), 0u);
}

} // namespace

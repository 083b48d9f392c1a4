//===- BitAllocationTest.cpp - Formats under a budget ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BitAllocation.h"

#include "gtest/gtest.h"

#include <random>

using namespace quench::numerics;

using Formats = std::vector<FormatCost>;
using Choice = std::vector<size_t>;

TEST(BitAllocationTest, BitsGoWhereTheyBuyMost) {
  std::vector<Formats> tensors = {{{8.0, 100}, {2.0, 200}, {0.5, 300}},
                                  {{1.0, 100}, {0.2, 200}, {0.1, 300}}};
  EXPECT_EQ(allocateBits(tensors, 200), (Choice{0, 0}));
  EXPECT_EQ(allocateBits(tensors, 300), (Choice{1, 0}));
  EXPECT_EQ(allocateBits(tensors, 399), (Choice{1, 0}));
  EXPECT_EQ(allocateBits(tensors, 400), (Choice{2, 0}));
  EXPECT_EQ(allocateBits(tensors, 500), (Choice{2, 1}));
  EXPECT_EQ(allocateBits(tensors, 1e9), (Choice{2, 2}));
}

TEST(BitAllocationTest, FormatsThatAreWorseAreNotTaken) {
  // The one in the middle loses more than the smallest, the largest no less than the third.
  std::vector<Formats> tensors = {{{4.0, 100}, {5.0, 150}, {1.0, 200}, {1.0, 300}}};
  EXPECT_EQ(allocateBits(tensors, 150), (Choice{0}));
  EXPECT_EQ(allocateBits(tensors, 1000), (Choice{2}));
}

TEST(BitAllocationTest, LargeTensorsHaveToDeserveTheirBits) {
  std::vector<Formats> tensors = {{{3.0, 1000}, {1.0, 2000}}, {{1.0, 10}, {0.5, 20}}};
  EXPECT_EQ(allocateBits(tensors, 1020), (Choice{0, 1}));
  // What is left after a step that fits no more goes to others.
  EXPECT_EQ(allocateBits(tensors, 2010), (Choice{0, 1}));
  EXPECT_EQ(allocateBits(tensors, 2020), (Choice{1, 1}));
}

TEST(BitAllocationTest, TooSmallABudget) {
  std::vector<Formats> tensors = {{{1.0, 100}, {0.5, 50}}};
  EXPECT_EQ(allocateBits(tensors, 49), std::nullopt);
  EXPECT_EQ(allocateBits(tensors, 50), (Choice{1}));
  EXPECT_EQ(allocateBits({}, 0), Choice());
}

TEST(BitAllocationTest, OutputPowerIsTheMeanOverInputs) {
  // Two inputs, (1, 2, 0) and (0, -1, 3), each half of the time.
  std::vector<double> gram = {0.5, 1.0, 0.0, 1.0, 2.5, -1.5, 0.0, -1.5, 4.5};
  std::vector<float> weights = {1, 0, 2, -1, 1, 1};
  // W x = (1, 1) and (6, 2).
  EXPECT_DOUBLE_EQ(outputPower(weights, gram, 1), 0.5 * (1 + 1) + 0.5 * (36 + 4));
  EXPECT_EQ(outputPower({}, gram, 1), 0.0);

  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<double> large(70 * 70);
  for (double &value : large) {
    value = uniform(random);
  }
  std::vector<float> many(1100 * 70);
  double expected = 0.0;
  for (float &value : many) {
    value = uniform(random);
  }
  for (size_t row = 0; row < 1100; ++row) {
    for (size_t i = 0; i < 70; ++i) {
      for (size_t j = 0; j < 70; ++j) {
        expected += many[row * 70 + i] * large[i * 70 + j] * many[row * 70 + j];
      }
    }
  }
  EXPECT_NEAR(outputPower(many, large, 1), expected, 1e-9 * std::abs(expected));
  EXPECT_EQ(outputPower(many, large, 3), outputPower(many, large, 1));
}

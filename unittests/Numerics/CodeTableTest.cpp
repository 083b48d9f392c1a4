//===- CodeTableTest.cpp - Codes that stand for multiples of a unit -------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/CodeTable.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench::numerics;

TEST(CodeTableTest, FourBitFloatsAreHalves) {
  std::optional<CodeTable> table = CodeTable::get(Encoding::floating(FloatFormat::F4E2M1FN));
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->unit, 0.5f);
  EXPECT_EQ(table->values,
            (std::array<int8_t, 16>{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}));
}

TEST(CodeTableTest, CodebooksHaveTheCoarsestUnit) {
  float values[] = {-3.0f, 0.0f, 1.5f, 6.0f};
  std::optional<CodeTable> table = CodeTable::get(Encoding::codebook("x", values));
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->unit, 1.5f);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(static_cast<float>(table->values[i]) * table->unit, values[i]);
  }
}

TEST(CodeTableTest, ValuesAreExactOrThereIsNoTable) {
  EXPECT_FALSE(CodeTable::get(Encoding::nf4()).has_value());
  float finer[] = {0.0f, 1.0f, 128.0f, 129.0f};
  EXPECT_FALSE(CodeTable::get(Encoding::codebook("finer", finer)).has_value());
  float close[] = {0.0f, 1.0f, 2.0f, 3.00001f};
  EXPECT_FALSE(CodeTable::get(Encoding::codebook("close", close)).has_value());
}

TEST(CodeTableTest, OnlyFourBitsThatAreNoIntegersHaveOne) {
  EXPECT_FALSE(CodeTable::get(Encoding::integer(4)).has_value());
  EXPECT_FALSE(CodeTable::get(Encoding::floating(FloatFormat::F8E4M3FN)).has_value());
}

TEST(RoundCodebookTest, NormalFloatsMoveLessThanATenthOfTheirCells) {
  Encoding encoding = Encoding::nf4();
  std::vector<float> rounded = roundCodebook(encoding);
  ASSERT_EQ(rounded.size(), 16u);
  std::optional<CodeTable> table = CodeTable::get(Encoding::codebook("rounded", rounded));
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->unit, 1.0f / 127.0f);
  llvm::ArrayRef<float> values = encoding.codebookValues();
  for (size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(table->values[i], std::lround(values[i] * 127.0f)) << i;
    for (size_t j = 0; j < 16; ++j) {
      if (i != j) {
        EXPECT_LE(std::abs(rounded[i] - values[i]), 0.05f * std::abs(values[i] - values[j]));
      }
    }
  }
}

TEST(RoundCodebookTest, ValuesThatWouldMoveFarStay) {
  // 0.1 would become 3 / 127 of 5.
  float values[] = {-1.0f, 0.0f, 0.1f, 5.0f};
  EXPECT_TRUE(roundCodebook(Encoding::codebook("far", values)).empty());
  EXPECT_TRUE(roundCodebook(Encoding::integer(4)).empty());
  EXPECT_TRUE(roundCodebook(Encoding::floating(FloatFormat::F4E2M1FN)).empty());
}

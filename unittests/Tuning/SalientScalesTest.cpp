//===- SalientScalesTest.cpp - Scales of AWQ ------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/SalientScales.h"
#include "quench/Tuning/GramMatrix.h"

#include "gtest/gtest.h"

using namespace quench;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

TEST(SalientScalesTest, ExponentsGoByTwentieths) {
  EXPECT_EQ(salientExponent(0), 0.0);
  EXPECT_EQ(salientExponent(1), 0.05);
  EXPECT_EQ(salientExponent(numSalientExponents - 1), 0.95);
}

TEST(SalientScalesTest, TheExtremesMultiplyToOne) {
  EXPECT_EQ(salientScales({1.0, 16.0, 4.0}, 0.5), (Floats{0.5f, 2.0f, 1.0f}));
  EXPECT_EQ(salientScales({1.0, 16.0, 4.0}, 0.0), (Floats{1.0f, 1.0f, 1.0f}));
  // Dead inputs are held at 1e-4 before that.
  Floats scales = salientScales({0.0, 1.0}, 0.5);
  EXPECT_FLOAT_EQ(scales[0], 1e-2f);
  EXPECT_FLOAT_EQ(scales[1], 1e2f);
  EXPECT_TRUE(salientScales({}, 0.5).empty());
}

TEST(SalientScalesTest, RoundingHappensInTheScaledBasis) {
  numerics::Scheme scheme{numerics::Encoding::integer(4), {1, numerics::kWhole}, {}};
  Floats weights = {7.0f, 0.4f, -7.0f, 1.2f};
  int64_t shape[] = {2, 2};
  EXPECT_EQ(llvm::cantFail(roundScaled(weights, shape, scheme, {}, {1.0f, 1.0f})),
            (Floats{7.0f, 0.0f, -7.0f, 1.0f}));
  EXPECT_EQ(llvm::cantFail(roundScaled(weights, shape, scheme, {}, {1.0f, 4.0f})),
            (Floats{7.0f, 0.5f, -7.0f, 1.25f}));
}

TEST(SalientScalesTest, ErrorsOfOutputsAreThoseOfInputsWithThisGramMatrix) {
  // Inputs (1, 2) and (3, -1): mean outer product [[5, -0.5], [-0.5, 2.5]].
  GramMatrix gram(2);
  gram.add(Floats{1, 2}, 1);
  gram.add(Floats{3, -1}, 1);
  EXPECT_EQ(gram.rows(), 2);
  Doubles mean = gram.takeMean();
  EXPECT_EQ(mean, (Doubles{5.0, -0.5, -0.5, 2.5}));
  // Changes (1, 0) and (0.5, -1): outputs change by 1, 3 and by -1.5, 2.5.
  Floats weights = {0, 0, 1, 1}, rounded = {1, 0, 1.5, 0};
  double expected = (1.0 + 9.0 + 2.25 + 6.25) / 2;
  EXPECT_EQ(outputError(weights, rounded, mean, 2, 1), expected);
  EXPECT_EQ(outputError(weights, weights, mean, 2, 1), 0.0);
}

TEST(GramMatrixTest, RowsMayComeInAnyPieces) {
  Floats rows;
  for (int i = 0; i < 300 * 30; ++i) {
    rows.push_back(static_cast<float>(i * 37 % 101) / 8.0f - 6.0f);
  }
  GramMatrix whole(30), pieces(30);
  whole.add(rows, 2);
  for (size_t first = 0; first < rows.size(); first += 50 * 30) {
    pieces.add(llvm::ArrayRef(rows).slice(first, 50 * 30), 1);
  }
  pieces.add({}, 1);
  Doubles a = whole.takeMean(), b = pieces.takeMean();
  // All sums are exact in f64 here.
  EXPECT_EQ(a, b);
  double sum = 0.0;
  for (size_t row = 0; row < 300; ++row) {
    sum += static_cast<double>(rows[row * 30 + 3]) * rows[row * 30 + 17];
  }
  EXPECT_DOUBLE_EQ(a[17 * 30 + 3], sum / 300);
  EXPECT_EQ(a[17 * 30 + 3], a[3 * 30 + 17]);
  EXPECT_EQ(GramMatrix(2).takeMean(), (Doubles{0, 0, 0, 0}));
}

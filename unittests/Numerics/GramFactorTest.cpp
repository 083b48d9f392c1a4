//===- GramFactorTest.cpp ---------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The factor of an inverse against the matrix that it is the inverse of.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/GramFactor.h"

#include "RandomMatrix.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

GramFactor factorOf(llvm::ArrayRef<double> gram, int64_t size,
                    const GramFactorOptions &options = {}) {
  llvm::Expected<GramFactor> factor = GramFactor::compute(gram, size, options);
  if (!factor) {
    ADD_FAILURE() << llvm::toString(factor.takeError());
    return GramFactor();
  }
  return std::move(*factor);
}

double elementOf(const GramFactor &factor, int64_t row, int64_t column) {
  return row > column ? 0.0 : -factor.negatedTile(column / 8)[row * 8 + column % 8];
}

/// H with dead inputs and damping, in the order of the factor.
std::vector<double> damped(llvm::ArrayRef<double> gram, const GramFactor &factor) {
  const int64_t size = factor.size();
  double mean = 0.0;
  for (int64_t i = 0; i < size; ++i) {
    double element = gram[i * size + i];
    mean += (element == 0.0 ? 1.0 : element) / static_cast<double>(size);
  }
  std::vector<double> result(size * size);
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      result[i * size + j] = gram[factor.order()[i] * size + factor.order()[j]];
    }
    double &diagonal = result[i * size + i];
    diagonal = (diagonal == 0.0 ? 1.0 : diagonal) + *factor.damping() * mean;
  }
  return result;
}

void expectInverse(llvm::ArrayRef<double> gram, const GramFactor &factor) {
  const int64_t size = factor.size();
  std::vector<double> matrix = damped(gram, factor);
  std::vector<double> inverse(size * size);
  for (int64_t i = 0; i < size; ++i) {
    EXPECT_EQ(factor.diagonal(i), elementOf(factor, i, i));
    for (int64_t j = 0; j < size; ++j) {
      for (int64_t l = 0; l <= std::min(i, j); ++l) {
        inverse[i * size + j] += elementOf(factor, l, i) * elementOf(factor, l, j);
      }
    }
    EXPECT_NEAR(factor.inverseDiagonal()[factor.order()[i]], inverse[i * size + i],
                1e-12 * inverse[i * size + i]);
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t j = 0; j < size; ++j) {
      double sum = 0.0;
      for (int64_t l = 0; l < size; ++l) {
        sum += matrix[i * size + l] * inverse[l * size + j];
      }
      ASSERT_NEAR(sum, i == j ? 1.0 : 0.0, 1e-9) << i << ", " << j;
    }
  }
}

TEST(GramFactor, is_the_factor_of_the_damped_inverse) {
  for (int64_t size : {1, 5, 8, 24, 67, 200}) {
    SCOPED_TRACE(size);
    std::vector<double> gram = randomGram(size, size + 20, 1);
    GramFactor factor = factorOf(gram, size);
    EXPECT_EQ(factor.damping(), 0.01);
    EXPECT_EQ(factor.note(), "");
    expectInverse(gram, factor);
    GramFactorOptions options;
    options.activationOrder = true;
    options.damping = 0.3;
    factor = factorOf(gram, size, options);
    EXPECT_EQ(factor.damping(), 0.3);
    expectInverse(gram, factor);
  }
}

TEST(GramFactor, activation_order_is_descending_and_stable) {
  std::vector<double> gram(5 * 5);
  const double diagonal[] = {2.0, 7.0, 0.0, 7.0, 0.5};
  for (int64_t i = 0; i < 5; ++i) {
    gram[i * 6] = diagonal[i];
  }
  GramFactorOptions options;
  options.activationOrder = true;
  // The dead input counts as 1.
  EXPECT_EQ(factorOf(gram, 5, options).order(), (llvm::ArrayRef<int64_t>{1, 3, 0, 2, 4}));
  EXPECT_TRUE(factorOf(gram, 5, options).isDead(3));
  EXPECT_EQ(factorOf(gram, 5).order(), (llvm::ArrayRef<int64_t>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(factorOf(gram, 5).isDead(2));
  EXPECT_FALSE(factorOf(gram, 5).isDead(3));
}

TEST(GramFactor, dead_inputs_have_a_diagonal_of_one) {
  std::vector<double> gram = randomGram(20, 40, 2);
  for (int64_t i = 0; i < 20; ++i) {
    gram[i * 20 + 7] = gram[7 * 20 + i] = 0.0;
  }
  GramFactor factor = factorOf(gram, 20);
  expectInverse(gram, factor);
  GramFactor none = factorOf(std::vector<double>(9), 3);
  EXPECT_EQ(none.damping(), 0.01);
  EXPECT_NEAR(none.diagonal(1), 1.0 / std::sqrt(1.01), 1e-15);
}

TEST(GramFactor, singular_matrices_are_damped) {
  // Fewer samples than inputs.
  std::vector<double> gram = randomGram(60, 20, 3);
  GramFactor factor = factorOf(gram, 60);
  EXPECT_EQ(factor.damping(), 0.01);
  expectInverse(gram, factor);
  GramFactorOptions options;
  options.damping = 0.0;
  factor = factorOf(gram, 60, options);
  EXPECT_EQ(factor.damping(), 0.01);
  EXPECT_EQ(factor.note(), "the Gram matrix is not positive definite with damping 0, used 0.01");
}

TEST(GramFactor, the_ladder_ends_without_a_factor) {
  // The eigenvalues are 1 + c and 1 - c.
  auto compute = [](double c, double damping) {
    GramFactorOptions options;
    options.damping = damping;
    return factorOf(std::vector<double>{1.0, c, c, 1.0}, 2, options);
  };
  EXPECT_EQ(compute(1.05, 0.01).damping(), 0.1);
  EXPECT_EQ(compute(1.05, 0.01).note(),
            "the Gram matrix is not positive definite with damping 0.01, used 0.1");
  EXPECT_EQ(compute(1.5, 0.03).damping(), 1.0);
  EXPECT_EQ(compute(2.5, 0.01).damping(), std::nullopt);
  EXPECT_EQ(compute(2.5, 0.01).note(),
            "the Gram matrix is not positive definite, even with damping 1");
  EXPECT_EQ(compute(2.5, 4.0).damping(), 4.0);
}

TEST(GramFactor, only_the_upper_triangle_is_read) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  GramFactorOptions options;
  options.activationOrder = true;
  GramFactor factor = factorOf(std::vector<double>{1.0, 0.5, nan, 2.0}, 2, options);
  expectInverse(std::vector<double>{1.0, 0.5, 0.5, 2.0}, factor);
}

TEST(GramFactor, bad_matrices_are_refused) {
  auto message = [](llvm::ArrayRef<double> gram, int64_t size, double damping = 0.01) {
    GramFactorOptions options;
    options.damping = damping;
    llvm::Expected<GramFactor> factor = GramFactor::compute(gram, size, options);
    return factor ? "" : llvm::toString(factor.takeError());
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message({1.0, nan, 0.0, 1.0}, 2),
            "expected a Gram matrix that is finite and has no negative diagonal element, found nan "
            "at [0, 1]");
  EXPECT_EQ(message({1.0, 0.0, 0.0, -1.0}, 2),
            "expected a Gram matrix that is finite and has no negative diagonal element, found -1 "
            "at [1, 1]");
  EXPECT_EQ(message({1.0, 0.0}, 2), "expected a Gram matrix of 2 x 2, found 2 elements");
  EXPECT_EQ(message({1.0}, 1, -0.5), "expected a damping that is not negative, found -0.5");
}

} // namespace

//===- MatrixProductTest.cpp ------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products against chains of fused multiply-adds, factors against what they are factors of.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/MatrixProduct.h"

#include "RandomMatrix.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

/// A matrix that owns its elements, with unused ones at the end of each row.
struct Dense {
  Dense(int64_t rows, int64_t columns, uint32_t seed) : rows(rows), columns(columns) {
    Normal normal(seed);
    for (int64_t i = 0; i < rows * (columns + 3); ++i) {
      elements.push_back(normal());
    }
  }
  Matrix view() { return {elements.data(), rows, columns, columns + 3}; }
  double &operator()(int64_t row, int64_t column) { return view()(row, column); }

  int64_t rows, columns;
  std::vector<double> elements;
};

bool hasFusedMultiplyAdd() {
#ifdef __x86_64__
  return __builtin_cpu_supports("fma");
#else
  return true;
#endif
}

TEST(MatrixProduct, elements_are_chains_of_fused_multiply_adds) {
  const int64_t sizes[][3] = {{1, 1, 1},    {8, 24, 5},     {7, 23, 300},    {9, 25, 193},
                              {100, 50, 1}, {33, 400, 192}, {200, 391, 401}, {3, 4, 0}};
  for (auto [rows, columns, inner] : sizes) {
    for (double factor : {1.0, -1.0}) {
      for (bool transposed : {false, true}) {
        SCOPED_TRACE(std::to_string(rows) + "x" + std::to_string(columns) + "x" +
                     std::to_string(inner));
        Dense a(transposed ? inner : rows, transposed ? rows : inner, 1);
        Dense b(inner, columns, 2);
        Dense c(rows, columns, 3);
        Dense expected = c;
        ConstMatrix left = a.view();
        left = transposed ? left.transposed() : left;
        addProduct(c.view(), left, b.view(), factor);
        for (int64_t i = 0; i < rows; ++i) {
          for (int64_t j = 0; j < columns; ++j) {
            double sum = expected(i, j);
            for (int64_t l = 0; l < inner; ++l) {
              sum = std::fma(factor * left(i, l), b(l, j), sum);
            }
            if (hasFusedMultiplyAdd()) {
              ASSERT_EQ(c(i, j), sum) << i << ", " << j;
            } else {
              ASSERT_NEAR(c(i, j), sum, 1e-11) << i << ", " << j;
            }
            expected(i, j) = c(i, j);
          }
        }
        EXPECT_EQ(c.elements, expected.elements) << "wrote outside of the matrix";
      }
    }
  }
}

TEST(MatrixProduct, triangles_and_threads_have_the_same_bits) {
  Dense a(300, 700, 1);
  Dense whole(700, 700, 2);
  Dense triangle = whole;
  Dense threaded = whole;
  ConstMatrix left = ConstMatrix(a.view()).transposed();
  addProduct(whole.view(), left, a.view(), -1.0);
  addProduct(threaded.view(), left, a.view(), -1.0, MatrixPart::All, 7);
  addProduct(triangle.view(), left, a.view(), -1.0, MatrixPart::UpperTriangle, 3);
  EXPECT_EQ(whole.elements, threaded.elements);
  for (int64_t i = 0; i < 700; ++i) {
    for (int64_t j = i; j < 700; ++j) {
      ASSERT_EQ(whole(i, j), triangle(i, j)) << i << ", " << j;
    }
  }
}

/// A symmetric matrix of which only the upper triangle is given.
Dense upperGram(int64_t order, uint32_t seed) {
  std::vector<double> gram = randomGram(order, order + 10, seed);
  Dense result(order, order, 9);
  for (int64_t i = 0; i < order; ++i) {
    for (int64_t j = 0; j < order; ++j) {
      result(i, j) = i <= j ? gram[i * order + j] + (i == j ? 0.01 : 0.0)
                            : std::numeric_limits<double>::quiet_NaN();
    }
  }
  return result;
}

TEST(MatrixProduct, cholesky_factors_multiply_to_their_matrix) {
  for (int64_t order : {1, 2, 31, 32, 33, 64, 100, 257}) {
    SCOPED_TRACE(order);
    Dense matrix = upperGram(order, 5);
    Dense factor = matrix;
    ASSERT_TRUE(factorizeCholesky(factor.view(), 0.0, 1));
    for (int64_t i = 0; i < order; ++i) {
      EXPECT_GT(factor(i, i), 0.0);
      for (int64_t j = i; j < order; ++j) {
        double sum = 0.0;
        for (int64_t l = 0; l <= i; ++l) {
          sum += factor(l, i) * factor(l, j);
        }
        ASSERT_NEAR(sum, matrix(i, j), 1e-12 * std::sqrt(matrix(i, i) * matrix(j, j)));
      }
    }
  }
}

TEST(MatrixProduct, triangles_times_their_inverses_are_the_identity) {
  for (int64_t order : {1, 2, 31, 32, 33, 64, 100, 257}) {
    SCOPED_TRACE(order);
    Dense factor = upperGram(order, 6);
    ASSERT_TRUE(factorizeCholesky(factor.view(), 0.0, 1));
    Dense inverse = factor;
    invertUpperTriangle(inverse.view(), 1);
    for (int64_t i = 0; i < order; ++i) {
      for (int64_t j = i; j < order; ++j) {
        double sum = 0.0;
        double magnitude = 1.0;
        for (int64_t l = i; l <= j; ++l) {
          sum += factor(i, l) * inverse(l, j);
          magnitude += std::fabs(factor(i, l) * inverse(l, j));
        }
        ASSERT_NEAR(sum, i == j ? 1.0 : 0.0, 1e-12 * magnitude) << i << ", " << j;
      }
    }
  }
}

TEST(MatrixProduct, factors_have_the_same_bits_on_threads) {
  Dense one = upperGram(700, 7);
  Dense many = one;
  ASSERT_TRUE(factorizeCholesky(one.view(), 0.0, 1));
  ASSERT_TRUE(factorizeCholesky(many.view(), 0.0, 5));
  invertUpperTriangle(one.view(), 1);
  invertUpperTriangle(many.view(), 5);
  for (int64_t i = 0; i < 700; ++i) {
    for (int64_t j = i; j < 700; ++j) {
      ASSERT_EQ(one(i, j), many(i, j)) << i << ", " << j;
    }
  }
}

TEST(MatrixProduct, what_is_not_positive_definite_has_no_factor) {
  for (int64_t order : {3, 70}) {
    Dense matrix = upperGram(order, 8);
    for (double pivot : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(),
                         std::numeric_limits<double>::infinity()}) {
      Dense broken = matrix;
      broken(order - 1, order - 1) = pivot;
      EXPECT_FALSE(factorizeCholesky(broken.view(), 0.0, 1)) << pivot;
    }
    Dense tiny = matrix;
    tiny(0, 0) = 1e-9;
    EXPECT_FALSE(factorizeCholesky(tiny.view(), 1e-9, 1));
  }
}

} // namespace

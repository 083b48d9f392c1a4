//===- HadamardTransformTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fast transform against the matrix, entry by entry.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/HadamardTransform.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench::numerics;

namespace {

HadamardTransform getTransform(int64_t order) {
  llvm::Expected<HadamardMatrix> matrix = HadamardMatrix::create(order, HadamardFallback::Hartley);
  EXPECT_TRUE(static_cast<bool>(matrix)) << llvm::toString(matrix.takeError());
  return HadamardTransform(*matrix);
}

std::vector<double> someNumbers(int64_t count) {
  std::vector<double> result(count);
  for (int64_t i = 0; i < count; ++i) {
    result[i] = std::sin(1.0 + 0.7 * i) * (i % 5 + 1);
  }
  return result;
}

/// x Q or x Qᵀ from the definition.
std::vector<double> multiply(const HadamardMatrix &matrix, const double *x, bool transposed) {
  const int64_t order = matrix.order(), m = matrix.sylvesterOrder();
  std::vector<double> result(order, 0.0);
  for (int64_t i = 0; i < order; ++i) {
    for (int64_t j = 0; j < order; ++j) {
      const double core =
          transposed ? matrix.coreEntry(j / m, i / m) : matrix.coreEntry(i / m, j / m);
      const bool odd = __builtin_popcountll((i % m) & (j % m)) % 2;
      result[j] += x[i] * core * (odd ? -1.0 : 1.0);
    }
  }
  for (double &value : result) {
    value *= matrix.normalization();
  }
  return result;
}

// Powers of two below and above a vector and the cache; cores on narrow and wide parts, with one
// and several batches of groups; Hartley's kernel.
const int64_t orders[] = {1,  2,   4,   8,   16,  32, 64, 256,     4096, 12, 20,  24,  36,  48,
                          96, 192, 768, 368, 344, 6,  5,  107 * 8, 40,   80, 160, 560, 180, 720};

TEST(HadamardTransform, agrees_with_the_matrix) {
  for (int64_t order : orders) {
    HadamardTransform transform = getTransform(order);
    for (bool transposed : {false, true}) {
      const int64_t stride = order + 3;
      std::vector<double> rows = someNumbers(3 * stride);
      std::vector<float> narrow(rows.begin(), rows.end());
      const std::vector<double> before = rows;
      transform.apply(rows.data(), 3, stride, transposed);
      transform.apply(narrow.data(), 3, stride, transposed);
      for (int64_t row = 0; row < 3; ++row) {
        std::vector<double> expected =
            multiply(transform.matrix(), &before[row * stride], transposed);
        for (int64_t i = 0; i < order; ++i) {
          ASSERT_NEAR(rows[row * stride + i], expected[i], 1e-12) << order << ", " << i;
          ASSERT_NEAR(narrow[row * stride + i], expected[i], 4e-5) << order << ", " << i;
        }
        for (int64_t i = order; i < stride; ++i) {
          ASSERT_EQ(rows[row * stride + i], before[row * stride + i]) << "beyond the row";
        }
      }
    }
  }
}

TEST(HadamardTransform, the_transpose_is_the_inverse) {
  for (int64_t order : {4096, 16384, 65536, 11008, 14336, 13696, 29568}) {
    HadamardTransform transform = getTransform(order);
    std::vector<double> row = someNumbers(order);
    const std::vector<double> before = row;
    transform.apply(row.data(), 1, order, false);
    double change = 0.0;
    for (int64_t i = 0; i < order; ++i) {
      change = std::max(change, std::abs(row[i] - before[i]));
    }
    EXPECT_GT(change, 1.0) << order;
    transform.apply(row.data(), 1, order, true);
    for (int64_t i = 0; i < order; ++i) {
      ASSERT_NEAR(row[i], before[i], 1e-12) << order;
    }
  }
}

TEST(HadamardTransform, blocks_mix_within_blocks_only) {
  llvm::Expected<HadamardMatrix> matrix = HadamardMatrix::create(12, HadamardFallback::Blocks);
  ASSERT_TRUE(static_cast<bool>(matrix));
  EXPECT_EQ(matrix->construction(), HadamardConstruction::PaleyOne);
  matrix = HadamardMatrix::create(6, HadamardFallback::Blocks);
  ASSERT_TRUE(static_cast<bool>(matrix));
  std::vector<double> row = {1, 0, 0, 2, 0, 0};
  HadamardTransform(*matrix).apply(row.data(), 1, 6, false);
  const double half = std::sqrt(0.5);
  const std::vector<double> expected = {half, half, 2 * half, -2 * half, 0, 0};
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(row[i], expected[i], 1e-15);
  }
}

} // namespace

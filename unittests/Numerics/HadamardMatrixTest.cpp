//===- HadamardMatrixTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every order up to 256, by exact integer products; the sizes of real models; what is refused.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/HadamardMatrix.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench::numerics;

namespace {

HadamardMatrix getMatrix(int64_t order, HadamardFallback fallback = HadamardFallback::None) {
  llvm::Expected<HadamardMatrix> matrix = HadamardMatrix::create(order, fallback);
  EXPECT_TRUE(static_cast<bool>(matrix)) << llvm::toString(matrix.takeError());
  return *matrix;
}

std::string messageFor(int64_t order) {
  return llvm::toString(HadamardMatrix::create(order).takeError());
}

/// Entry of Sylvester's matrix.
int sylvester(int64_t row, int64_t column) {
  return __builtin_popcountll(row & column) % 2 ? -1 : 1;
}

/// All entries of the Kronecker product.
std::vector<int> expand(const HadamardMatrix &matrix) {
  const int64_t order = matrix.order(), m = matrix.sylvesterOrder(), k = matrix.coreOrder();
  std::vector<int> result(order * order);
  for (int64_t row = 0; row < order; ++row) {
    for (int64_t column = 0; column < order; ++column) {
      result[row * order + column] =
          matrix.coreSigns()[row / m * k + column / m] * sylvester(row % m, column % m);
    }
  }
  return result;
}

bool isHadamard(const std::vector<int> &entries, int64_t order) {
  for (int64_t row = 0; row < order; ++row) {
    for (int64_t other = 0; other < order; ++other) {
      int64_t sum = 0;
      for (int64_t i = 0; i < order; ++i) {
        const int a = entries[row * order + i], b = entries[other * order + i];
        if (a * a != 1) {
          return false;
        }
        sum += a * b;
      }
      if (sum != (row == other ? order : 0)) {
        return false;
      }
    }
  }
  return true;
}

TEST(HadamardMatrix, every_order_up_to_256_is_exact_except_two) {
  for (int64_t order = 4; order <= 256; order += 4) {
    if (order == 188 || order == 236) {
      EXPECT_EQ(messageFor(order), "no construction of a Hadamard matrix of order " +
                                       std::to_string(order) + " is known here");
      continue;
    }
    EXPECT_TRUE(isHadamard(expand(getMatrix(order)), order)) << order;
  }
  EXPECT_TRUE(isHadamard(expand(getMatrix(1)), 1));
  EXPECT_TRUE(isHadamard(expand(getMatrix(2)), 2));
}

TEST(HadamardMatrix, searched_sequences_and_products_are_exact) {
  for (int64_t order : {292, 476, 924, 1104}) {
    EXPECT_TRUE(isHadamard(expand(getMatrix(order)), order)) << order;
  }
}

TEST(HadamardMatrix, order_768_is_the_published_one) {
  HadamardMatrix matrix = getMatrix(768);
  EXPECT_EQ(matrix.coreOrder(), 12);
  EXPECT_EQ(matrix.sylvesterOrder(), 64);
  EXPECT_EQ(matrix.description(), "Paley I over GF(11), order 12, times Sylvester's of order 64");
  EXPECT_FALSE(matrix.isSymmetric());
  const bool squares[11] = {false, true, false, true, true, true, false, false, false, true, false};
  for (int64_t row = 0; row < 12; ++row) {
    for (int64_t column = 0; column < 12; ++column) {
      int expected = squares[(row - column + 11) % 11] ? 1 : -1;
      if (row == column || row == 0) {
        expected = 1;
      } else if (column == 0) {
        expected = -1;
      }
      EXPECT_EQ(matrix.coreSigns()[row * 12 + column], expected) << row << ", " << column;
    }
  }
}

TEST(HadamardMatrix, powers_of_two_are_sylvesters) {
  for (int64_t order : {1, 2, 256, 65536}) {
    HadamardMatrix matrix = getMatrix(order);
    EXPECT_EQ(matrix.construction(), HadamardConstruction::Sylvester);
    EXPECT_EQ(matrix.sylvesterOrder(), order);
    EXPECT_TRUE(matrix.isSymmetric());
  }
}

TEST(HadamardMatrix, sizes_of_real_models_have_small_cores) {
  const std::pair<int64_t, int64_t> sizes[] = {
      {11008, 172}, {13824, 108}, {14336, 28}, {28672, 28}, {18944, 148}, {4864, 76},   {8960, 140},
      {27648, 108}, {29568, 924}, {3072, 12},  {9728, 76},  {17408, 68},  {25600, 100}, {2304, 36},
      {17920, 140}, {7168, 28},   {18432, 36}, {6656, 52},  {22016, 172}, {4544, 284},  {768, 12},
      {5632, 44},   {576, 36},    {960, 60},   {5760, 180}, {3584, 28}};
  for (auto [order, core] : sizes) {
    HadamardMatrix matrix = getMatrix(order);
    EXPECT_EQ(matrix.coreOrder(), core) << order;
    EXPECT_EQ(matrix.order(), order);
    EXPECT_TRUE(isHadamard({matrix.coreSigns().begin(), matrix.coreSigns().end()}, core)) << order;
  }
}

TEST(HadamardMatrix, an_order_without_construction_falls_back) {
  EXPECT_EQ(messageFor(13696), "no construction of a Hadamard matrix of order 13696 is known here");
  HadamardMatrix hartley = getMatrix(13696, HadamardFallback::Hartley);
  EXPECT_EQ(hartley.description(), "Hartley kernel, order 107, times Sylvester's of order 128");
  EXPECT_TRUE(hartley.isSymmetric());
  for (int64_t row = 0; row < 107; row += 53) {
    for (int64_t other = 0; other < 107; ++other) {
      double sum = 0.0;
      for (int64_t i = 0; i < 107; ++i) {
        sum += hartley.coreEntry(row, i) * hartley.coreEntry(other, i);
        EXPECT_LE(std::abs(hartley.coreEntry(row, i)), std::sqrt(2.0) + 1e-15);
      }
      EXPECT_NEAR(sum, row == other ? 107.0 : 0.0, 1e-12);
    }
  }
  HadamardMatrix blocks = getMatrix(13696, HadamardFallback::Blocks);
  EXPECT_EQ(blocks.description(), "identity, order 107, times Sylvester's of order 128");
  EXPECT_EQ(blocks.normalization(), 1.0 / std::sqrt(128.0));
}

TEST(HadamardMatrix, a_fallback_is_not_taken_without_need) {
  EXPECT_EQ(getMatrix(768, HadamardFallback::Hartley).construction(),
            HadamardConstruction::PaleyOne);
}

TEST(HadamardMatrix, hartleys_kernel_can_be_asked_for) {
  llvm::Expected<HadamardMatrix> matrix = HadamardMatrix::createHartley(12);
  ASSERT_TRUE(static_cast<bool>(matrix)) << llvm::toString(matrix.takeError());
  EXPECT_EQ(matrix->description(), "Hartley kernel, order 3, times Sylvester's of order 4");
  EXPECT_TRUE(matrix->isSymmetric());
  matrix = HadamardMatrix::createHartley(64);
  ASSERT_TRUE(static_cast<bool>(matrix)) << llvm::toString(matrix.takeError());
  EXPECT_EQ(matrix->construction(), HadamardConstruction::Sylvester);
  EXPECT_EQ(llvm::toString(HadamardMatrix::createHartley(0).takeError()),
            "expected a positive order of a Hadamard matrix, found 0");
  EXPECT_EQ(llvm::toString(HadamardMatrix::createHartley(16390).takeError()),
            "expected an order whose odd part is at most 8192, found 16390");
}

TEST(HadamardMatrix, negative_orders) {
  EXPECT_EQ(messageFor(6), "no Hadamard matrix of order 6 exists: it is no multiple of 4");
  EXPECT_EQ(messageFor(0), "expected a positive order of a Hadamard matrix, found 0");
  EXPECT_EQ(messageFor(-4), "expected a positive order of a Hadamard matrix, found -4");
  // The largest 64-bit number is odd; nothing is allocated before that is seen.
  EXPECT_EQ(messageFor(INT64_MAX),
            "no Hadamard matrix of order 9223372036854775807 exists: it is no multiple of 4");
}

} // namespace

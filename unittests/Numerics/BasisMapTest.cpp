//===- BasisMapTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each kind against its matrix, the four uses of each, what is refused and what cancels.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BasisMap.h"
#include "quench/Numerics/RandomSigns.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench::numerics;

using Matrix = std::vector<double>;

namespace {

template <typename T> T unwrap(llvm::Expected<T> value) {
  EXPECT_TRUE(static_cast<bool>(value)) << llvm::toString(value.takeError());
  return std::move(*value);
}

template <typename T> std::string messageOf(llvm::Expected<T> value) {
  return llvm::toString(value.takeError());
}

BasisMap diagonal(std::vector<double> entries) { return unwrap(BasisMap::diagonal(entries)); }
BasisMap permutation(std::vector<int64_t> sources) {
  return unwrap(BasisMap::permutation(sources));
}
BasisMap hadamard(int64_t order) { return unwrap(BasisMap::hadamard(order)); }
BasisMap hadamard(int64_t order, uint64_t seed) { return unwrap(BasisMap::hadamard(order, seed)); }
BasisMap repeat(BasisMap block, int64_t copies) { return unwrap(BasisMap::repeat(block, copies)); }
BasisMap composed(std::vector<BasisMap::Factor> factors) {
  return unwrap(BasisMap::composed(factors));
}
Matrix dense(const BasisMap &map, MapFlags flags = {}) { return unwrap(map.toDense(flags)); }

constexpr MapFlags inverse = {true, false};
constexpr MapFlags transposed = {false, true};
constexpr MapFlags contragredient = {true, true};

/// A rotation of three dimensions.
BasisMap rotation() {
  const double third = 1.0 / 3.0, two = 2.0 / 3.0;
  return unwrap(BasisMap::orthogonal({two, -third, two, two, two, -third, -third, two, two}));
}

Matrix multiply(const Matrix &a, const Matrix &b, int64_t n) {
  Matrix product(n * n, 0.0);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t j = 0; j < n; ++j) {
        product[i * n + j] += a[i * n + k] * b[k * n + j];
      }
    }
  }
  return product;
}

Matrix transpose(const Matrix &a, int64_t n) {
  Matrix result(n * n);
  for (int64_t i = 0; i < n * n; ++i) {
    result[i % n * n + i / n] = a[i];
  }
  return result;
}

void expectNear(const Matrix &actual, const Matrix &expected, double bound = 1e-13) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], bound) << i;
  }
}

TEST(BasisMap, a_diagonal_scales_elements) {
  EXPECT_EQ(dense(diagonal({2.0, -0.5})), (Matrix{2.0, 0.0, 0.0, -0.5}));
  EXPECT_FALSE(diagonal({2.0, -0.5}).isOrthogonal());
  EXPECT_TRUE(diagonal({1.0, -1.0}).isOrthogonal());
}

TEST(BasisMap, a_permutation_names_the_sources) {
  Matrix row = {10.0, 20.0, 30.0};
  ASSERT_FALSE(permutation({2, 0, 1}).apply(row));
  EXPECT_EQ(row, (Matrix{30.0, 10.0, 20.0}));
  EXPECT_TRUE(permutation({2, 0, 1}).isOrthogonal());
  EXPECT_FALSE(permutation({2, 0, 1}).isSymmetric());
  EXPECT_TRUE(permutation({1, 0, 2}).isSymmetric());
}

TEST(BasisMap, a_seeded_hadamard_map_has_signs_in_front) {
  const double r = std::sqrt(0.5);
  expectNear(dense(hadamard(2)), {r, r, r, -r});
  const Matrix plain = dense(hadamard(12));
  const std::vector<double> signs = randomSigns(7, 256, 12);
  const Matrix random = dense(unwrap(BasisMap::hadamard(12, 7, 256)));
  for (int64_t i = 0; i < 144; ++i) {
    EXPECT_EQ(random[i], signs[i / 12] * plain[i]);
  }
  EXPECT_TRUE(hadamard(2).isSymmetric());
  EXPECT_FALSE(hadamard(2, 0).isSymmetric());
}

TEST(BasisMap, blocks_follow_each_other) {
  const BasisMap listed =
      unwrap(BasisMap::blockDiagonal({diagonal({3.0}), permutation({1, 0}), diagonal({5.0})}));
  EXPECT_EQ(listed.dimension(), 4);
  EXPECT_EQ(dense(listed), (Matrix{3, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 5}));
  EXPECT_EQ(dense(repeat(diagonal({2.0, 3.0}), 2)),
            (Matrix{2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3}));
}

TEST(BasisMap, the_first_factor_meets_the_row_first) {
  const BasisMap map = composed({{diagonal({2.0, 3.0})}, {permutation({1, 0})}});
  Matrix row = {1.0, 10.0};
  ASSERT_FALSE(map.apply(row));
  EXPECT_EQ(row, (Matrix{30.0, 2.0}));
}

/// One of each kind, and nested ones.
std::vector<BasisMap> examples() {
  const BasisMap scale = diagonal({0.5, 4.0, -2.0, 8.0, 1.0, 3.0});
  const BasisMap shuffle = permutation({5, 3, 0, 1, 2, 4});
  const BasisMap blocks = repeat(rotation(), 2);
  const BasisMap listed = unwrap(BasisMap::blockDiagonal({hadamard(4, 1), diagonal({2.0, 4.0})}));
  return {scale,
          shuffle,
          blocks,
          listed,
          hadamard(20),
          unwrap(BasisMap::hadamard(6, 3, 0, HadamardFallback::Hartley)),
          composed({{scale}, {shuffle, inverse}, {blocks, transposed}, {listed}}),
          repeat(composed({{listed, contragredient}, {shuffle}}), 3)};
}

TEST(BasisMap, flags_mean_inverse_and_transpose) {
  for (const BasisMap &map : examples()) {
    const int64_t n = map.dimension();
    const Matrix plain = dense(map);
    expectNear(dense(map, transposed), transpose(plain, n));
    expectNear(multiply(plain, dense(map, inverse), n), dense(BasisMap::identity(n)));
    expectNear(multiply(transpose(plain, n), dense(map, contragredient), n),
               dense(BasisMap::identity(n)));
    if (map.isOrthogonal()) {
      expectNear(dense(map, inverse), dense(map, transposed));
    }
    if (map.isSymmetric()) {
      expectNear(dense(map, transposed), plain);
    }
  }
}

TEST(BasisMap, works_on_many_rows_and_on_inner_axes) {
  for (const BasisMap &map : examples()) {
    const int64_t n = map.dimension(), outer = 3, inner = 37;
    Matrix values(outer * n * inner);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = std::sin(0.3 * i);
    }
    Matrix along = values;
    ASSERT_FALSE(map.applyAlong(along, inner));
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        Matrix row(n);
        for (int64_t j = 0; j < n; ++j) {
          row[j] = values[(o * n + j) * inner + i];
        }
        ASSERT_FALSE(map.apply(row));
        for (int64_t j = 0; j < n; ++j) {
          EXPECT_NEAR(along[(o * n + j) * inner + i], row[j], 1e-13);
        }
      }
    }
    Matrix rows = values;
    ASSERT_FALSE(map.apply(rows));
    const Matrix matrix = dense(map);
    for (int64_t row = 0; row < outer * inner; row += 17) {
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; ++i) {
          sum += values[row * n + i] * matrix[i * n + j];
        }
        EXPECT_NEAR(rows[row * n + j], sum, 1e-12);
      }
    }
  }
}

TEST(BasisMap, simplified_maps_are_equal) {
  for (const BasisMap &map : examples()) {
    expectNear(dense(map.simplified()), dense(map));
    for (MapFlags flags : {MapFlags(), inverse, transposed, contragredient}) {
      const BasisMap twice = composed({{map, flags}, {map, inverse}, {map}, {map, flags}});
      expectNear(dense(twice.simplified()), dense(twice), 1e-10);
      EXPECT_TRUE(
          composed({{map, flags}, {map, combine(flags, inverse)}}).simplified().isIdentity());
    }
  }
}

TEST(BasisMap, neighbours_merge) {
  const BasisMap scale = diagonal({2.0, 4.0});
  const BasisMap swap = permutation({1, 0});
  EXPECT_EQ(composed({{scale}, {scale}}).simplified(), diagonal({4.0, 16.0}));
  EXPECT_EQ(composed({{composed({{scale}, {swap}})}, {swap}, {scale}}).simplified(),
            diagonal({4.0, 16.0}));
  EXPECT_EQ(composed({{permutation({1, 2, 0})}, {permutation({1, 2, 0})}}).simplified(),
            permutation({2, 0, 1}));
  EXPECT_EQ(composed({{hadamard(4)}, {hadamard(4)}, {diagonal({1, 2, 3, 4})}}).simplified(),
            diagonal({1, 2, 3, 4}));
  EXPECT_EQ(repeat(repeat(hadamard(2), 3), 2).simplified(), repeat(hadamard(2), 6));
  EXPECT_EQ(composed({{repeat(hadamard(4, 1), 2)}, {repeat(hadamard(4, 2), 2)}}).simplified(),
            repeat(composed({{hadamard(4, 1)}, {hadamard(4, 2)}}), 2));
  EXPECT_NE(hadamard(4, 1), hadamard(4, 2));
  EXPECT_EQ(hadamard(4, 1), hadamard(4, 1));
}

TEST(BasisMap, negative_a_singular_diagonal_is_inverted) {
  const BasisMap map = diagonal({1.0, 0.0, 2.0});
  Matrix row = {1.0, 2.0, 3.0};
  EXPECT_EQ(llvm::toString(map.apply(row, inverse)),
            "cannot invert a diagonal map: entry 1 of 3 is 0");
  EXPECT_EQ(row, (Matrix{1.0, 2.0, 3.0})) << "rows stay as they were";
  const BasisMap later = composed({{permutation({2, 1, 0})}, {repeat(map, 1), inverse}});
  EXPECT_EQ(llvm::toString(later.apply(row)), "cannot invert a diagonal map: entry 1 of 3 is 0");
  EXPECT_EQ(row, (Matrix{1.0, 2.0, 3.0}));
  EXPECT_FALSE(later.apply(row, inverse)) << "the inverse of an inverse divides by nothing";
  // Formal inverses cancel.
  EXPECT_TRUE(composed({{map, inverse}, {map}}).simplified().isIdentity());
  const BasisMap kept = composed({{diagonal({1.0, 2.0, 3.0})}, {map, inverse}}).simplified();
  EXPECT_EQ(kept.kind(), BasisMap::Kind::Composed);
}

TEST(BasisMap, negative_constructions) {
  EXPECT_EQ(messageOf(BasisMap::diagonal({})), "expected a diagonal map of at least one entry");
  EXPECT_EQ(messageOf(BasisMap::diagonal({1.0, NAN})),
            "expected finite entries of a diagonal map, found nan at 1");
  EXPECT_EQ(messageOf(BasisMap::permutation({0, 0})),
            "expected each index below 2 once in a permutation, found 0 again at 1");
  EXPECT_EQ(messageOf(BasisMap::permutation({0, 2})),
            "expected each index below 2 once in a permutation, found 2 out of range at 1");
  EXPECT_EQ(messageOf(BasisMap::orthogonal({1.0, 0.0})),
            "expected a square matrix, found 2 entries");
  EXPECT_EQ(messageOf(BasisMap::orthogonal({1.0, 0.0, 0.0, 2.0})),
            "expected an orthogonal matrix, found a product with its transpose that differs from "
            "the identity by 3");
  EXPECT_EQ(messageOf(BasisMap::orthogonal({1.0, NAN, 0.0, 1.0})),
            "expected an orthogonal matrix, found a product with its transpose that differs from "
            "the identity by nan");
  EXPECT_EQ(messageOf(BasisMap::hadamard(6)),
            "no Hadamard matrix of order 6 exists: it is no multiple of 4");
  EXPECT_EQ(messageOf(BasisMap::repeat(hadamard(2), 0)),
            "expected at least one copy of a block, found 0");
  EXPECT_EQ(messageOf(BasisMap::composed({{hadamard(2)}, {hadamard(4)}})),
            "expected factors of dimension 2, found one of 4");
  Matrix five(5);
  EXPECT_EQ(llvm::toString(hadamard(2).apply(five)),
            "expected a multiple of 2 numbers for a map of that dimension with 1 numbers inside, "
            "found 5");
}

} // namespace

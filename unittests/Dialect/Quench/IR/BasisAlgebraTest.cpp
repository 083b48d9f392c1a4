//===- BasisAlgebraTest.cpp - Composing and cancelling maps ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the algebra does to structures is compared with what it means for matrices that are written
// out. Maps are drawn at random, from a generator of their own, so failures come back.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"

#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace quench;

namespace {

using Matrix = std::vector<double>;

class BasisAlgebraTest : public ::testing::Test {
protected:
  BasisAlgebraTest() { context.loadDialect<QuenchDialect>(); }

  int64_t draw(int64_t bound) { return static_cast<int64_t>(random() % bound); }

  MapUse diagonal(int64_t size) {
    std::vector<double> entries;
    for (int64_t i = 0; i < size; ++i) {
      entries.push_back((draw(2) == 0 ? -1.0 : 1.0) * static_cast<double>(1 + draw(8)) / 4.0);
    }
    return diagonalOf(&context, entries);
  }

  MapUse permutation(int64_t size) {
    SmallVector<int64_t> sources = llvm::to_vector(llvm::seq<int64_t>(0, size));
    std::shuffle(sources.begin(), sources.end(), random);
    return {PermutationAttr::get(&context, DenseI64ArrayAttr::get(&context, sources))};
  }

  MapUse hadamard(int64_t size) {
    if (draw(2) == 0) {
      return {HadamardAttr::get(&context, size)};
    }
    return {HadamardAttr::get(&context, size, draw(2), draw(2))};
  }

  /// A map of `size`, a multiple of 4, with random flags.
  MapUse anyMap(int64_t size, int depth = 2) {
    MapUse use;
    switch (draw(depth > 0 ? 6 : 3)) {
    case 0:
      use = diagonal(size);
      break;
    case 1:
      use = permutation(size);
      break;
    case 2:
      use = hadamard(size);
      break;
    case 3:
      use.map = ComposedAttr::get(&context,
                                  ArrayRef<MapUse>{known(size, depth - 1), known(size, depth - 1)});
      break;
    case 4:
      if (size % 8 == 0) {
        use.map = BlockDiagonalAttr::get(&context, {known(size / 2, depth - 1).map}, 2);
        break;
      }
      [[fallthrough]];
    default:
      use.map = BlockDiagonalAttr::get(
          &context,
          {known(4, depth - 1).map, size > 4 ? known(size - 4, depth - 1).map : known(4, 0).map},
          1);
      if (use.map.getDimension() != size) {
        use = hadamard(size);
      }
    }
    use.inverse = draw(2) == 0;
    use.transposed = draw(2) == 0;
    return use;
  }

  /// One that is not the identity.
  MapUse known(int64_t size, int depth) {
    while (true) {
      if (MapUse use = anyMap(size, depth); use.map) {
        return use;
      }
    }
  }

  static Matrix identity(int64_t size) {
    Matrix matrix(size * size, 0.0);
    for (int64_t i = 0; i < size; ++i) {
      matrix[i * size + i] = 1.0;
    }
    return matrix;
  }

  static Matrix dense(MapUse use, int64_t size) {
    if (use.isIdentity()) {
      return identity(size);
    }
    EXPECT_EQ(use.map.getDimension(), size);
    return llvm::cantFail(
        llvm::cantFail(use.map.getNumericsMap()).toDense({use.inverse, use.transposed}));
  }

  static Matrix product(const Matrix &lhs, const Matrix &rhs, int64_t size) {
    Matrix result(size * size, 0.0);
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        for (int64_t k = 0; k < size; ++k) {
          result[i * size + j] += lhs[i * size + k] * rhs[k * size + j];
        }
      }
    }
    return result;
  }

  static void expectNear(const Matrix &lhs, const Matrix &rhs, const std::string &what) {
    ASSERT_EQ(lhs.size(), rhs.size()) << what;
    for (size_t i = 0; i < lhs.size(); ++i) {
      ASSERT_NEAR(lhs[i], rhs[i], 1e-9 * (1.0 + std::abs(rhs[i]))) << what << " at " << i;
    }
  }

  static std::string text(MapUse use) {
    std::string result = use.inverse ? "inverse " : "";
    llvm::raw_string_ostream(result) << (use.transposed ? "transposed " : "") << Attribute(use.map);
    return result;
  }

  MLIRContext context;
  std::mt19937 random{1};
};

TEST_F(BasisAlgebraTest, normalFormsMeanTheSame) {
  for (int i = 0; i < 300; ++i) {
    MapUse use = anyMap(4 * (1 + draw(4)));
    int64_t size = use.isIdentity() ? 4 : use.map.getDimension();
    MapUse normal = normalize(use);
    expectNear(dense(normal, size), dense(use, size), text(use));
    EXPECT_EQ(normalize(normal), normal) << text(use);
  }
}

TEST_F(BasisAlgebraTest, compositionIsTheProduct) {
  for (int i = 0; i < 300; ++i) {
    int64_t size = 4 * (1 + draw(3));
    MapUse first = anyMap(size), second = anyMap(size);
    expectNear(dense(compose(first, second), size),
               product(dense(first, size), dense(second, size), size),
               text(first) + " then " + text(second));
  }
}

TEST_F(BasisAlgebraTest, inversesCancel) {
  for (int i = 0; i < 300; ++i) {
    MapUse use = known(4 * (1 + draw(3)), 2);
    EXPECT_TRUE(compose(use, invert(use)).isIdentity()) << text(use);
    EXPECT_TRUE(compose(invert(use), use).isIdentity()) << text(use);
    EXPECT_EQ(transpose(transpose(use)), normalize(use)) << text(use);
    EXPECT_EQ(invert(transpose(use)), contragredient(use)) << text(use);
  }
}

TEST_F(BasisAlgebraTest, repetitionIsAKroneckerProduct) {
  for (int i = 0; i < 200; ++i) {
    int64_t size = 4 * (1 + draw(2)), copies = 1 + draw(3), all = size * copies;
    MapUse use = anyMap(size);
    Matrix block = dense(use, size), expected(all * all, 0.0);
    for (int64_t j = 0; j < all * size; ++j) {
      int64_t row = j / size;
      expected[row * all + row / size * size + j % size] = block[row % size * size + j % size];
    }
    MapUse repeated = repeat(use, copies);
    expectNear(dense(repeated, all), expected, text(use));
    // And apart again.
    std::optional<SmallVector<MapUse>> parts = split(repeated, copies);
    ASSERT_TRUE(parts.has_value()) << text(repeated);
    for (const MapUse &part : *parts) {
      EXPECT_EQ(part, normalize(use)) << text(use);
    }
  }
}

TEST_F(BasisAlgebraTest, joinedBlocksComeApart) {
  for (int i = 0; i < 200; ++i) {
    SmallVector<MapUse> blocks;
    for (int64_t j = 0; j < 3; ++j) {
      blocks.push_back(draw(4) == 0 ? MapUse() : normalize(anyMap(4, 1)));
    }
    MapUse joined = join(&context, blocks, 4);
    std::optional<SmallVector<MapUse>> parts = split(joined, 3);
    ASSERT_TRUE(parts.has_value()) << text(joined);
    Matrix whole = dense(joined, 12);
    for (int64_t j = 0; j < 3; ++j) {
      expectNear(dense((*parts)[j], 4), dense(blocks[j], 4), text(joined));
      Matrix corner;
      for (int64_t row = 4 * j; row < 4 * j + 4; ++row) {
        corner.insert(corner.end(), &whole[row * 12 + 4 * j], &whole[row * 12 + 4 * j] + 4);
      }
      expectNear(corner, dense(blocks[j], 4), text(joined));
    }
  }
}

TEST_F(BasisAlgebraTest, spreadIsAKroneckerProductFromTheRight) {
  for (int i = 0; i < 100; ++i) {
    MapUse use = compose(diagonal(4), permutation(4));
    std::optional<MapUse> wide = spread(use, 3);
    ASSERT_TRUE(wide.has_value());
    Matrix small = dense(use, 4), expected(12 * 12, 0.0);
    for (int64_t row = 0; row < 12; ++row) {
      for (int64_t column = 0; column < 4; ++column) {
        expected[row * 12 + column * 3 + row % 3] = small[row / 3 * 4 + column];
      }
    }
    expectNear(dense(*wide, 12), expected, text(use));
  }
  EXPECT_FALSE(spread({HadamardAttr::get(&context, 4)}, 2).has_value());
}

// The maps of four heads, two of them mixed.
TEST_F(BasisAlgebraTest, mapsThatMixRunsDoNotComeApart) {
  MapUse four{HadamardAttr::get(&context, 4)};
  EXPECT_FALSE(split(repeat(four, 2), 4).has_value());
  EXPECT_FALSE(split(permutation(12), 3).has_value());
  EXPECT_TRUE(split(repeat(four, 6), 2).has_value());
  EXPECT_EQ((*split(repeat(four, 6), 2))[1], repeat(four, 3));
}

TEST_F(BasisAlgebraTest, usesAreOnTheFewestAxes) {
  MapUse four{HadamardAttr::get(&context, 4)};
  int64_t shape[] = {ShapedType::kDynamic, 3, 4, 1};
  BasisUse normal = normalize(BasisUse{1, 3, repeat(four, 3)}, shape);
  EXPECT_EQ(normal, (BasisUse{2, 1, four}));
  MapUse heads{PermutationAttr::get(&context, DenseI64ArrayAttr::get(&context, {2, 0, 1}))};
  normal = normalize(BasisUse{1, 2, *spread(heads, 4)}, shape);
  EXPECT_EQ(normal, (BasisUse{1, 1, heads}));
  EXPECT_TRUE(
      normalize(BasisUse{2, 1, diagonalOf(&context, {1.0, 1.0, 1.0, 1.0})}, shape).isIdentity());
  // Both ways of writing a map of heads meet.
  std::optional<BasisUse> both = compose(BasisUse{1, 1, invert(heads)}, normal, shape);
  ASSERT_TRUE(both.has_value());
  EXPECT_TRUE(both->isIdentity());
  EXPECT_FALSE(widen(BasisUse{1, 1, heads}, shape, 0, 2).has_value());
}

TEST_F(BasisAlgebraTest, formalInversesOfSingularDiagonals) {
  MapUse zero = diagonalOf(&context, {0.0, 1.0, 2.0, 0.5});
  MapUse inverse = invert(zero);
  EXPECT_TRUE(inverse.inverse);
  EXPECT_TRUE(compose(compose(zero, {HadamardAttr::get(&context, 4)}),
                      compose({HadamardAttr::get(&context, 4)}, inverse))
                  .isIdentity());
  EXPECT_EQ(contragredient(inverse), zero);
  EXPECT_EQ(repeat(inverse, 2), invert(repeat(zero, 2)));
}

} // namespace

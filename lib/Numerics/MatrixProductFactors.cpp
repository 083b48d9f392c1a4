//===- MatrixProductFactors.cpp - Cholesky factors and their inverses ----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every matrix is halved until blocks of 48 are left:
//
//   [A B] = [T  ]ᵀ [T U]      T from A,  U = T⁻ᵀ B,  V from C - Uᵀ U
//   [  C]   [U V]  [  V]
//
//   [T U]⁻¹ = [T⁻¹  -T⁻¹ U V⁻¹]
//   [  V]     [          V⁻¹ ]
//
// The three kinds of triangular solves halve their triangle in the same way, and multiply by the
// inverses of the blocks on its diagonal in the end. So all but a vanishing part of the work is in
// products.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/MatrixProduct.h"

#include "quench/Support/ParallelFor.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

using namespace quench::numerics;

/// The order of the blocks on the diagonal: whole tiles of the product in both directions.
static constexpr int64_t smallOrder = 48;
static_assert(smallOrder % detail::kTileRows == 0 && smallOrder % detail::kTileColumns == 0,
              "blocks begin and end where tiles do");

/// Where a triangle is halved: at a whole number of blocks.
static int64_t middle(int64_t order) {
  return (order / 2 + smallOrder - 1) / smallOrder * smallOrder;
}

static Matrix topLeft(Matrix t, int64_t half) { return t.block(0, 0, half, half); }
static Matrix topRight(Matrix t, int64_t half) { return t.block(0, half, half, t.columns - half); }
static Matrix bottomRight(Matrix t, int64_t half) {
  return t.block(half, half, t.rows - half, t.columns - half);
}

/// y -= factor * x
static void subtractMultiple(double *y, const double *x, double factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    y[i] -= factor * x[i];
  }
}

/// A block in place, row by row.
static bool factorizeSmall(Matrix a, double leastPivot) {
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t l = 0; l < i; ++l) {
      subtractMultiple(a.row(i) + i, a.row(l) + i, a(l, i), a.rows - i);
    }
    const double pivot = a(i, i);
    if (!(pivot > leastPivot) || std::isinf(pivot)) {
      return false;
    }
    const double root = std::sqrt(pivot);
    for (int64_t j = i; j < a.rows; ++j) {
      a(i, j) /= root;
    }
  }
  return true;
}

/// The inverse of an upper triangular block, with zeros below the diagonal.
static void invertSmall(ConstMatrix t, Matrix inverse) {
  for (int64_t i = t.rows; i-- > 0;) {
    std::fill_n(inverse.row(i), t.rows, 0.0);
    for (int64_t l = i + 1; l < t.rows; ++l) {
      subtractMultiple(inverse.row(i) + l, inverse.row(l) + l, t(i, l), t.rows - l);
    }
    inverse(i, i) = 1.0;
    for (int64_t j = i; j < t.rows; ++j) {
      inverse(i, j) /= t(i, i);
    }
  }
}

namespace {
/// Solves for parts of an upper triangle: a part is given by its first row and column and by its
/// order. The inverses of the blocks have to be there.
class TriangleSolver {
public:
  explicit TriangleSolver(Matrix t)
      : t(t), inverses((t.rows + smallOrder - 1) / smallOrder * smallOrder * smallOrder) {}

  /// The inverse of the block on the diagonal that begins at `first`.
  Matrix inverse(int64_t first) {
    const int64_t order = std::min(smallOrder, t.rows - first);
    return {inverses.data() + first * smallOrder, order, order, smallOrder};
  }

  /// x = T⁻ᵀ x
  void solveTransposed(int64_t first, int64_t order, Matrix x) {
    if (order <= smallOrder) {
      multiplyLeft(ConstMatrix(inverse(first)).transposed(), x);
      return;
    }
    const int64_t half = middle(order);
    Matrix top = x.block(0, 0, half, x.columns);
    Matrix bottom = x.block(half, 0, order - half, x.columns);
    solveTransposed(first, half, top);
    addProduct(bottom, ConstMatrix(corner(first, order)).transposed(), top, -1.0);
    solveTransposed(first + half, order - half, bottom);
  }

  /// x = T⁻¹ x
  void solveLeft(int64_t first, int64_t order, Matrix x) {
    if (order <= smallOrder) {
      multiplyLeft(inverse(first), x);
      return;
    }
    const int64_t half = middle(order);
    Matrix top = x.block(0, 0, half, x.columns);
    Matrix bottom = x.block(half, 0, order - half, x.columns);
    solveLeft(first + half, order - half, bottom);
    addProduct(top, corner(first, order), bottom, -1.0);
    solveLeft(first, half, top);
  }

  /// x = x T⁻¹
  void solveRight(int64_t first, int64_t order, Matrix x) {
    if (order <= smallOrder) {
      multiplyRight(inverse(first), x);
      return;
    }
    const int64_t half = middle(order);
    Matrix left = x.block(0, 0, x.rows, half);
    Matrix right = x.block(0, half, x.rows, order - half);
    solveRight(first, half, left);
    addProduct(right, left, corner(first, order), -1.0);
    solveRight(first + half, order - half, right);
  }

private:
  Matrix corner(int64_t first, int64_t order) const {
    return topRight(t.block(first, first, order, order), middle(order));
  }

  /// Moves x away and leaves zeros.
  static std::vector<double> take(Matrix x) {
    std::vector<double> copy;
    copy.reserve(x.rows * x.columns);
    for (int64_t row = 0; row < x.rows; ++row) {
      copy.insert(copy.end(), x.row(row), x.row(row) + x.columns);
      std::fill_n(x.row(row), x.columns, 0.0);
    }
    return copy;
  }

  static void multiplyLeft(ConstMatrix factor, Matrix x) {
    const std::vector<double> copy = take(x);
    addProduct(x, factor, {copy.data(), x.rows, x.columns, x.columns}, 1.0);
  }

  static void multiplyRight(ConstMatrix factor, Matrix x) {
    const std::vector<double> copy = take(x);
    addProduct(x, {copy.data(), x.rows, x.columns, x.columns}, factor, 1.0);
  }

  const Matrix t;
  std::vector<double> inverses;
};
} // namespace

/// Calls solve(begin, count) for stretches of the vectors of a solve, on threads.
template <typename Solve>
static void splitVectors(int64_t order, int64_t count, unsigned threads, Solve solve) {
  constexpr int64_t perPiece = 384;
  const int64_t pieces = (count + perPiece - 1) / perPiece;
  const bool isSmall = static_cast<double>(order) * order * count < 1e8;
  quench::parallelFor(isSmall ? 1 : threads, pieces, [&](size_t piece) {
    const int64_t begin = static_cast<int64_t>(piece) * perPiece;
    solve(begin, std::min(perPiece, count - begin));
  });
}

/// Factorizes the part of a that begins at `first`; `solver` is of all of a.
static bool factorizePart(Matrix a, int64_t first, TriangleSolver &solver, double leastPivot,
                          unsigned threads) {
  if (a.rows <= smallOrder) {
    if (!factorizeSmall(a, leastPivot)) {
      return false;
    }
    invertSmall(a, solver.inverse(first));
    return true;
  }
  const int64_t half = middle(a.rows);
  if (!factorizePart(topLeft(a, half), first, solver, leastPivot, threads)) {
    return false;
  }
  Matrix corner = topRight(a, half);
  splitVectors(half, corner.columns, threads, [&](int64_t begin, int64_t count) {
    solver.solveTransposed(first, half, corner.block(0, begin, half, count));
  });
  Matrix rest = bottomRight(a, half);
  addProduct(rest, ConstMatrix(corner).transposed(), corner, -1.0, MatrixPart::UpperTriangle,
             threads);
  return factorizePart(rest, first + half, solver, leastPivot, threads);
}

bool quench::numerics::factorizeCholesky(Matrix a, double leastPivot, unsigned threads) {
  TriangleSolver solver(a);
  return factorizePart(a, 0, solver, leastPivot, threads);
}

/// Corners first, as long as both triangles beside them are what they were.
static void invertPart(Matrix t, int64_t first, TriangleSolver &solver, unsigned threads) {
  if (t.rows <= smallOrder) {
    Matrix inverse = solver.inverse(first);
    for (int64_t row = 0; row < t.rows; ++row) {
      std::copy_n(inverse.row(row) + row, t.rows - row, t.row(row) + row);
    }
    return;
  }
  const int64_t half = middle(t.rows);
  Matrix corner = topRight(t, half);
  splitVectors(half, corner.columns, threads, [&](int64_t begin, int64_t count) {
    solver.solveLeft(first, half, corner.block(0, begin, half, count));
  });
  splitVectors(t.rows - half, corner.rows, threads, [&](int64_t begin, int64_t count) {
    solver.solveRight(first + half, t.rows - half, corner.block(begin, 0, count, corner.columns));
  });
  for (int64_t row = 0; row < half; ++row) {
    double *values = corner.row(row);
    std::transform(values, values + corner.columns, values, std::negate<>());
  }
  invertPart(topLeft(t, half), first, solver, threads);
  invertPart(bottomRight(t, half), first + half, solver, threads);
}

void quench::numerics::invertUpperTriangle(Matrix t, unsigned threads) {
  TriangleSolver solver(t);
  for (int64_t first = 0; first < t.rows; first += smallOrder) {
    Matrix inverse = solver.inverse(first);
    invertSmall(t.block(first, first, inverse.rows, inverse.rows), inverse);
  }
  invertPart(t, 0, solver, threads);
}

//===- MatrixProductFactors.cpp - Cholesky factors and their inverses ----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every matrix is halved until a small one is left, which is worked on row by row:
//
//   [A B] = [T  ]ᵀ [T U]      T from A,  U = T⁻ᵀ B,  V from C - Uᵀ U
//   [  C]   [U V]  [  V]
//
//   [T U]⁻¹ = [T⁻¹  -T⁻¹ U V⁻¹]
//   [  V]     [          V⁻¹ ]
//
// The three kinds of triangular solves halve their triangle in the same way.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/MatrixProduct.h"

#include "CpuClones.h"
#include "quench/Support/ParallelFor.h"

#include <algorithm>
#include <cmath>

using namespace quench::numerics;

/// Triangles up to this order are worked on row by row.
static constexpr int64_t smallOrder = 32;

/// Where a triangle is halved: at a whole number of small triangles.
static int64_t middle(int64_t order) {
  return (order / 2 + smallOrder - 1) / smallOrder * smallOrder;
}

/// y -= factor * x
QUENCH_CPU_CLONES
static void subtractMultiple(double *y, const double *x, double factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    y[i] -= factor * x[i];
  }
}

static void divide(double *y, double divisor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    y[i] /= divisor;
  }
}

/// x = T⁻ᵀ x
static void solveTransposed(ConstMatrix t, Matrix x) {
  const int64_t order = x.rows;
  if (order <= smallOrder) {
    for (int64_t i = 0; i < order; ++i) {
      for (int64_t l = 0; l < i; ++l) {
        subtractMultiple(x.row(i), x.row(l), t(l, i), x.columns);
      }
      divide(x.row(i), t(i, i), x.columns);
    }
    return;
  }
  const int64_t half = middle(order);
  Matrix top = x.block(0, 0, half, x.columns);
  Matrix bottom = x.block(half, 0, order - half, x.columns);
  ConstMatrix corner = {t.data + half, half, order - half, t.rowStride};
  ConstMatrix rest = {t.data + half * t.rowStride + half, order - half, order - half, t.rowStride};
  solveTransposed(t, top);
  addProduct(bottom, corner.transposed(), top, -1.0);
  solveTransposed(rest, bottom);
}

/// x = T⁻¹ x
static void solveLeft(ConstMatrix t, Matrix x) {
  const int64_t order = x.rows;
  if (order <= smallOrder) {
    for (int64_t i = order; i-- > 0;) {
      for (int64_t l = i + 1; l < order; ++l) {
        subtractMultiple(x.row(i), x.row(l), t(i, l), x.columns);
      }
      divide(x.row(i), t(i, i), x.columns);
    }
    return;
  }
  const int64_t half = middle(order);
  Matrix top = x.block(0, 0, half, x.columns);
  Matrix bottom = x.block(half, 0, order - half, x.columns);
  ConstMatrix corner = {t.data + half, half, order - half, t.rowStride};
  ConstMatrix rest = {t.data + half * t.rowStride + half, order - half, order - half, t.rowStride};
  solveLeft(rest, bottom);
  addProduct(top, corner, bottom, -1.0);
  solveLeft(t, top);
}

/// x = x T⁻¹
static void solveRight(ConstMatrix t, Matrix x) {
  const int64_t order = x.columns;
  if (order <= smallOrder) {
    for (int64_t row = 0; row < x.rows; ++row) {
      double *values = x.row(row);
      for (int64_t l = 0; l < order; ++l) {
        values[l] /= t(l, l);
        subtractMultiple(values + l + 1, t.data + l * t.rowStride + l + 1, values[l],
                         order - l - 1);
      }
    }
    return;
  }
  const int64_t half = middle(order);
  Matrix left = x.block(0, 0, x.rows, half);
  Matrix right = x.block(0, half, x.rows, order - half);
  ConstMatrix corner = {t.data + half, half, order - half, t.rowStride};
  ConstMatrix rest = {t.data + half * t.rowStride + half, order - half, order - half, t.rowStride};
  solveRight(t, left);
  addProduct(right, left, corner, -1.0);
  solveRight(rest, right);
}

/// Calls solve(begin, count) for stretches of the vectors of a solve, on threads.
template <typename Solve>
static void splitVectors(int64_t order, int64_t count, unsigned threads, Solve solve) {
  constexpr int64_t perPiece = 192;
  const int64_t pieces = (count + perPiece - 1) / perPiece;
  const bool isSmall = static_cast<double>(order) * order * count < 1e8;
  quench::parallelFor(isSmall ? 1 : threads, pieces, [&](size_t piece) {
    const int64_t begin = static_cast<int64_t>(piece) * perPiece;
    solve(begin, std::min(perPiece, count - begin));
  });
}

bool quench::numerics::factorizeCholesky(Matrix a, double leastPivot, unsigned threads) {
  const int64_t order = a.rows;
  if (order <= smallOrder) {
    for (int64_t i = 0; i < order; ++i) {
      for (int64_t l = 0; l < i; ++l) {
        subtractMultiple(a.row(i) + i, a.row(l) + i, a(l, i), order - i);
      }
      const double pivot = a(i, i);
      if (!(pivot > leastPivot) || std::isinf(pivot)) {
        return false;
      }
      divide(a.row(i) + i, std::sqrt(pivot), order - i);
    }
    return true;
  }
  const int64_t half = middle(order);
  Matrix top = a.block(0, 0, half, half);
  Matrix corner = a.block(0, half, half, order - half);
  Matrix rest = a.block(half, half, order - half, order - half);
  if (!factorizeCholesky(top, leastPivot, threads)) {
    return false;
  }
  splitVectors(half, corner.columns, threads, [&](int64_t begin, int64_t count) {
    solveTransposed(top, corner.block(0, begin, half, count));
  });
  addProduct(rest, ConstMatrix(corner).transposed(), corner, -1.0, MatrixPart::UpperTriangle,
             threads);
  return factorizeCholesky(rest, leastPivot, threads);
}

static void invertSmall(Matrix t) {
  const int64_t order = t.rows;
  // Columns from the last to the first: row i of the inverse needs the rows of T above it as they
  // were, and the rows of the inverse below it.
  for (int64_t i = order; i-- > 0;) {
    const double pivot = t(i, i);
    double row[smallOrder];
    std::copy_n(t.row(i) + i, order - i, row);
    std::fill_n(t.row(i) + i, order - i, 0.0);
    for (int64_t l = i + 1; l < order; ++l) {
      subtractMultiple(t.row(i) + l, t.row(l) + l, row[l - i], order - l);
    }
    t(i, i) = 1.0;
    divide(t.row(i) + i, pivot, order - i);
  }
}

void quench::numerics::invertUpperTriangle(Matrix t, unsigned threads) {
  const int64_t order = t.rows;
  if (order <= smallOrder) {
    invertSmall(t);
    return;
  }
  const int64_t half = middle(order);
  Matrix top = t.block(0, 0, half, half);
  Matrix corner = t.block(0, half, half, order - half);
  Matrix rest = t.block(half, half, order - half, order - half);
  splitVectors(half, corner.columns, threads, [&](int64_t begin, int64_t count) {
    solveLeft(top, corner.block(0, begin, half, count));
  });
  splitVectors(order - half, corner.rows, threads, [&](int64_t begin, int64_t count) {
    solveRight(rest, corner.block(begin, 0, count, corner.columns));
  });
  for (int64_t row = 0; row < half; ++row) {
    for (int64_t column = 0; column < corner.columns; ++column) {
      corner(row, column) = -corner(row, column);
    }
  }
  invertUpperTriangle(top, threads);
  invertUpperTriangle(rest, threads);
}

//===- MatrixProduct.cpp - Products of f64 matrices ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The usual blocking: a stretch of the inner index at a time, in which b is packed into tiles of 24
// columns that stay in the first-level cache while tiles of 8 rows of a, packed as well, pass by.
// This file is compiled with contraction of a * b + c into one rounding.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/MatrixProduct.h"

#include "quench/Support/ParallelFor.h"

#include <algorithm>
#include <memory>

using namespace quench::numerics;
using quench::numerics::detail::kTileColumns;
using quench::numerics::detail::kTileRows;

/// The inner index, rows of a and columns of b that are packed at a time.
static constexpr int64_t innerBlock = 192;
static constexpr int64_t rowBlock = 96;
static constexpr int64_t columnBlock = 16 * kTileColumns;

/// A part of a tile, `Rows` x (`Vectors` * `Lanes`), whose sums fit the vector registers.
template <int Rows, int Vectors, int Lanes>
[[gnu::always_inline]] static inline void addPart(double *c, int64_t stride, const double *a,
                                                  const double *b, int64_t inner) {
  typedef double Vector __attribute__((vector_size(Lanes * sizeof(double)), aligned(8)));
  Vector sums[Rows][Vectors];
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) {
      sums[i][v] = *reinterpret_cast<const Vector *>(c + i * stride + v * Lanes);
    }
  }
  for (int64_t l = 0; l < inner; ++l) {
    Vector right[Vectors];
    for (int v = 0; v < Vectors; ++v) {
      right[v] = *reinterpret_cast<const Vector *>(b + l * kTileColumns + v * Lanes);
    }
    for (int i = 0; i < Rows; ++i) {
      const Vector left = a[l * kTileRows + i] - Vector{};
      for (int v = 0; v < Vectors; ++v) {
        sums[i][v] = left * right[v] + sums[i][v];
      }
    }
  }
  for (int i = 0; i < Rows; ++i) {
    for (int v = 0; v < Vectors; ++v) {
      *reinterpret_cast<Vector *>(c + i * stride + v * Lanes) = sums[i][v];
    }
  }
}

template <int Rows, int Vectors, int Lanes>
[[gnu::always_inline]] static inline void addParts(double *c, int64_t stride, const double *a,
                                                   const double *b, int64_t inner) {
  for (int64_t i = 0; i < kTileRows; i += Rows) {
    for (int64_t j = 0; j < kTileColumns; j += Vectors * Lanes) {
      addPart<Rows, Vectors, Lanes>(c + i * stride + j, stride, a + i, b + j, inner);
    }
  }
}

#ifdef __x86_64__
[[gnu::target("avx512f")]] static void addTileAvx512(double *c, int64_t stride, const double *a,
                                                     const double *b, int64_t inner) {
  addParts<8, 3, 8>(c, stride, a, b, inner);
}

[[gnu::target("avx2,fma")]] static void addTileAvx2(double *c, int64_t stride, const double *a,
                                                    const double *b, int64_t inner) {
  addParts<4, 3, 4>(c, stride, a, b, inner);
}

static void addTileBaseline(double *c, int64_t stride, const double *a, const double *b,
                            int64_t inner) {
  addParts<4, 2, 2>(c, stride, a, b, inner);
}

static auto *selectTile() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) {
    return &addTileAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return &addTileAvx2;
  }
  return &addTileBaseline;
}
#else
/// Thirty-two registers of two numbers each.
static void addTileBaseline(double *c, int64_t stride, const double *a, const double *b,
                            int64_t inner) {
  addParts<8, 3, 2>(c, stride, a, b, inner);
}

static auto *selectTile() { return &addTileBaseline; }
#endif

void (*const quench::numerics::detail::addTile)(double *, int64_t, const double *, const double *,
                                                int64_t) = selectTile();

/// Packs `count` <= `Width` vectors of a matrix: element (index, l) goes to l * Width + index. What
/// is missing is zero.
template <int64_t Width>
static void pack(const double *first, int64_t count, int64_t indexStride, int64_t inner,
                 int64_t innerStride, double factor, double *packed) {
  for (int64_t l = 0; l < inner; ++l) {
    const double *from = first + l * innerStride;
    for (int64_t index = 0; index < count; ++index) {
      packed[l * Width + index] = factor * from[index * indexStride];
    }
    std::fill(packed + l * Width + count, packed + (l + 1) * Width, 0.0);
  }
}

/// A tile at the edge of c goes through a buffer.
static void addEdgeTile(double *c, int64_t rows, int64_t columns, int64_t stride, const double *a,
                        const double *b, int64_t inner) {
  double buffer[kTileRows * kTileColumns] = {};
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(c + i * stride, columns, buffer + i * kTileColumns);
  }
  detail::addTile(buffer, kTileColumns, a, b, inner);
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(buffer + i * kTileColumns, columns, c + i * stride);
  }
}

namespace {
/// One block of columns of c.
class ColumnProduct {
public:
  /// Of each tile of columns, only the rows up to `diagonal` after its last column are wanted.
  ColumnProduct(Matrix c, ConstMatrix a, ConstMatrix b, double factor, int64_t diagonal)
      : c(c), a(a), b(b), factor(factor), diagonal(diagonal),
        rows(std::min(c.rows, diagonal + c.columns)), depth(std::min(innerBlock, a.columns)),
        packedA(new double[rowBlock * depth]),
        packedB(new double[(c.columns + kTileColumns) * depth]) {}

  void run() {
    for (int64_t first = 0; first < a.columns; first += depth) {
      inner = std::min(depth, a.columns - first);
      for (int64_t j = 0; j < c.columns; j += kTileColumns) {
        pack<kTileColumns>(b.data + first * b.rowStride + j * b.columnStride,
                           std::min(kTileColumns, c.columns - j), b.columnStride, inner,
                           b.rowStride, 1.0, packedB.get() + j * depth);
      }
      for (int64_t i = 0; i < rows; i += rowBlock) {
        addRows(i, std::min(rowBlock, rows - i), first);
      }
    }
  }

private:
  void addRows(int64_t begin, int64_t count, int64_t first) {
    for (int64_t i = 0; i < count; i += kTileRows) {
      pack<kTileRows>(a.data + (begin + i) * a.rowStride + first * a.columnStride,
                      std::min(kTileRows, count - i), a.rowStride, inner, a.columnStride, factor,
                      packedA.get() + i * depth);
    }
    for (int64_t j = 0; j < c.columns; j += kTileColumns) {
      const double *right = packedB.get() + j * depth;
      const int64_t columns = std::min(kTileColumns, c.columns - j);
      const int64_t wanted = std::min(count, diagonal + j + columns - begin);
      for (int64_t i = 0; i < wanted; i += kTileRows) {
        const double *left = packedA.get() + i * depth;
        const int64_t tileRows = std::min(kTileRows, count - i);
        double *tile = c.row(begin + i) + j;
        if (tileRows == kTileRows && columns == kTileColumns) {
          detail::addTile(tile, c.stride, left, right, inner);
        } else {
          addEdgeTile(tile, tileRows, columns, c.stride, left, right, inner);
        }
      }
    }
  }

  Matrix c;
  ConstMatrix a, b;
  const double factor;
  const int64_t diagonal;
  const int64_t rows;
  const int64_t depth;
  int64_t inner = 0;
  const std::unique_ptr<double[]> packedA, packedB;
};
} // namespace

void quench::numerics::addProduct(Matrix c, ConstMatrix a, ConstMatrix b, double factor,
                                  MatrixPart part, unsigned threads) {
  // Threads cost more than they bring below some milliseconds of work.
  constexpr double worthThreads = 1e8;
  if (static_cast<double>(c.rows) * c.columns * a.columns < worthThreads) {
    threads = 1;
  }
  const int64_t blocks = (c.columns + columnBlock - 1) / columnBlock;
  parallelFor(threads, blocks, [&](size_t piece) {
    // The last block of a triangle is the largest, so it comes first.
    const int64_t begin = (blocks - 1 - static_cast<int64_t>(piece)) * columnBlock;
    const int64_t columns = std::min(columnBlock, c.columns - begin);
    const int64_t diagonal = part == MatrixPart::UpperTriangle ? begin : c.rows;
    ConstMatrix right = b;
    right.data += begin * b.columnStride;
    right.columns = columns;
    ColumnProduct(c.block(0, begin, c.rows, columns), a, right, factor, diagonal).run();
  });
}

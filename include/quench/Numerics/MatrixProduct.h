//===- MatrixProduct.h - Products and factors of f64 matrices ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the quantizers need of dense linear algebra, in f64: a product, the Cholesky factorization
// and the inverse of a triangular matrix, the latter two recursive with all work in the product.
//
// Every element of a product is one chain of fused multiply-adds in the order of the inner index,
// whatever the tile it falls into. So results have the same bits for any number of threads, any
// blocking, and any vector width (x86 before AVX2 has no fused multiply-add and rounds twice).
// That, and speed without building for one CPU, is why these are not Eigen's: the tile is compiled
// for AVX-512, AVX2 and the baseline, and one of them is picked when the program starts.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_MATRIXPRODUCT_H
#define QUENCH_NUMERICS_MATRIXPRODUCT_H

#include <cstdint>

namespace quench::numerics {

/// A matrix to read, with any strides, in elements.
struct ConstMatrix {
  const double *data;
  int64_t rows;
  int64_t columns;
  int64_t rowStride;
  int64_t columnStride = 1;

  double operator()(int64_t row, int64_t column) const {
    return data[row * rowStride + column * columnStride];
  }
  ConstMatrix transposed() const { return {data, columns, rows, columnStride, rowStride}; }
};

/// A row-major matrix to write; `stride` elements from row to row.
struct Matrix {
  double *data;
  int64_t rows;
  int64_t columns;
  int64_t stride;

  double &operator()(int64_t row, int64_t column) const { return data[row * stride + column]; }
  double *row(int64_t index) const { return data + index * stride; }
  Matrix block(int64_t row, int64_t column, int64_t blockRows, int64_t blockColumns) const {
    return {data + row * stride + column, blockRows, blockColumns, stride};
  }
  operator ConstMatrix() const { return {data, rows, columns, stride}; }
};

/// Which elements of a product are wanted. Those below the diagonal of an upper triangle are left
/// undefined: some are computed.
enum class MatrixPart { All, UpperTriangle };

/// c += factor * a * b, with a of [m, k], b of [k, n] and c of [m, n], none empty of the others.
/// `factor` is 1 or -1. c overlaps neither a nor b.
void addProduct(Matrix c, ConstMatrix a, ConstMatrix b, double factor,
                MatrixPart part = MatrixPart::All, unsigned threads = 1);

/// Replaces the upper triangle of the symmetric matrix a by that of T with a = TᵀT; below the
/// diagonal a is neither read nor defined afterwards. Returns false, with a undefined, when a pivot
/// is not above `leastPivot`, so for every matrix that is not positive definite, and for NaN.
bool factorizeCholesky(Matrix a, double leastPivot, unsigned threads);

/// Replaces the upper triangular t, whose diagonal has no zeros, by its inverse. Below the diagonal
/// t is neither read nor defined afterwards.
void invertUpperTriangle(Matrix t, unsigned threads);

namespace detail {
inline constexpr int64_t kTileRows = 8;
inline constexpr int64_t kTileColumns = 24;

/// c[i][j] += sum over l of a[l * 8 + i] * b[l * 24 + j], for the 8 x 24 elements of a tile of c.
extern void (*const addTile)(double *c, int64_t stride, const double *a, const double *b,
                             int64_t inner);
} // namespace detail

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_MATRIXPRODUCT_H

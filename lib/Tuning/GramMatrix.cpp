//===- GramMatrix.cpp - How inputs of a layer go together -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/GramMatrix.h"

#include "quench/Numerics/MatrixProduct.h"

using namespace quench;

void GramMatrix::add(llvm::ArrayRef<float> rows, unsigned threads) {
  int64_t numRows = static_cast<int64_t>(rows.size()) / size;
  if (numRows == 0) {
    return;
  }
  wide.assign(rows.begin(), rows.end());
  numerics::ConstMatrix x{wide.data(), numRows, size, size};
  numerics::addProduct({sums.data(), size, size, size}, x.transposed(), x, 1.0,
                       numerics::MatrixPart::UpperTriangle, threads);
  count += numRows;
}

std::vector<double> GramMatrix::takeMean() {
  double scale = count == 0 ? 0.0 : 1.0 / static_cast<double>(count);
  for (int64_t row = 0; row < size; ++row) {
    for (int64_t column = row; column < size; ++column) {
      sums[row * size + column] *= scale;
      sums[column * size + row] = sums[row * size + column];
    }
  }
  return std::move(sums);
}

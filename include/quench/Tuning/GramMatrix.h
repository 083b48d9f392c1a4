//===- GramMatrix.h - How inputs of a layer go together ---------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_GRAMMATRIX_H
#define QUENCH_TUNING_GRAMMATRIX_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace quench {

/// The mean of x xᵀ over rows x, summed in f64 in the order of the rows.
class GramMatrix {
public:
  explicit GramMatrix(int64_t size) : size(size), sums(size * size) {}
  /// Of `rows` rows whose products were summed before.
  GramMatrix(int64_t size, int64_t rows, std::vector<double> sums)
      : size(size), count(rows), sums(std::move(sums)) {}

  /// Adds rows of `size` finite values. `threads` is 0 for one for each core and has no influence
  /// on the result.
  void add(llvm::ArrayRef<float> rows, unsigned threads);

  int64_t getSize() const { return size; }
  int64_t rows() const { return count; }

  /// Turns the sums into means and gives them away, row-major. Zeros without rows.
  std::vector<double> takeMean();

private:
  int64_t size;
  int64_t count = 0;
  std::vector<double> sums;
  std::vector<double> wide;
};

} // namespace quench

#endif // QUENCH_TUNING_GRAMMATRIX_H

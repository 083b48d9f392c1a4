//===- BlockRuns.h - The elements of blocks, run by run ---------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A run is a stretch of the last axis that belongs to one block. Loops over runs keep all per-block
// work outside of the loops over elements. Header-only; the shape has to fit the scheme.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_NUMERICS_BLOCKRUNS_H
#define QUENCH_LIB_NUMERICS_BLOCKRUNS_H

#include "quench/Numerics/Scheme.h"

#include <algorithm>

namespace quench::numerics {

/// Calls visit(first element, number of elements, block) for each run of the tensor, in row-major
/// order.
template <typename Visit>
void forEachRun(llvm::ArrayRef<int64_t> shape, const Scheme &scheme, Visit visit) {
  if (elementCount(shape) == 0) {
    return;
  }
  if (shape.empty()) {
    visit(int64_t(0), int64_t(1), int64_t(0));
    return;
  }
  const size_t last = shape.size() - 1;
  const int64_t width = shape[last];
  const int64_t runLength = scheme.block[last] == kWhole ? width : scheme.block[last];
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  const int64_t rows = elementCount(shape.drop_back());
  for (int64_t row = 0; row < rows; ++row) {
    int64_t block = scheme.blockIndex(shape, index);
    for (int64_t begin = 0; begin < width; ++block) {
      int64_t length = std::min(runLength, width - begin);
      visit(row * width + begin, length, block);
      begin += length;
    }
    for (size_t axis = last; axis-- > 0;) {
      if (++index[axis] < shape[axis]) {
        break;
      }
      index[axis] = 0;
    }
  }
}

/// Calls visit(first element, number of elements) for each run of one block, in row-major order.
template <typename Visit>
void forEachRunOfBlock(llvm::ArrayRef<int64_t> shape, const Scheme &scheme, int64_t block,
                       Visit visit) {
  const size_t rank = shape.size();
  if (rank == 0) {
    visit(int64_t(0), int64_t(1));
    return;
  }
  llvm::SmallVector<int64_t> blocks = scheme.scaleShape(shape);
  llvm::SmallVector<int64_t> begin(rank), end(rank);
  for (size_t axis = rank; axis-- > 0;) {
    const int64_t size = scheme.block[axis] == kWhole ? shape[axis] : scheme.block[axis];
    begin[axis] = block % blocks[axis] * size;
    end[axis] = std::min(begin[axis] + size, shape[axis]);
    block /= blocks[axis];
  }
  llvm::SmallVector<int64_t> index = begin;
  for (;;) {
    int64_t element = 0;
    for (size_t axis = 0; axis < rank; ++axis) {
      element = element * shape[axis] + index[axis];
    }
    visit(element, end[rank - 1] - begin[rank - 1]);
    size_t axis = rank - 1;
    while (axis > 0 && ++index[axis - 1] == end[axis - 1]) {
      index[axis - 1] = begin[axis - 1];
      --axis;
    }
    if (axis == 0) {
      return;
    }
  }
}

} // namespace quench::numerics

#endif // QUENCH_LIB_NUMERICS_BLOCKRUNS_H

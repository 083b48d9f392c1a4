//===- TosaWindow.h - The pixels that a window reads ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_REFERENCE_TOSAWINDOW_H
#define QUENCH_LIB_REFERENCE_TOSAWINDOW_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace quench::reference {

/// The pixels that a window reads.
struct TosaWindow {
  llvm::ArrayRef<int64_t> pad, stride, dilation;
  int64_t height, width;

  /// How many windows lie along an axis of an image.
  int64_t countAlong(unsigned axis, int64_t size) const {
    return roomAlong(axis, size) / stride[axis] + 1;
  }
  /// Whether the last of them ends where the padded image does.
  bool fits(unsigned axis, int64_t size) const { return roomAlong(axis, size) % stride[axis] == 0; }

  /// visit(row in the window, column in the window, row of the image, column of the image) for all
  /// that are in an image of this size.
  void forEach(int64_t y, int64_t x, int64_t rows, int64_t columns,
               llvm::function_ref<void(int64_t, int64_t, int64_t, int64_t)> visit) const {
    constexpr size_t top = 0, left = 2;
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        const int64_t row = y * stride[0] - pad[top] + i * dilation[0];
        const int64_t column = x * stride[1] - pad[left] + j * dilation[1];
        if (row >= 0 && row < rows && column >= 0 && column < columns) {
          visit(i, j, row, column);
        }
      }
    }
  }

private:
  int64_t roomAlong(unsigned axis, int64_t size) const {
    const int64_t taps = axis == 0 ? height : width;
    return size + pad[2 * axis] + pad[2 * axis + 1] - (taps - 1) * dilation[axis] - 1;
  }
};

inline constexpr int64_t noDilation[] = {1, 1};

} // namespace quench::reference

#endif // QUENCH_LIB_REFERENCE_TOSAWINDOW_H

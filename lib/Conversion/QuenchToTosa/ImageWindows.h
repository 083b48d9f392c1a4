//===- ImageWindows.h - Windows of images -----------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_IMAGEWINDOWS_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_IMAGEWINDOWS_H

#include "IntegerPlan.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <array>

namespace quench {

/// How windows lie over an image N x H x W x C, in numbers that TOSA takes: the last window ends
/// where the padded image does.
struct ImageWindows {
  /// The image before padding.
  mlir::Value image;
  std::array<int64_t, 2> kernel, strides, dilations, outputs;
  /// Rows above and below, columns to the left and to the right.
  std::array<int64_t, 4> pad;
  /// Rows and columns of the image that windows reach.
  std::array<int64_t, 2> sizes;

  /// Elements from the first to the last of a window.
  int64_t extent(size_t axis) const { return dilations[axis] * (kernel[axis] - 1) + 1; }
  bool isDilated() const { return dilations[0] != 1 || dilations[1] != 1; }

  /// The integers of the image, without the rows and columns that no window reaches.
  mlir::Value emitImage(TosaEmitter &e) const;
};

/// The windows of an op with channels last and windows of this size; `padding` around its image is
/// theirs.
llvm::Expected<ImageWindows> readWindows(mlir::linalg::LinalgOp op, llvm::ArrayRef<int64_t> kernel,
                                         double padding, const IntegerPlan &plan);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_IMAGEWINDOWS_H

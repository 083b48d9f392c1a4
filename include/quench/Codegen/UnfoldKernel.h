//===- UnfoldKernel.h - Kernels that make rows of windows -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A convolution is a product of windows of images. Images are padded and quantized once, without
// gaps between pixels; then windows are copied to the rows that `ContractKernel` reads, as many
// bytes at a time as are neighbours in the image.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_UNFOLDKERNEL_H
#define QUENCH_CODEGEN_UNFOLDKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/PanelLayout.h"

#include <optional>

namespace quench {

/// Puts zeros around images and quantizes them.
struct PadImagesKernel {
  int64_t height, width, channels;
  /// Pixels before and behind, along rows and columns.
  std::array<int64_t, 2> low, high;
  /// The range of codes, stored as signed bytes; nothing for f32.
  std::optional<std::array<int32_t, 2>> codes;
  /// Whether codes have a zero point, which stands for the zeros, too.
  bool hasZeroPoint = false;

  int64_t paddedHeight() const { return low[0] + height + high[0]; }
  /// Elements of a row of pixels of the result.
  int64_t paddedRow() const { return (low[1] + width + high[1]) * channels; }
  std::string name() const;

  /// Parameters: images `?x(W C)` f32, a row for each row of pixels; of codes a scale `1x1` f32 and
  /// perhaps a zero point `1x1` i32; the result `?x(PW C)`, i8 or f32. The arithmetic is that of
  /// `quench.quantize`.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

/// `nn.unfold` of dense images.
struct UnfoldKernel {
  int64_t height, width, channels;
  std::array<int64_t, 2> kernel, strides, dilations;
  /// How codes are laid out for the weight; nothing for f32.
  std::optional<GroupLayout> groups;

  int64_t windows(int64_t axis) const {
    int64_t size = axis == 0 ? height : width;
    return (size - dilations[axis] * (kernel[axis] - 1) - 1) / strides[axis] + 1;
  }
  int64_t columns() const { return kernel[0] * kernel[1] * channels; }
  std::string name() const;

  /// Whether groups of codes are neighbours, as windows are copied.
  static bool canLayOut(const GroupLayout &groups) {
    return groups.numGroups() == 1 || groups.paddedGroup() == groups.group;
  }

  /// Parameters: images `?x(W C)`, a row for each row of pixels; the result: `codeBuffer` i8 with
  /// zeros as padding and sums of the codes of each group `?xG` i32, or `?x(KH KW C)` f32.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_UNFOLDKERNEL_H

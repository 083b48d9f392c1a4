//===- DepthwiseKernel.h - Kernels of filters of single channels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A filter of one channel has a few taps: nothing is shared between channels, so these lie in the
// lanes of vectors, and each pixel is loaded once for several neighbouring windows. Codes are
// multiplied as floats, which takes as many instructions as products of pairs of bytes would with
// what brings the pairs together. Sums of up to 2^24 are exact in f32, so this computes the bits of
// a sum in i32.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_DEPTHWISEKERNEL_H
#define QUENCH_CODEGEN_DEPTHWISEKERNEL_H

#include "quench/Codegen/PointwiseKernel.h"
#include "quench/Codegen/RowQuantization.h"

#include <array>
#include <optional>

namespace quench {

/// How the signed bytes of one side of a product are read.
struct ByteCodes {
  /// Whether a zero point is subtracted.
  bool hasZeroPoints;
};

/// `nn.depthwise_conv` of dense images.
struct DepthwiseKernel {
  int64_t height, width, channels;
  std::array<int64_t, 2> kernel, strides, dilations;
  /// Of codes; nothing for f32 on both sides.
  std::optional<ByteCodes> input, filter;
  /// Whether each channel of a filter of codes has a scale, and a zero point, of its own.
  bool perChannel = false;
  bool bias = false;
  Epilogue epilogue = {};
  /// Codes to store instead of the result, with one scale for all.
  std::optional<RowQuantization> requantization = std::nullopt;

  int64_t windows(int64_t axis) const {
    int64_t size = axis == 0 ? height : width;
    return (size - dilations[axis] * (kernel[axis] - 1) - 1) / strides[axis] + 1;
  }
  std::string name() const;

  /// Why no kernel multiplies such codes; empty if one does.
  static std::string refusalOfCodes(QTensorType input, QTensorType filter,
                                    mlir::ArrayRef<int64_t> kernel);

  /// Parameters: images `?x(W C)`, i8 or f32, a row for each row of pixels, of codes the scale
  /// `1x1` f32 and perhaps the zero point `1x1` i32; the filter `(KH KW)xC`, of codes with scales
  /// and perhaps zero points `1xC` or `1x1`; perhaps a bias `C` and the first argument `?xC` of an
  /// epilogue of two; the result `?xC`, or the scale `1x1` of its codes and the `codeBuffer` of
  /// these. The arithmetic is that of `nn.depthwise_conv` and `quench.quantize`.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_DEPTHWISEKERNEL_H

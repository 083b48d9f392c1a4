//===- ConvolutionOperands.h - What convolutions read -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TRANSFORMS_CONVOLUTIONOPERANDS_H
#define QUENCH_LIB_TRANSFORMS_CONVOLUTIONOPERANDS_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/Error.h"

namespace quench {

/// Pixels and channels of images as the axes of a matrix.
inline llvm::SmallVector<mlir::ReassociationIndices> matrixAxes() { return {{0, 1, 2}, {3}}; }

/// Strides or dilations.
inline llvm::SmallVector<int64_t> numbersOf(mlir::DenseIntElementsAttr attribute) {
  return llvm::to_vector(attribute.getValues<int64_t>());
}

/// What a convolution reads, before zeros are put around it, and how it is quantized.
struct ConvolvedImages {
  mlir::tensor::PadOp pad;
  QuantizeOp quantize;
};

/// How images are quantized. Nothing for those that are not, or where each pixel is by itself and
/// `isRows` does not say that pixels are rows.
llvm::Expected<ConvolvedImages> findImages(mlir::Value value, bool isRows);

/// The bias of each filter that sums begin with; null for zero, nothing for everything else.
std::optional<mlir::Value> findBias(mlir::Value init);

/// The same pad of other floats.
mlir::Value padAgain(mlir::ImplicitLocOpBuilder &b, mlir::tensor::PadOp pad, mlir::Value floats);

/// `quantize` of other floats, which have the elements of its input and zeros.
mlir::Value quantizeAgain(mlir::ImplicitLocOpBuilder &b, QuantizeOp quantize, mlir::Value floats,
                          SchemeAttr scheme, mlir::Value scale, mlir::Value zeroPoint);

/// Convolutions of each channel by itself as `nn.depthwise_conv`, in UnfoldDepthwise.cpp.
void populateUnfoldDepthwise(mlir::RewritePatternSet &patterns);

} // namespace quench

#endif // QUENCH_LIB_TRANSFORMS_CONVOLUTIONOPERANDS_H

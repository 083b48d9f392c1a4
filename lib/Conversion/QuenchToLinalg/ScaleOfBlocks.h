//===- ScaleOfBlocks.h - Scales and zero points computed at run time -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOLINALG_SCALEOFBLOCKS_H
#define QUENCH_LIB_CONVERSION_QUENCHTOLINALG_SCALEOFBLOCKS_H

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

namespace quench {

struct DynamicParameters {
  /// One f32 for each block, as stored and decoded again: finite and positive for finite inputs.
  mlir::Value scales;
  /// One i32, or f32 for real ones, for each block; null without zero points.
  mlir::Value zeroPoints;
};

/// How parameters follow from values, as `quench.quantize` says.
struct ScaleChoice {
  float clip = 1.0f;
  ScaleRule rule = ScaleRule::Floor;
};

/// The parameters that `quench.quantize` computes from a float tensor, with the arithmetic of
/// quench/Numerics/ScaleMath.h. Blocks at the ends of axes may be shorter. Values that are not
/// finite give scales without a meaning.
DynamicParameters emitDynamicParameters(TensorBuilder &b, mlir::Value input, SchemeAttr scheme,
                                        ScaleChoice choice = {});

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOLINALG_SCALEOFBLOCKS_H

//===- ChannelAffine.h - Chains of y = s x + t per channel ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A batch norm at inference is a chain of elementwise ops with constants, in as many forms as there
// are exporters: mul and add, or sub, rsqrt of a variance, mul, mul, add, each op its own or all in
// one region. All of them are `s x + t` with one s and one t for each channel, which is found by
// evaluating the chain on such pairs.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_CHANNELAFFINE_H
#define QUENCH_LIB_BASIS_CHANNELAFFINE_H

#include "quench/Basis/ConstantChain.h"

#include <optional>
#include <vector>

namespace quench {

/// A value as a function of another, in each channel.
struct ChannelAffine {
  /// What it depends on; null for a constant. A tensor, or an element of one inside of the op that
  /// makes it.
  mlir::Value base;
  /// One element for each channel.
  std::vector<double> scale, shift;

  bool isInRegion() const { return !mlir::isa<mlir::ShapedType>(base.getType()); }
};

/// How `value`, with channels along `axis`, depends on the first value before it that is read
/// elsewhere, too, or is not made elementwise. Nothing when it is not such a function of one value:
/// a constant is not the same along all other axes, or cannot be read. With `entersRegions` a
/// region whose last steps are such a function is cut before them, and its elements there are the
/// base.
std::optional<ChannelAffine> channelAffine(mlir::Value value, int64_t axis,
                                           ConstantEvaluator &evaluator, bool entersRegions);

/// The elements of a value that is constant and only depends on the channel, if it is one.
std::optional<std::vector<double>> channelConstant(mlir::Value value, int64_t axis,
                                                   int64_t channels, ConstantEvaluator &evaluator);

} // namespace quench

#endif // QUENCH_LIB_BASIS_CHANNELAFFINE_H

//===- RowQuantization.h - Quantizations of activations that kernels compute -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_ROWQUANTIZATION_H
#define QUENCH_CODEGEN_ROWQUANTIZATION_H

#include "quench/Codegen/PanelLayout.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/FloatFormat.h"

#include <optional>
#include <string>

namespace quench {

/// What is added to integers of a scheme to store them as signed bytes.
int32_t signedByteOffset(SchemeAttr scheme);

/// Rows of f32 to bytes, signed or floats, for a weight in groups. Unsigned codes are stored less
/// 128, and so are their zero points.
struct RowQuantization {
  GroupLayout groups;
  /// Inclusive code range of integers, as they are stored.
  int32_t codeMin;
  int32_t codeMax;
  /// One scale for each row computed from its largest magnitude, or one given scale.
  bool dynamic;
  /// What a computed scale's largest magnitude is multiplied with.
  float clip = 1.0f;
  /// Of codes that are floats, f8E4M3FN or f8E5M2.
  std::optional<numerics::FloatFormat> format = std::nullopt;
  /// Whether floats are stored for a container that `holdsHalvedFloats`.
  bool isHalved = false;
  /// Whether a zero point is given with the scale.
  bool hasZeroPoint = false;

  /// What kernels compute of `op`; nothing if they do not.
  static std::optional<RowQuantization> get(QuantizeOp op, const GroupLayout &groups);

  /// What a computed scale takes the largest magnitude to.
  float largestCode() const;

  /// A symbol name that tells quantizations apart.
  std::string name() const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_ROWQUANTIZATION_H

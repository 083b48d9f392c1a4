//===- Patterns.h - The groups of patterns of this conversion -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_NNTOLINALG_PATTERNS_H
#define QUENCH_LIB_CONVERSION_NNTOLINALG_PATTERNS_H

#include "mlir/IR/PatternMatch.h"

namespace quench {

/// embedding, linear
void populateLowerLinear(mlir::RewritePatternSet &patterns);
/// rms_norm, layer_norm, silu
void populateLowerPointwise(mlir::RewritePatternSet &patterns);
/// rotary_table, rotary_embedding
void populateLowerRotary(mlir::RewritePatternSet &patterns);
/// cache_update, attention
void populateLowerAttention(mlir::RewritePatternSet &patterns);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_NNTOLINALG_PATTERNS_H

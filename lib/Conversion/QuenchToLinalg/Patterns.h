//===- Patterns.h - The groups of patterns of this conversion -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOLINALG_PATTERNS_H
#define QUENCH_LIB_CONVERSION_QUENCHTOLINALG_PATTERNS_H

#include "quench/Conversion/QuenchToLinalg/QuenchToLinalg.h"

namespace quench {

/// quantize, dequantize, fake_quantize
void populateLowerQuantize(const QTensorExpansion &converter, mlir::RewritePatternSet &patterns);
/// requantize
void populateLowerRequantize(const QTensorExpansion &converter, mlir::RewritePatternSet &patterns);
/// contract
void populateLowerContract(const QTensorExpansion &converter, mlir::RewritePatternSet &patterns);
/// change_basis
void populateLowerChangeBasis(const QTensorExpansion &converter, mlir::RewritePatternSet &patterns);
/// split_outliers
void populateLowerSplitOutliers(const QTensorExpansion &converter,
                                mlir::RewritePatternSet &patterns);
/// weight, observe, assemble, disassemble, overlay
void populateLowerStorage(const QTensorExpansion &converter, mlir::RewritePatternSet &patterns);

/// nn.embedding of quantized tables
void populateLowerNetwork(const QTensorExpansion &converter, mlir::RewritePatternSet &patterns);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOLINALG_PATTERNS_H

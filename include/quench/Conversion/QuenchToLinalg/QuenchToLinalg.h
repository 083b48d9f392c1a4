//===- QuenchToLinalg.h - Expand quantized tensors, lower their ops -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CONVERSION_QUENCHTOLINALG_QUENCHTOLINALG_H
#define QUENCH_CONVERSION_QUENCHTOLINALG_QUENCHTOLINALG_H

#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Transforms/DialectConversion.h"

namespace quench {

#define GEN_PASS_DECL_CONVERTQUENCHTOLINALGPASS
#include "quench/Conversion/Passes.h.inc"

/// The integer type that holds one code in memory: i8, or i16 for codes of 16 bits.
mlir::IntegerType getStoredCodeType(SchemeAttr scheme);

/// The plain tensors that a quantized tensor expands into, in their order: codes, scales in f32,
/// and zero points in i32 when the scheme has them.
llvm::SmallVector<mlir::Type> getExpandedTypes(QTensorType type);

/// Expands `!quench.qtensor` 1:N; all other types are legal.
class QTensorExpansion : public mlir::TypeConverter {
public:
  QTensorExpansion();
};

/// Adds one pattern for every op on quantized tensors. Functions, calls, branches and loops need
/// the structural conversions of their dialects besides, with the same converter.
void populateQuenchToLinalgPatterns(const QTensorExpansion &converter,
                                    mlir::RewritePatternSet &patterns);

} // namespace quench

#endif // QUENCH_CONVERSION_QUENCHTOLINALG_QUENCHTOLINALG_H

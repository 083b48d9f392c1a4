//===- WeightOverlay.h - Elements that lie over a weight --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A weight whose costliest elements are to stay floats is
//
//   %w = quench.overlay %weight at %indices with %values
//
// from the pass that chose them on. To those that quantize, %weight is what becomes codes, and the
// elements at %indices need none.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_WEIGHTOVERLAY_H
#define QUENCH_TRANSFORMS_WEIGHTOVERLAY_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/WeightStore/KeptElements.h"

#include "mlir/IR/Builders.h"

namespace quench {

/// Indices and values of an overlay of stored tensors or constants. `weights` may be null for
/// constants. Errors name the file and the tensor: indices that are not ascending or too large,
/// values that are not finite, no such tensor.
llvm::Expected<KeptElements> readOverlay(OverlayOp overlay, const WeightStore *weights);

/// Whether `readOverlay` knows the form of the operands.
bool isReadable(OverlayOp overlay);

/// How tensors of a float type are stored.
ElementKind elementKindOf(mlir::FloatType type);

/// Lays elements over `input`, whose values are of type `element`: as constants, or, with a `key`,
/// as the tensors that go with this weight (KeptElements.h).
mlir::Value createOverlay(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value input,
                          const KeptElements &kept, mlir::FloatType element, llvm::StringRef key);

} // namespace quench

#endif // QUENCH_TRANSFORMS_WEIGHTOVERLAY_H

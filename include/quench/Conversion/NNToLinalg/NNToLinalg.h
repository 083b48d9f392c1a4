//===- NNToLinalg.h - Lower nn ops to linalg on tensors -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CONVERSION_NNTOLINALG_NNTOLINALG_H
#define QUENCH_CONVERSION_NNTOLINALG_NNTOLINALG_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace quench {

#define GEN_PASS_DECL_CONVERTNNTOLINALGPASS
#include "quench/Conversion/Passes.h.inc"

/// Adds one pattern for every op of the nn dialect. They need no type converter and make no nn op,
/// so that any driver can run them.
void populateNNToLinalgPatterns(mlir::RewritePatternSet &patterns);

} // namespace quench

#endif // QUENCH_CONVERSION_NNTOLINALG_NNTOLINALG_H

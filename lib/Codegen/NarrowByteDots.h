//===- NarrowByteDots.h - Sums of products of bytes in 16 bits -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_NARROWBYTEDOTS_H
#define QUENCH_LIB_CODEGEN_NARROWBYTEDOTS_H

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Target/Target.h"

namespace quench {

/// Rewrites the products of bytes of a module whose left sides are proved so small that what an
/// instruction makes of them fits 16 bits: `vpmaddubsw`, which adds two, with half the instructions
/// of widening both sides, and `smull` of NEON. Products that add to one another are added in 16
/// bits for as long as their sum fits. Leaves all others alone, and all of them on targets without
/// such an instruction.
void narrowByteDots(mlir::Operation *module, const Target &target);

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_NARROWBYTEDOTS_H

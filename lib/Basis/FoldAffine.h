//===- FoldAffine.h - Fold the factors of norms into layers -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_FOLDAFFINE_H
#define QUENCH_LIB_BASIS_FOLDAFFINE_H

#include "quench/Basis/ConstantChain.h"

#include "mlir/IR/BuiltinOps.h"

namespace quench {

/// Folds chains `s x + t` of elementwise ops into layers: into what makes x, whose weights take s
/// in and whose bias takes t in, or into all that read the chain. Where what makes x has no bias
/// and the readers refuse, one addition stays. What is refused has a `missed` remark of `pass`; a
/// failure is an error that was said.
mlir::LogicalResult foldChannelAffine(mlir::ModuleOp module, ConstantEvaluator &evaluator,
                                      llvm::StringRef pass);

} // namespace quench

#endif // QUENCH_LIB_BASIS_FOLDAFFINE_H

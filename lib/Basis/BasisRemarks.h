//===- BasisRemarks.h - What passes say about changes of basis --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every value that a pass rebased has a `passed` remark with what became of the map, every one that
// it could not rebase a `missed` remark with who refused and why.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_BASISREMARKS_H
#define QUENCH_LIB_BASIS_BASISREMARKS_H

#include "quench/Basis/Rebase.h"
#include "quench/Workspace/RemarkParts.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

namespace quench {

/// `name` is what happened, such as "GainFolded"; `op` is where; `metrics` are what else is known.
void remarkPassed(llvm::StringRef pass, llvm::StringRef name, mlir::Operation *op,
                  const RebasePlan &plan,
                  llvm::ArrayRef<std::pair<llvm::StringRef, double>> metrics = {});
void remarkMissed(llvm::StringRef pass, llvm::StringRef name, mlir::Operation *op,
                  const RebaseRefusal &refusal);
void remarkMissed(llvm::StringRef pass, llvm::StringRef name, mlir::Operation *op,
                  const llvm::Twine &reason);

/// Runs `change` on a copy of the module, which replaces its contents when that succeeds: a pass
/// that fails halfway changes nothing.
mlir::LogicalResult changeCopy(mlir::ModuleOp module,
                               llvm::function_ref<mlir::LogicalResult(mlir::ModuleOp)> change);

} // namespace quench

#endif // QUENCH_LIB_BASIS_BASISREMARKS_H

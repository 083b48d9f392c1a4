//===- FoldedStage.h - A float model with its weights evaluated -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_FOLDEDSTAGE_H
#define QUENCH_INSIGHT_FOLDEDSTAGE_H

#include "quench/Insight/LayerMeasurement.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>

namespace quench::insight {

/// A model whose weights are under changes of basis, ready to run: the changes are evaluated once,
/// into tensors of a workspace of its own.
class FoldedStage {
public:
  /// `module` belongs to `importedWeights`, the path of a weight store; it is copied. New tensors
  /// go to the folder `scratch`. Errors are those of quench-fold-weights.
  static llvm::Expected<FoldedStage> create(llvm::StringRef name, mlir::ModuleOp module,
                                            llvm::StringRef importedWeights,
                                            llvm::StringRef scratch, unsigned threads);

  const ModelStage &stage() const { return model; }

private:
  /// Of its own: what is done here is no news for those who listen to the model's context.
  std::unique_ptr<mlir::MLIRContext> context;
  std::unique_ptr<Workspace> workspace;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  ModelStage model;
};

} // namespace quench::insight

#endif // QUENCH_INSIGHT_FOLDEDSTAGE_H

//===- PassLog.h - What the passes of a recipe did --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes know nothing of reports: they emit remarks, leave records in the workspace and change the
// module. A log listens to all three while a pass manager runs.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_PASSLOG_H
#define QUENCH_INSIGHT_PASSLOG_H

#include "quench/Insight/Report.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"

#include <memory>
#include <mutex>
#include <vector>

namespace mlir {
class PassInstrumentation;
} // namespace mlir

namespace quench {
class Workspace;
} // namespace quench

namespace quench::insight {

/// Remarks as they come. Outlives the context that emits them.
class RemarkLog {
public:
  /// From any thread.
  void add(const mlir::remark::detail::Remark &remark);

  /// What came since the last call.
  std::vector<RemarkReport> take();

private:
  std::mutex mutex;
  std::vector<RemarkReport> remarks;
};

/// A model between two passes, all of it float.
struct FloatStage {
  /// The flag of the pass that made it.
  std::string name;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Whether its weights are still tensors of the imported model, under changes of basis.
  bool hasImportedWeights;
};

/// Holds modules, so the context outlives it.
class PassLog {
public:
  /// `remarks` outlives the log.
  explicit PassLog(RemarkLog &remarks) : remarks(remarks) {}

  /// To be added to the pass manager that runs the recipe on a module. Notes the module's passes
  /// with what `workspace` (may be null) was told during each, and keeps copies of the module as it
  /// is now and as it was after each pass that changed it. The log and the workspace outlive it.
  std::unique_ptr<mlir::PassInstrumentation> listen(mlir::ModuleOp module, Workspace *workspace);

  std::vector<PassReport> takePasses() { return std::move(passes); }

  /// The module when `listen` was called.
  mlir::ModuleOp importedModule() const { return *imported; }
  /// The module after each pass that changed it, or a weight of it, and left nothing quantized in
  /// it; the last one is what was quantized. Observers are no change. quench-fold-weights gives the
  /// stage before it another form.
  llvm::ArrayRef<FloatStage> floatStages() const { return stages; }

private:
  friend class PassListener;

  RemarkLog &remarks;
  std::vector<PassReport> passes;
  mlir::OwningOpRef<mlir::ModuleOp> imported;
  std::vector<FloatStage> stages;
};

} // namespace quench::insight

#endif // QUENCH_INSIGHT_PASSLOG_H

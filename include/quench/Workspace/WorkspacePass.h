//===- WorkspacePass.h - Passes that need more than the IR ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   include "quench/Workspace/WorkspaceOptions.td"
//   def FooPass : Pass<"quench-foo", "::mlir::ModuleOp"> {
//     let options = WorkspaceOptions.options # [Option<…>, …];
//   }
//
//   struct FooPass : quench::impl::FooPassBase<FooPass>, WorkspacePass {
//     using FooPassBase::FooPassBase;
//     void runOnOperation() override {
//       llvm::Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
//       …
//
// The driver attaches one workspace to all passes of a recipe; in quench-opt each pass opens its
// own from its options.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKSPACE_WORKSPACEPASS_H
#define QUENCH_WORKSPACE_WORKSPACEPASS_H

#include "quench/Workspace/Workspace.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace quench {

/// The options of WorkspaceOptions.td: paths, and a recipe by name or path. Empty where missing.
struct WorkspacePassOptions {
  std::string weights;
  std::string archive;
  std::string recipe;
};

/// A base class of passes beside `mlir::Pass`. Copies, as pass managers make them, share what they
/// are attached to.
class WorkspacePass {
public:
  virtual ~WorkspacePass();

  /// Makes the pass work on `workspace`, which outlives it; its own options no longer count.
  void attach(Workspace &workspace) { attached = &workspace; }

protected:
  bool isAttached() const { return attached != nullptr; }

  /// The workspace that is attached, else one that is opened from `options` and lives as long as
  /// the pass.
  llvm::Expected<Workspace *> openWorkspace(const WorkspacePassOptions &options);

private:
  Workspace *attached = nullptr;
  std::shared_ptr<Workspace> own;
};

/// Attaches `workspace` to all passes of `manager` that are a `WorkspacePass`.
void attachWorkspace(mlir::OpPassManager &manager, Workspace &workspace);

} // namespace quench

#endif // QUENCH_WORKSPACE_WORKSPACEPASS_H

//===- WorkspacePassTest.cpp - Passes that need more than the IR ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workspace/WorkspacePass.h"

#include "../Support/TemporaryFolder.h"
#include "StoreFile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

/// Reports the path of its weights.
struct Probe : mlir::PassWrapper<Probe, mlir::OperationPass<mlir::ModuleOp>>, WorkspacePass {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Probe)

  Probe(WorkspacePassOptions options, std::vector<std::string> &found)
      : options(std::move(options)), found(found) {}

  void runOnOperation() override {
    llvm::Expected<Workspace *> workspace = openWorkspace(options);
    found.push_back(workspace ? (*workspace)->weights()->path().str()
                              : llvm::toString(workspace.takeError()));
  }

  WorkspacePassOptions options;
  std::vector<std::string> &found;
};

TEST(WorkspacePassTest, anAttachedWorkspaceWinsOverOptions) {
  TemporaryFolder folder;
  std::string own = putStore(folder / "own", {{"a", {1}}});
  std::string shared = putStore(folder / "shared", {{"a", {1}}});
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  std::vector<std::string> found;
  auto run = [&](Workspace *workspace) {
    mlir::PassManager manager(&context);
    manager.addPass(std::make_unique<Probe>(WorkspacePassOptions{own, "", ""}, found));
    manager.addPass(std::make_unique<Probe>(WorkspacePassOptions{"", "", "w5a5"}, found));
    if (workspace) {
      attachWorkspace(manager, *workspace);
    }
    EXPECT_TRUE(mlir::succeeded(manager.run(*module)));
  };
  run(nullptr);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], own);
  EXPECT_EQ(found[1].find("recipe 'w5a5': expected "), 0u) << found[1];
  found.clear();
  WorkspaceInputs inputs;
  inputs.weights = shared;
  std::unique_ptr<Workspace> workspace = llvm::cantFail(Workspace::open(std::move(inputs)));
  run(workspace.get());
  EXPECT_EQ(found, (std::vector<std::string>{shared, shared}));
}

} // namespace

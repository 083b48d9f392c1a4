//===- WorkspacePass.cpp - Passes that need more than the IR --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workspace/WorkspacePass.h"

#include "quench/Recipe/RecipeFile.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

using namespace llvm;
using namespace quench;

WorkspacePass::~WorkspacePass() = default;

Expected<Workspace *> WorkspacePass::openWorkspace(const WorkspacePassOptions &options) {
  if (attached) {
    return attached;
  }
  WorkspaceInputs inputs;
  inputs.weights = options.weights;
  inputs.archive = options.archive;
  if (!options.recipe.empty()) {
    Expected<recipe::Recipe> loaded = recipe::loadRecipe(options.recipe);
    if (!loaded) {
      return loaded.takeError();
    }
    inputs.recipe = std::move(*loaded);
  }
  Expected<std::unique_ptr<Workspace>> opened = Workspace::open(std::move(inputs));
  if (!opened) {
    return opened.takeError();
  }
  own = std::move(*opened);
  return own.get();
}

void quench::attachWorkspace(mlir::OpPassManager &manager, Workspace &workspace) {
  for (mlir::Pass &pass : manager.getPasses()) {
    if (auto *user = dynamic_cast<WorkspacePass *>(&pass)) {
      user->attach(workspace);
    }
  }
}

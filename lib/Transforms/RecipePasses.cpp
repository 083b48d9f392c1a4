//===- RecipePasses.cpp - The passes that a recipe names ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/RecipePasses.h"

#include "quench/Workspace/WorkspacePass.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;

/// Adds a pass by its text, as on the command line.
static Error addByName(OpPassManager &manager, const recipe::RecipePass &pass) {
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (succeeded(parsePassPipeline(pass.pipeline, manager, stream))) {
    return Error::success();
  }
  return createStringError(pass.place + ": expected a registered pass, found '" + pass.pipeline +
                           "': " + StringRef(message).trim());
}

Error quench::addRecipePasses(OpPassManager &manager, Workspace &workspace) {
  llvm::Expected<const recipe::Recipe *> recipe = workspace.recipe();
  if (!recipe) {
    return recipe.takeError();
  }
  for (const recipe::RecipePass &pass : (*recipe)->passes) {
    if (Error error = addByName(manager, pass)) {
      return error;
    }
  }
  attachWorkspace(manager, workspace);
  return Error::success();
}

//===- RecipePasses.cpp - The passes that a recipe names ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/RecipePasses.h"

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

Error quench::addRecipePasses(OpPassManager &manager, const RecipeInputs &inputs) {
  for (const recipe::RecipePass &pass : inputs.quantize.recipe.passes) {
    if (pass.pipeline == "quench-insert-observers") {
      manager.addPass(createInsertObserversPass());
    } else if (pass.pipeline == "quench-strip-observers") {
      manager.addPass(createStripObserversPass());
    } else if (pass.pipeline == "quench-quantize") {
      manager.addPass(createQuantizePass(inputs.quantize));
    } else if (pass.pipeline == "quench-annotate-calibration") {
      if (inputs.archive.empty()) {
        return createStringError(pass.place +
                                 ": the recipe needs a calibration archive, found none");
      }
      manager.addPass(createAnnotateCalibrationPass({inputs.archive, inputs.archiveWeights}));
    } else if (Error error = addByName(manager, pass)) {
      return error;
    }
  }
  return Error::success();
}

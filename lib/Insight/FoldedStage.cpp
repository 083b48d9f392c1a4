//===- FoldedStage.cpp - A float model with its weights evaluated ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/FoldedStage.h"

#include "quench/Basis/Passes.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace quench::insight {

Expected<FoldedStage> FoldedStage::create(StringRef name, ModuleOp module,
                                          StringRef importedWeights, StringRef scratch,
                                          unsigned threads) {
  WorkspaceInputs inputs;
  inputs.weights = importedWeights.str();
  inputs.scratch = scratch.str();
  inputs.threads = threads;
  Expected<std::unique_ptr<Workspace>> workspace = Workspace::open(std::move(inputs));
  if (!workspace) {
    return workspace.takeError();
  }
  FoldedStage result;
  result.workspace = std::move(*workspace);
  result.context = std::make_unique<MLIRContext>(module.getContext()->getDialectRegistry());
  result.context->printOpOnDiagnostic(false);
  Expected<OwningOpRef<ModuleOp>> copy =
      parseModuleText(printModule(module), name, *result.context);
  if (!copy) {
    return copy.takeError();
  }
  result.module = std::move(*copy);
  PassManager manager(result.context.get(), ModuleOp::getOperationName());
  manager.addPass(createFoldWeightsPass());
  attachWorkspace(manager, *result.workspace);
  if (Error failure =
          withDiagnostics(*result.context, name, [&] { return manager.run(*result.module); })) {
    return std::move(failure);
  }
  Expected<CausalLM> model = findCausalLM(*result.module, name);
  if (!model) {
    return model.takeError();
  }
  result.model = {name.str(), model->function, result.workspace->weights()};
  return std::move(result);
}

} // namespace quench::insight

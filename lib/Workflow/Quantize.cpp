//===- Quantize.cpp - Quantize a model as a recipe says -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Quantize.h"

#include "quench/Model/LinearNames.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Transforms/RecipePasses.h"
#include "quench/Verification/FunctionGuard.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/OutputPath.h"
#include "quench/Workflow/QuantizationReport.h"
#include "quench/Workspace/ReferencedTensors.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <memory>

using namespace llvm;

namespace quench::workflow {

namespace {

/// One recipe on one model.
class Quantization {
public:
  Quantization(QuantizeRequest request, const Host &host)
      : request(std::move(request)), host(host) {}

  Expected<QuantizeResult> run();

private:
  Error findArchive(const ModelFolder &folder);
  Expected<std::unique_ptr<Workspace>> openWorkspace(const ModelFolder &folder);
  Error runPasses(const LoadedModel &loaded, Workspace &workspace, insight::PassLog &log);

  QuantizeRequest request;
  const Host &host;
  /// The archive lies where one is looked for, and the recipe does without.
  bool archiveWasFound = false;
  std::optional<json::Object> certificate;
};

} // namespace

/// Decides which archive is used.
Error Quantization::findArchive(const ModelFolder &folder) {
  if (!request.archive.empty()) {
    return Error::success();
  }
  std::string standard = folder.filePath(defaultArchiveName);
  if (sys::fs::exists(standard)) {
    request.archive = standard;
    archiveWasFound = !request.recipe.needsCalibration();
  } else if (request.recipe.needsCalibration()) {
    return createStringError("recipe '" + request.recipe.name +
                             "' needs statistics: expected a calibration archive, named or at " +
                             standard + ", found none; `quench calibrate` makes one");
  }
  return Error::success();
}

Expected<std::unique_ptr<Workspace>> Quantization::openWorkspace(const ModelFolder &folder) {
  WorkspaceInputs inputs;
  inputs.weights = folder.weights().path().str();
  inputs.archive = request.archive;
  inputs.recipe = std::move(request.recipe);
  // Beside the output, where there is room for a model.
  StringRef target = StringRef(request.output).rtrim('/');
  StringRef parent = sys::path::parent_path(target);
  inputs.scratch = sys::fs::is_directory(target) ? target.str()
                   : parent.empty()              ? "."
                                                 : parent.str();
  inputs.threads = host.threads;
  inputs.progress = host.progress;
  return Workspace::open(std::move(inputs));
}

Error Quantization::runPasses(const LoadedModel &loaded, Workspace &workspace,
                              insight::PassLog &log) {
  mlir::PassManager manager(loaded.context.get());
  if (Error failure = addRecipePasses(manager, workspace)) {
    return failure;
  }
  FunctionGuard *guard = nullptr;
  if (request.verifyEach) {
    auto instrumentation = std::make_unique<FunctionGuard>(workspace);
    guard = instrumentation.get();
    manager.addInstrumentation(std::move(instrumentation));
  }
  // Instrumentations added last are the first to look after a pass: what the guard compiles has
  // remarks of its own.
  manager.addInstrumentation(log.listen(loaded.folder->module(), &workspace));
  if (Error failure = withDiagnostics(*loaded.context, request.model + ": the recipe failed",
                                      [&] { return manager.run(loaded.folder->module()); })) {
    return failure;
  }
  if (!guard) {
    return Error::success();
  }
  certificate = guard->certificate();
  workspace.report(json::Object{{"pass", "verify-each-numerically"},
                                {"certificate", json::Object(*certificate)}});
  return inContext(request.model, guard->takeError());
}

/// Fails when a layer is quantized already: passes leave such layers as they are, whatever the
/// recipe says.
static Error requireFloat(const ModelFolder &folder) {
  Error failure = Error::success();
  folder.module().walk([&](QuantizableOpInterface layer) {
    WeightOp weight = findWeight(layer.getWeightOperand().get());
    if (!weight || !isa<QTensorType>(weight.getType())) {
      return mlir::WalkResult::advance();
    }
    failure = createStringError(folder.path() + ": expected a float model, found layer '" +
                                linearName(layer) + "' quantized");
    return mlir::WalkResult::interrupt();
  });
  return failure;
}

Expected<QuantizeResult> Quantization::run() {
  if (Error failure = requireApart(request.output, request.model)) {
    return std::move(failure);
  }
  insight::RemarkLog remarks;
  Expected<LoadedModel> loaded =
      openModel(request.model, host, [&](const auto &remark) { remarks.add(remark); });
  if (!loaded) {
    return loaded.takeError();
  }
  if (Error failure = requireFloat(*loaded->folder)) {
    return std::move(failure);
  }
  if (request.verifyEach) {
    if (Error failure = loaded->folder->requireCausalLM()) {
      return inContext("cannot verify passes", std::move(failure));
    }
  }
  if (Error failure = findArchive(*loaded->folder)) {
    return std::move(failure);
  }
  Expected<std::unique_ptr<Workspace>> workspace = openWorkspace(*loaded->folder);
  if (!workspace) {
    return workspace.takeError();
  }
  mlir::ModuleOp module = loaded->folder->module();
  insight::PassLog log(remarks);
  auto writeTensors = [&](SafetensorsWriter &writer) {
    if (Error failure = runPasses(*loaded, **workspace, log)) {
      return failure;
    }
    return writeReferencedTensors(module, *(*workspace)->weights(), writer);
  };
  auto makeReport = [&](uint64_t weightBytes) {
    return QuantizationReport{
        host,        request.model,           *loaded,         **workspace, log,
        certificate, request.measuredWindows, !archiveWasFound}
        .make(weightBytes);
  };
  if (Error failure = ModelFolder::write(request.output, module, writeTensors, makeReport)) {
    return std::move(failure);
  }
  Expected<ModelSummary> summary = summarizeModel(request.output, host);
  if (!summary) {
    return summary.takeError();
  }
  return QuantizeResult{*summary, std::move(certificate)};
}

Expected<QuantizeResult> quantizeModel(QuantizeRequest request, const Host &host) {
  return Quantization(std::move(request), host).run();
}

} // namespace quench::workflow

//===- CommandQuantize.cpp - quench quantize -------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/LoadedModel.h"
#include "quench/Driver/ModelSize.h"
#include "quench/Driver/QuantizationReport.h"
#include "quench/Driver/TextTable.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Transforms/RecipePasses.h"
#include "quench/Verification/FunctionGuard.h"
#include "quench/Workspace/ReferencedTensors.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <memory>
#include <optional>

using namespace llvm;

namespace quench::driver {

namespace {

class QuantizeCommand : public Command {
public:
  StringRef name() const override { return "quantize"; }
  StringRef summary() const override { return "quantize a model as a recipe says"; }
  StringRef description() const override {
    return "Runs the passes of the recipe and writes another model folder. `quench recipes`\n"
           "lists the built-in recipes; -v says for every layer what was done, and why not.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a float model folder");
    options.text("recipe", 'r', "RECIPE", recipeName, "a built-in recipe or a file",
                 OptionTable::Need::Required);
    options.text("calibration", 'c', "ARCHIVE", archive,
                 "for static activations and passes that look at samples or statistics "
                 "(default MODEL/calibration.safetensors)");
    options.text("output", 'o', "MODEL", output, "the model folder to write",
                 OptionTable::Need::Required);
    options.flag("verify-each-numerically", 0, verifyEach,
                 "run the model after every pass that must not change what it computes");
    options.integer("measure", "N", windows, 0, INT32_MAX,
                    "calibration windows to measure outputs on for the report (default 8)");
  }
  Error run(const Console &console) override;

private:
  Error findArchive(const ModelFolder &folder, const recipe::Recipe &recipe);
  Expected<std::unique_ptr<Workspace>>
  openWorkspace(const Console &console, const ModelFolder &folder, recipe::Recipe recipe) const;
  Error runPasses(const LoadedModel &loaded, Workspace &workspace, insight::PassLog &log);

  std::string model;
  std::string recipeName;
  std::string archive;
  std::string output;
  bool verifyEach = false;
  int64_t windows = 8;
  /// The archive lies where one is looked for, and the recipe does without.
  bool archiveWasFound = false;
  /// What the verification saw.
  std::optional<json::Object> certificate;
};

} // namespace

/// Decides which archive is used.
Error QuantizeCommand::findArchive(const ModelFolder &folder, const recipe::Recipe &recipe) {
  if (!archive.empty()) {
    return Error::success();
  }
  std::string standard = folder.filePath(defaultArchiveName);
  if (sys::fs::exists(standard)) {
    archive = standard;
    archiveWasFound = !recipe.needsCalibration();
  } else if (recipe.needsCalibration()) {
    return createStringError("recipe '" + recipe.name +
                             "' needs statistics: expected a calibration archive, found neither "
                             "option '--calibration' nor " +
                             standard + "; `quench calibrate` makes one");
  }
  return Error::success();
}

Expected<std::unique_ptr<Workspace>> QuantizeCommand::openWorkspace(const Console &console,
                                                                    const ModelFolder &folder,
                                                                    recipe::Recipe recipe) const {
  WorkspaceInputs inputs;
  inputs.weights = folder.weights().path().str();
  inputs.archive = archive;
  inputs.recipe = std::move(recipe);
  // Beside the output, where there is room for a model.
  StringRef target = StringRef(output).rtrim('/');
  StringRef parent = sys::path::parent_path(target);
  inputs.scratch = sys::fs::is_directory(target) ? target.str()
                   : parent.empty()              ? "."
                                                 : parent.str();
  inputs.threads = static_cast<unsigned>(console.threads);
  inputs.progress = &console.err;
  return Workspace::open(std::move(inputs));
}

Error QuantizeCommand::runPasses(const LoadedModel &loaded, Workspace &workspace,
                                 insight::PassLog &log) {
  mlir::PassManager manager(loaded.context.get());
  if (Error failure = addRecipePasses(manager, workspace)) {
    return failure;
  }
  FunctionGuard *guard = nullptr;
  if (verifyEach) {
    auto instrumentation = std::make_unique<FunctionGuard>(workspace);
    guard = instrumentation.get();
    manager.addInstrumentation(std::move(instrumentation));
  }
  // Instrumentations added last are the first to look after a pass: what the guard compiles has
  // remarks of its own.
  manager.addInstrumentation(log.listen(loaded.folder->module(), &workspace));
  if (Error failure = withDiagnostics(*loaded.context, model + ": the recipe failed",
                                      [&] { return manager.run(loaded.folder->module()); })) {
    return failure;
  }
  if (!guard) {
    return Error::success();
  }
  certificate = guard->certificate();
  workspace.report(json::Object{{"pass", "verify-each-numerically"},
                                {"certificate", json::Object(*certificate)}});
  Error broken = guard->takeError();
  return broken ? inContext(model, std::move(broken)) : Error::success();
}

Error QuantizeCommand::run(const Console &console) {
  Expected<recipe::Recipe> recipe = recipe::loadRecipe(recipeName);
  if (!recipe) {
    return recipe.takeError();
  }
  insight::RemarkLog remarks;
  Expected<LoadedModel> loaded =
      openModel(model, console, [&](const auto &remark) { remarks.add(remark); });
  if (!loaded) {
    return loaded.takeError();
  }
  if (Error failure = findArchive(*loaded->folder, *recipe)) {
    return failure;
  }
  std::string recipeTitle = recipe->name;
  Expected<std::unique_ptr<Workspace>> workspace =
      openWorkspace(console, *loaded->folder, std::move(*recipe));
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
    return QuantizationReport{console, model,       *loaded, **workspace,
                              log,     certificate, windows, !archiveWasFound}
        .make(weightBytes);
  };
  Error written = ModelFolder::write(output, module, writeTensors, makeReport);
  if (written) {
    return written;
  }
  Expected<LoadedModel> result = openModel(output, console);
  if (!result) {
    return result.takeError();
  }
  ModelSize size = measureModel(*result->folder);
  json::Object object{{"wrote", output},
                      {"recipe", recipeTitle},
                      {"linear_layers", size.linearLayers},
                      {"quantized_layers", size.quantizedLayers},
                      {"bits_per_weight", size.bitsPerWeight},
                      {"bytes", size.bytes}};
  if (certificate) {
    object["certificate"] = std::move(*certificate);
  }
  console.report("wrote " + output + ": " + std::to_string(size.quantizedLayers) + " of " +
                     std::to_string(size.linearLayers) + " linear layers quantized, " +
                     fixed(size.bitsPerWeight, 2) + " bits per weight, " + byteCount(size.bytes),
                 std::move(object));
  return Error::success();
}

std::unique_ptr<Command> createQuantizeCommand() { return std::make_unique<QuantizeCommand>(); }

} // namespace quench::driver

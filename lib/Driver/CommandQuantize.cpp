//===- CommandQuantize.cpp - quench quantize -------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/LoadedModel.h"
#include "quench/Driver/ModelSize.h"
#include "quench/Driver/TextTable.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Transforms/RecipePasses.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"

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
                 "statistics for static activations (default MODEL/calibration.safetensors)");
    options.text("output", 'o', "MODEL", output, "the model folder to write",
                 OptionTable::Need::Required);
  }
  Error run(const Console &console) override;

private:
  Error findArchive(const ModelFolder &folder, const recipe::Recipe &recipe);
  Error runPasses(const Console &console, const LoadedModel &loaded, recipe::Recipe recipe,
                  SafetensorsWriter &writer) const;

  std::string model;
  std::string recipeName;
  std::string archive;
  std::string output;
};

} // namespace

/// Decides which archive is used; none when the recipe needs none.
Error QuantizeCommand::findArchive(const ModelFolder &folder, const recipe::Recipe &recipe) {
  if (!recipe.needsCalibration() || !archive.empty()) {
    return Error::success();
  }
  std::string standard = folder.filePath(defaultArchiveName);
  if (!sys::fs::exists(standard)) {
    return createStringError("recipe '" + recipe.name +
                             "' has static activations: expected a calibration archive, found "
                             "neither option '--calibration' nor " +
                             standard + "; `quench calibrate` makes one");
  }
  archive = standard;
  return Error::success();
}

Error QuantizeCommand::runPasses(const Console &console, const LoadedModel &loaded,
                                 recipe::Recipe recipe, SafetensorsWriter &writer) const {
  // The number of weights is only known once the pass has planned them.
  std::optional<Progress> progress;
  RecipeInputs inputs;
  inputs.quantize.recipe = std::move(recipe);
  inputs.quantize.weights = &loaded.folder->weights();
  inputs.quantize.output = &writer;
  inputs.quantize.progress = [&](size_t done, size_t total) {
    if (!progress) {
      progress.emplace("quantize", total, "weights", /*enabled=*/true, console.err);
    }
    progress->advance();
    if (done == total) {
      progress->finish();
    }
  };
  inputs.archive = archive;
  inputs.archiveWeights = loaded.folder->weights().path().str();
  mlir::PassManager manager(loaded.context.get());
  if (Error failure = addRecipePasses(manager, inputs)) {
    return failure;
  }
  return withDiagnostics(*loaded.context, model + ": the recipe failed",
                         [&] { return manager.run(loaded.folder->module()); });
}

Error QuantizeCommand::run(const Console &console) {
  Expected<recipe::Recipe> recipe = recipe::loadRecipe(recipeName);
  if (!recipe) {
    return recipe.takeError();
  }
  Expected<LoadedModel> loaded = openModel(model, console);
  if (!loaded) {
    return loaded.takeError();
  }
  if (Error failure = findArchive(*loaded->folder, *recipe)) {
    return failure;
  }
  std::string recipeTitle = recipe->name;
  Error written =
      ModelFolder::write(output, loaded->folder->module(), [&](SafetensorsWriter &writer) {
        return runPasses(console, *loaded, std::move(*recipe), writer);
      });
  if (written) {
    return written;
  }
  Expected<LoadedModel> result = openModel(output, console);
  if (!result) {
    return result.takeError();
  }
  ModelSize size = measureModel(*result->folder);
  console.report("wrote " + output + ": " + std::to_string(size.quantizedLayers) + " of " +
                     std::to_string(size.linearLayers) + " linear layers quantized, " +
                     fixed(size.bitsPerWeight, 2) + " bits per weight, " + byteCount(size.bytes),
                 json::Object{{"wrote", output},
                              {"recipe", recipeTitle},
                              {"linear_layers", size.linearLayers},
                              {"quantized_layers", size.quantizedLayers},
                              {"bits_per_weight", size.bitsPerWeight},
                              {"bytes", size.bytes}});
  return Error::success();
}

std::unique_ptr<Command> createQuantizeCommand() { return std::make_unique<QuantizeCommand>(); }

} // namespace quench::driver

//===- CommandQuantize.cpp - quench quantize -------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/KnownNames.h"
#include "quench/Driver/TextTable.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Workflow/Quantize.h"

using namespace llvm;
using namespace quench::workflow;

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
    options.positional("MODEL", request.model, "a float model folder");
    options.text("recipe", 'r', "RECIPE", recipeName, "a built-in recipe or a file",
                 OptionTable::Need::Required);
    options.suggest("recipe", recipeNames());
    options.text("calibration", 'c', "ARCHIVE", request.archive,
                 "for static activations and passes that look at samples or statistics "
                 "(default MODEL/calibration.safetensors)");
    options.text("output", 'o', "MODEL", request.output, "the model folder to write",
                 OptionTable::Need::Required);
    options.flag("verify-each-numerically", 0, request.verifyEach,
                 "run the model after every pass that must not change what it computes");
    options.integer("measure", "N", request.measuredWindows, 0, INT32_MAX,
                    "calibration windows to measure outputs on for the report (default 8)");
  }
  Error run(const Console &console) override;

private:
  std::string recipeName;
  QuantizeRequest request;
};

} // namespace

Error QuantizeCommand::run(const Console &console) {
  Expected<recipe::Recipe> recipe = recipe::loadRecipe(recipeName);
  if (!recipe) {
    return recipe.takeError();
  }
  std::string recipeTitle = recipe->name;
  request.recipe = std::move(*recipe);
  Expected<QuantizeResult> result = quantizeModel(request, console.host());
  if (!result) {
    return result.takeError();
  }
  const ModelSize &size = result->model.size;
  json::Object object{{"wrote", request.output},
                      {"recipe", recipeTitle},
                      {"linear_layers", size.linearLayers},
                      {"quantized_layers", size.quantizedLayers},
                      {"bits_per_weight", size.bitsPerWeight},
                      {"bytes", size.bytes}};
  if (result->certificate) {
    object["certificate"] = std::move(*result->certificate);
  }
  console.report("wrote " + request.output + ": " + std::to_string(size.quantizedLayers) + " of " +
                     std::to_string(size.linearLayers) + " linear layers quantized, " +
                     fixed(size.bitsPerWeight, 2) + " bits per weight, " + byteCount(size.bytes),
                 std::move(object));
  return Error::success();
}

std::unique_ptr<Command> createQuantizeCommand() { return std::make_unique<QuantizeCommand>(); }

} // namespace quench::driver

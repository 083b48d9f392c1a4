//===- CommandRecipes.cpp - quench recipes --------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/KnownNames.h"
#include "quench/Driver/TextTable.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Workflow/Catalogue.h"

using namespace llvm;

namespace quench::driver {

namespace {

class RecipesCommand : public Command {
public:
  StringRef name() const override { return "recipes"; }
  StringRef summary() const override { return "list the built-in recipes, or print one"; }
  StringRef description() const override {
    return "A recipe is a small YAML file. The printed text of a built-in one is a start for\n"
           "your own: `quench quantize --recipe FILE`.\n";
  }
  void declare(OptionTable &options) override {
    options.text("show", 0, "NAME", shown, "print the text of this recipe");
    options.suggest("show", recipeNames());
  }
  Error run(const Console &console) override;

private:
  Error show(const Console &console) const;

  std::string shown;
};

} // namespace

Error RecipesCommand::show(const Console &console) const {
  for (const recipe::BuiltinRecipe &builtin : recipe::builtinRecipes()) {
    if (builtin.name == shown) {
      if (console.json) {
        console.printJson(json::Object{{"name", builtin.name}, {"text", builtin.text}});
      } else {
        console.out << builtin.text;
      }
      return Error::success();
    }
  }
  return createStringError("expected the name of a built-in recipe, found '" + Twine(shown) +
                           "'; `quench recipes` lists them");
}

Error RecipesCommand::run(const Console &console) {
  if (!shown.empty()) {
    return show(console);
  }
  if (console.json) {
    Expected<json::Array> list = workflow::listRecipes();
    if (!list) {
      return list.takeError();
    }
    console.printJson(std::move(*list));
    return Error::success();
  }
  TextTable table({"name", "calibration", "what it does"});
  for (const recipe::BuiltinRecipe &builtin : recipe::builtinRecipes()) {
    Expected<recipe::Recipe> recipe = recipe::parseRecipe(builtin.text, builtin.name);
    if (!recipe) {
      return recipe.takeError();
    }
    table.addRow(
        {builtin.name.str(), recipe->needsCalibration() ? "needed" : "-", recipe->summary});
  }
  table.print(console.out);
  return Error::success();
}

std::unique_ptr<Command> createRecipesCommand() { return std::make_unique<RecipesCommand>(); }

} // namespace quench::driver

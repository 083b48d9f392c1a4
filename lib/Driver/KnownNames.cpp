//===- KnownNames.cpp - Names that options take ---------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/KnownNames.h"

#include "quench/Recipe/RecipeFile.h"
#include "quench/Target/TargetSpec.h"

std::vector<std::string> quench::driver::recipeNames() {
  std::vector<std::string> names;
  for (const recipe::BuiltinRecipe &builtin : recipe::builtinRecipes()) {
    names.push_back(builtin.name.str());
  }
  return names;
}

std::vector<std::string> quench::driver::targetNames() {
  std::vector<std::string> names = {"host"};
  for (const Target &target : Target::all()) {
    names.push_back(target.name);
  }
  return names;
}

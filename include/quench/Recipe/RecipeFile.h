//===- RecipeFile.h - Reading recipes ---------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   name: w4a8
//   summary: 4-bit weights in groups of 32, 8-bit activations scaled per token
//   weights: { type: i4, group: 32, scale: f16 }
//   activations: { type: i8, scale: dynamic, per: token }
//   passes: [quench-quantize]
//   layers:
//     - match: "{lm_head,*embed_tokens}"
//       weights: none
//       activations: none
//
// recipes/README.md explains all keys.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_RECIPE_RECIPEFILE_H
#define QUENCH_RECIPE_RECIPEFILE_H

#include "quench/Recipe/Recipe.h"

#include "llvm/ADT/ArrayRef.h"

namespace quench::recipe {

/// Parses a recipe. Errors read "FILE:LINE:COLUMN: expected …, found …".
llvm::Expected<Recipe> parseRecipe(llvm::StringRef text, llvm::StringRef file);

/// A recipe that comes with Quench: a file of recipes/, compiled in.
struct BuiltinRecipe {
  llvm::StringRef name;
  llvm::StringRef text;
};

/// All of them, sorted by name.
llvm::ArrayRef<BuiltinRecipe> builtinRecipes();

/// The built-in recipe of this name, or the recipe in the file of this name.
llvm::Expected<Recipe> loadRecipe(llvm::StringRef nameOrPath);

} // namespace quench::recipe

#endif // QUENCH_RECIPE_RECIPEFILE_H

//===- RecipeTarget.cpp - Recipes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A recipe that parses has formats that make valid schemes.
//
//===----------------------------------------------------------------------===//

#include "FuzzTarget.h"

#include "quench/Recipe/RecipeFile.h"

using namespace llvm;
using namespace quench;

void fuzz::fuzzRecipe(StringRef bytes) {
  Expected<recipe::Recipe> recipe = recipe::parseRecipe(bytes, "input.yaml");
  if (!recipe) {
    std::string message = toString(recipe.takeError());
    if (!StringRef(message).starts_with("input.yaml")) {
      finding("an error does not name the file", message);
    }
    return;
  }
  // Layers that the patterns of tests and recipes match, and one that few do.
  for (StringRef layer :
       {"lm_head", "model.layers.0.mlp.down_proj", "model.layers.12.self_attn.k_proj", "x"}) {
    recipe::LayerFormats formats = recipe->formatsFor(layer);
    if (!formats.weights) {
      continue;
    }
    numerics::Scheme scheme =
        formats.weights->scheme(/*rank=*/2, /*outputAxis=*/0, /*reductionAxis=*/1);
    if (Error error = scheme.verify()) {
      finding("a recipe asks for a scheme that is not valid",
              scheme.str() + ": " + toString(std::move(error)));
    }
  }
}

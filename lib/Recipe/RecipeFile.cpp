//===- RecipeFile.cpp - Reading recipes -----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/RecipeFile.h"

#include "FormatParser.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace quench;
using namespace quench::recipe;

static Expected<std::string> parseText(const YamlTree &tree, StringRef what) {
  if (tree.kind != YamlTree::Kind::Scalar || tree.text.empty()) {
    return tree.expected(what);
  }
  return tree.text;
}

static Expected<LayerRule> parseRule(const YamlTree &tree) {
  constexpr StringLiteral what = "a rule for layers";
  if (Error error = tree.checkMapping(what, {"match", "weights", "activations"})) {
    return std::move(error);
  }
  Expected<const YamlTree *> match = requireMember(tree, "match", what);
  if (!match) {
    return match.takeError();
  }
  Expected<std::string> text = parseText(**match, "a pattern for names of layers");
  if (!text) {
    return text.takeError();
  }
  LayerRule rule;
  rule.match = std::move(*text);
  if (Error error = GlobPattern::create(rule.match, LayerRule::maxAlternatives).takeError()) {
    return (*match)->error("malformed pattern '" + rule.match + "': " + toString(std::move(error)));
  }
  if (const YamlTree *weights = tree.lookup("weights")) {
    rule.hasWeights = true;
    if (Error error = parseWeights(*weights, rule.weights)) {
      return std::move(error);
    }
  }
  if (const YamlTree *activations = tree.lookup("activations")) {
    rule.hasActivations = true;
    if (Error error = parseActivations(*activations, rule.activations)) {
      return std::move(error);
    }
  }
  if (!rule.hasWeights && !rule.hasActivations) {
    return tree.error("expected 'weights' or 'activations' in " + what + ", found neither");
  }
  return std::move(rule);
}

static Error parsePasses(const YamlTree &root, Recipe &recipe) {
  Expected<const YamlTree *> passes = requireMember(root, "passes", "a recipe");
  if (!passes) {
    return passes.takeError();
  }
  if ((*passes)->kind != YamlTree::Kind::Sequence) {
    return (*passes)->expected("a sequence of passes");
  }
  for (const YamlTree &pass : (*passes)->elements) {
    Expected<std::string> text = parseText(pass, "the name of a pass");
    if (!text) {
      return text.takeError();
    }
    recipe.passes.push_back({std::move(*text), pass.place});
  }
  return Error::success();
}

static Error parseHead(const YamlTree &root, StringRef key, std::string &result) {
  Expected<const YamlTree *> tree = requireMember(root, key, "a recipe");
  if (!tree) {
    return tree.takeError();
  }
  Expected<std::string> text = parseText(**tree, "a line of text");
  if (!text) {
    return text.takeError();
  }
  if (StringRef(*text).contains('\n')) {
    return (*tree)->error("expected one line, found several");
  }
  result = std::move(*text);
  return Error::success();
}

Expected<Recipe> quench::recipe::parseRecipe(StringRef text, StringRef file) {
  Expected<YamlTree> root = parseYaml(text, file);
  if (!root) {
    return root.takeError();
  }
  Recipe recipe;
  recipe.text = text.str();
  if (Error error = root->checkMapping(
          "a recipe", {"name", "summary", "weights", "activations", "cache", "passes", "layers"})) {
    return std::move(error);
  }
  if (Error error = parseHead(*root, "name", recipe.name)) {
    return std::move(error);
  }
  if (Error error = parseHead(*root, "summary", recipe.summary)) {
    return std::move(error);
  }
  if (const YamlTree *weights = root->lookup("weights")) {
    if (Error error = parseWeights(*weights, recipe.weights)) {
      return std::move(error);
    }
  }
  if (const YamlTree *activations = root->lookup("activations")) {
    if (Error error = parseActivations(*activations, recipe.activations)) {
      return std::move(error);
    }
  }
  if (const YamlTree *cache = root->lookup("cache")) {
    if (Error error = parseCache(*cache, recipe.cache)) {
      return std::move(error);
    }
  }
  if (Error error = parsePasses(*root, recipe)) {
    return std::move(error);
  }
  if (const YamlTree *layers = root->lookup("layers")) {
    if (layers->kind != YamlTree::Kind::Sequence) {
      return layers->expected("a sequence of rules");
    }
    for (const YamlTree &element : layers->elements) {
      Expected<LayerRule> rule = parseRule(element);
      if (!rule) {
        return rule.takeError();
      }
      recipe.layers.push_back(std::move(*rule));
    }
  }
  return std::move(recipe);
}

Expected<Recipe> quench::recipe::loadRecipe(StringRef nameOrPath) {
  SmallVector<StringRef> names;
  for (const BuiltinRecipe &builtin : builtinRecipes()) {
    if (builtin.name == nameOrPath) {
      return parseRecipe(builtin.text, ("recipes/" + builtin.name + ".yaml").str());
    }
    names.push_back(builtin.name);
  }
  if (!sys::fs::exists(nameOrPath)) {
    return createStringError("recipe '" + nameOrPath + "': expected a file or one of " +
                             join(names, ", "));
  }
  constexpr uint64_t maxBytes = uint64_t(1) << 20;
  uint64_t size = 0;
  if (!sys::fs::file_size(nameOrPath, size) && size > maxBytes) {
    return createStringError(nameOrPath + ": expected a recipe of at most 1 MiB, found " +
                             Twine(size) + " bytes");
  }
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(nameOrPath);
  if (!buffer) {
    return createStringError(nameOrPath + ": cannot read: " + buffer.getError().message());
  }
  return parseRecipe((*buffer)->getBuffer(), nameOrPath);
}

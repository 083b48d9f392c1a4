//===- RecipeFile.cpp - Reading recipes -----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/RecipeFile.h"

#include "YamlTree.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace quench;
using namespace quench::recipe;

/// The largest group that makes sense of a typo being a number.
static constexpr int64_t maxGroup = int64_t(1) << 30;

static constexpr StringLiteral typeNames =
    "i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN "
    "or nf4";

/// A member that has to be there.
static Expected<const YamlTree *> require(const YamlTree &mapping, StringRef key, StringRef what) {
  if (const YamlTree *value = mapping.lookup(key)) {
    return value;
  }
  return mapping.error("expected '" + key + "' in " + what + ", found none");
}

static Expected<std::string> parseText(const YamlTree &tree, StringRef what) {
  if (tree.kind != YamlTree::Kind::Scalar || tree.text.empty()) {
    return tree.expected(what);
  }
  return tree.text;
}

/// One of a few words; `index` becomes the number of the word that was found.
static Error parseWord(const YamlTree &tree, ArrayRef<StringRef> words, unsigned &index) {
  const StringRef *word = find(words, tree.text);
  if (tree.kind != YamlTree::Kind::Scalar || word == words.end()) {
    return tree.expected(join(words, " or "));
  }
  index = word - words.begin();
  return Error::success();
}

static bool isNone(const YamlTree &tree) {
  return tree.kind == YamlTree::Kind::Scalar && tree.text == "none";
}

static Error parseElement(const YamlTree &mapping, StringRef what, numerics::Encoding &element) {
  Expected<const YamlTree *> tree = require(mapping, "type", what);
  if (!tree) {
    return tree.takeError();
  }
  StringRef text = (*tree)->text;
  unsigned bits = 0;
  if (text == "nf4") {
    element = numerics::Encoding::nf4();
  } else if (std::optional<numerics::FloatFormat> format = numerics::parseFloatFormat(text)) {
    element = numerics::Encoding::floating(*format);
  } else {
    bool isSigned = !text.consume_front("u");
    if (!text.consume_front("i") || text.getAsInteger(10, bits) || bits > 16) {
      return (*tree)->expected(typeNames);
    }
    element = numerics::Encoding::integer(bits, isSigned);
  }
  if (Error error = element.verify()) {
    consumeError(std::move(error));
    return (*tree)->expected(typeNames);
  }
  return Error::success();
}

static Error parseZeroPoint(const YamlTree &mapping, bool &zeroPoint) {
  const YamlTree *tree = mapping.lookup("zero_point");
  unsigned word = 0;
  if (tree) {
    if (Error error = parseWord(*tree, {"false", "true"}, word)) {
      return error;
    }
  }
  zeroPoint = word == 1;
  return Error::success();
}

/// Reports what the scheme itself refuses, at the place of its mapping.
static Error checkScheme(const YamlTree &mapping, const numerics::Scheme &scheme) {
  if (Error error = scheme.verify()) {
    return mapping.error(toString(std::move(error)));
  }
  return Error::success();
}

static Error parseGroup(const YamlTree &mapping, StringRef what, WeightFormat &format) {
  Expected<const YamlTree *> tree = require(mapping, "group", what);
  if (!tree) {
    return tree.takeError();
  }
  StringRef text = (*tree)->text;
  if (text == "channel") {
    format.block = WeightBlock::Channel;
  } else if (text == "tensor") {
    format.block = WeightBlock::Tensor;
  } else if (!text.getAsInteger(10, format.groupSize) && format.groupSize > 0 &&
             format.groupSize <= maxGroup) {
    format.block = WeightBlock::Group;
  } else {
    return (*tree)->expected("a group size from 1 to 2^30, 'channel' or 'tensor'");
  }
  return Error::success();
}

static Error parseWeightFormat(const YamlTree &mapping, StringRef what, bool nested,
                               WeightFormat &format) {
  SmallVector<StringRef> keys = {"type", "group", "scale"};
  if (!nested) {
    keys.push_back("zero_point");
  }
  if (Error error = mapping.checkMapping(what, keys)) {
    return error;
  }
  if (Error error = parseElement(mapping, what, format.element)) {
    return error;
  }
  if (Error error = parseGroup(mapping, what, format)) {
    return error;
  }
  if (Error error = parseZeroPoint(mapping, format.zeroPoint)) {
    return error;
  }
  if (const YamlTree *scale = mapping.lookup("scale")) {
    if (scale->kind == YamlTree::Kind::Mapping && !nested) {
      auto scaleFormat = std::make_shared<WeightFormat>();
      if (Error error = parseWeightFormat(*scale, "the format of scales", true, *scaleFormat)) {
        return error;
      }
      format.nestedScale = std::move(scaleFormat);
    } else {
      static constexpr numerics::FloatFormat formats[] = {
          numerics::FloatFormat::F32, numerics::FloatFormat::F16, numerics::FloatFormat::BF16,
          numerics::FloatFormat::F8E8M0FNU};
      unsigned word = 0;
      if (Error error = parseWord(*scale, {"f32", "f16", "bf16", "f8E8M0FNU"}, word)) {
        return error;
      }
      format.scale = formats[word];
    }
  }
  return checkScheme(mapping, format.scheme(/*rank=*/2, /*outputAxis=*/0, /*reductionAxis=*/1));
}

static Error parseWeights(const YamlTree &tree, std::optional<WeightFormat> &format) {
  format.reset();
  return isNone(tree) ? Error::success()
                      : parseWeightFormat(tree, "the format of weights", false, format.emplace());
}

static Error parseActivations(const YamlTree &tree, std::optional<ActivationFormat> &result) {
  result.reset();
  if (isNone(tree)) {
    return Error::success();
  }
  constexpr StringLiteral what = "the format of activations";
  ActivationFormat &format = result.emplace();
  if (Error error = tree.checkMapping(what, {"type", "scale", "per", "zero_point"})) {
    return error;
  }
  if (Error error = parseElement(tree, what, format.element)) {
    return error;
  }
  Expected<const YamlTree *> scale = require(tree, "scale", what);
  if (!scale) {
    return scale.takeError();
  }
  Expected<const YamlTree *> per = require(tree, "per", what);
  if (!per) {
    return per.takeError();
  }
  unsigned dynamic = 0, token = 0;
  if (Error error = parseWord(**scale, {"static", "dynamic"}, dynamic)) {
    return error;
  }
  if (Error error = parseWord(**per, {"tensor", "token"}, token)) {
    return error;
  }
  format.dynamic = dynamic == 1;
  format.block = token == 1 ? ActivationBlock::Token : ActivationBlock::Tensor;
  if (!format.dynamic && format.block == ActivationBlock::Token) {
    return (*per)->error("static scales are known before the tokens are; expected 'per: tensor'");
  }
  if (Error error = parseZeroPoint(tree, format.zeroPoint)) {
    return error;
  }
  return checkScheme(tree, format.scheme(/*rank=*/2, /*reductionAxis=*/1));
}

static Expected<LayerRule> parseRule(const YamlTree &tree) {
  constexpr StringLiteral what = "a rule for layers";
  if (Error error = tree.checkMapping(what, {"match", "weights", "activations"})) {
    return std::move(error);
  }
  Expected<const YamlTree *> match = require(tree, "match", what);
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
  Expected<const YamlTree *> passes = require(root, "passes", "a recipe");
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
  Expected<const YamlTree *> tree = require(root, key, "a recipe");
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
          "a recipe", {"name", "summary", "weights", "activations", "passes", "layers"})) {
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

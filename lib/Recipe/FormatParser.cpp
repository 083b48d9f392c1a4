//===- FormatParser.cpp - Formats of weights, activations and caches ------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FormatParser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace llvm;
using namespace quench;
using namespace quench::recipe;
using numerics::Encoding;
using numerics::FloatFormat;

/// The largest group that makes sense of a typo being a number.
static constexpr int64_t maxGroup = int64_t(1) << 30;

static constexpr StringLiteral typeNames =
    "i1 to i8, i16, ui1 to ui8, ui16, f16, bf16, f8E4M3FN, f8E5M2, f6E3M2FN, f6E2M3FN, f4E2M1FN, "
    "nf4 or a list of 2, 4, ... 256 ascending values";

Expected<const YamlTree *> quench::recipe::requireMember(const YamlTree &mapping, StringRef key,
                                                         StringRef what) {
  if (const YamlTree *value = mapping.lookup(key)) {
    return value;
  }
  return mapping.error("expected '" + key + "' in " + what + ", found none");
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

/// Reports what the scheme itself refuses, at the place of its mapping.
static Error checkScheme(const YamlTree &mapping, const numerics::Scheme &scheme) {
  if (Error error = scheme.verify()) {
    return mapping.error(toString(std::move(error)));
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// A codebook: the values that codes stand for.
static Error parseCodebook(const YamlTree &tree, Encoding &element) {
  std::vector<float> values;
  for (const YamlTree &entry : tree.elements) {
    double value = 0.0;
    if (entry.kind != YamlTree::Kind::Scalar || StringRef(entry.text).getAsDouble(value) ||
        !std::isfinite(static_cast<float>(value))) {
      return entry.expected("a finite number");
    }
    values.push_back(static_cast<float>(value));
  }
  element = Encoding::codebook("", values);
  if (Error error = element.verify()) {
    return tree.error(toString(std::move(error)));
  }
  return Error::success();
}

/// Restricts the codes of an integer to `codes: [min, max]`.
static Error parseCodes(const YamlTree &tree, Encoding &element) {
  int32_t bounds[2] = {};
  if (tree.kind != YamlTree::Kind::Sequence || tree.elements.size() != 2) {
    return tree.expected("[smallest code, largest code]");
  }
  for (auto [entry, bound] : zip_equal(tree.elements, bounds)) {
    if (entry.kind != YamlTree::Kind::Scalar || StringRef(entry.text).getAsInteger(10, bound)) {
      return entry.expected("an integer");
    }
  }
  if (!element.isInteger()) {
    return tree.error("only integers have a range of codes");
  }
  element = Encoding::integer(element.bitWidth(), element.isSigned(), bounds[0], bounds[1]);
  if (Error error = element.verify()) {
    return tree.error(toString(std::move(error)));
  }
  return Error::success();
}

static Error parseType(const YamlTree &tree, Encoding &element) {
  if (tree.kind == YamlTree::Kind::Sequence) {
    return parseCodebook(tree, element);
  }
  StringRef text = tree.text;
  unsigned bits = 0;
  if (text == "nf4") {
    element = Encoding::nf4();
  } else if (std::optional<FloatFormat> format = numerics::parseFloatFormat(text)) {
    element = Encoding::floating(*format);
  } else {
    bool isSigned = !text.consume_front("u");
    if (!text.consume_front("i") || text.getAsInteger(10, bits) || bits > 16) {
      return tree.expected(typeNames);
    }
    element = Encoding::integer(bits, isSigned);
  }
  if (Error error = element.verify()) {
    consumeError(std::move(error));
    return tree.expected(typeNames);
  }
  return Error::success();
}

static Error parseElement(const YamlTree &mapping, StringRef what, Encoding &element) {
  Expected<const YamlTree *> tree = requireMember(mapping, "type", what);
  if (!tree) {
    return tree.takeError();
  }
  if (Error error = parseType(**tree, element)) {
    return error;
  }
  const YamlTree *codes = mapping.lookup("codes");
  return codes ? parseCodes(*codes, element) : Error::success();
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static Error parseWeightFormat(const YamlTree &mapping, StringRef what, bool nested,
                               WeightFormat &format);

/// The format of scales or of real zero points: a float type, a mapping with a float type and a
/// rule, or the mapping of a format.
static Error parseParameters(const YamlTree &tree, StringRef what, ParameterFormat &format) {
  const YamlTree *type = &tree;
  if (tree.kind == YamlTree::Kind::Mapping) {
    if (tree.lookup("group")) {
      auto nested = std::make_shared<WeightFormat>();
      if (Error error = parseWeightFormat(tree, what, /*nested=*/true, *nested)) {
        return error;
      }
      format.nested = std::move(nested);
      return Error::success();
    }
    if (Error error = tree.checkMapping(what, {"type", "rule"})) {
      return error;
    }
    Expected<const YamlTree *> member = requireMember(tree, "type", what);
    if (!member) {
      return member.takeError();
    }
    type = *member;
  }
  static constexpr FloatFormat formats[] = {FloatFormat::F32, FloatFormat::F16, FloatFormat::BF16,
                                            FloatFormat::F8E8M0FNU};
  unsigned word = 0;
  if (Error error = parseWord(*type, {"f32", "f16", "bf16", "f8E8M0FNU"}, word)) {
    return error;
  }
  format.type = formats[word];
  const YamlTree *rule = tree.lookup("rule");
  if (!rule) {
    return Error::success();
  }
  if (format.type != FloatFormat::F8E8M0FNU) {
    return rule->error("only f8E8M0FNU scales have a rule");
  }
  std::optional<numerics::MxScaleRule> parsed = numerics::parseMxScaleRule(rule->text);
  if (!parsed) {
    return rule->expected("floor or ceil or even or rceil");
  }
  format.rule = *parsed;
  return Error::success();
}

/// `true`, `false`, or the format of real zero points.
static Error parseZeroPoint(const YamlTree &mapping, bool &zeroPoint,
                            std::optional<ParameterFormat> *real) {
  const YamlTree *tree = mapping.lookup("zero_point");
  zeroPoint = tree && tree->text == "true";
  if (!tree || zeroPoint || tree->text == "false") {
    return Error::success();
  }
  if (!real) {
    return tree->expected("false or true");
  }
  return parseParameters(*tree, "the format of zero points", real->emplace());
}

static Error parseGroup(const YamlTree &mapping, StringRef what, WeightFormat &format) {
  Expected<const YamlTree *> tree = requireMember(mapping, "group", what);
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

static Error parseRange(const YamlTree &mapping, WeightFormat &format) {
  const YamlTree *tree = mapping.lookup("range");
  if (!tree) {
    return Error::success();
  }
  std::optional<numerics::RangeRule> rule = numerics::parseRangeRule(tree->text);
  if (!rule) {
    return tree->expected("absmax or mse or half-step or absmean");
  }
  format.range = *rule;
  return Error::success();
}

static Error parseWeightFormat(const YamlTree &mapping, StringRef what, bool nested,
                               WeightFormat &format) {
  SmallVector<StringRef> keys = {"type", "codes", "group", "scale"};
  if (!nested) {
    keys.append({"zero_point", "range"});
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
  if (Error error = parseZeroPoint(mapping, format.zeroPoint, &format.realZeroPoint)) {
    return error;
  }
  if (const YamlTree *scale = mapping.lookup("scale")) {
    if (Error error = parseParameters(*scale, "the format of scales", format.scale)) {
      return error;
    }
  }
  if (Error error = parseRange(mapping, format)) {
    return error;
  }
  numerics::Scheme scheme = format.scheme(/*rank=*/2, /*outputAxis=*/0, /*reductionAxis=*/1);
  if (Error error = checkScheme(mapping, scheme)) {
    return error;
  }
  if (Error error = numerics::verify(format.range, scheme)) {
    return mapping.error(toString(std::move(error)));
  }
  return Error::success();
}

Error quench::recipe::parseWeights(const YamlTree &tree, std::optional<WeightFormat> &format) {
  format.reset();
  return isNone(tree) ? Error::success()
                      : parseWeightFormat(tree, "the format of weights", false, format.emplace());
}

//===----------------------------------------------------------------------===//
// Activations and caches
//===----------------------------------------------------------------------===//

static Error parseClip(const YamlTree &mapping, double &clip) {
  const YamlTree *tree = mapping.lookup("clip");
  if (tree && (tree->kind != YamlTree::Kind::Scalar || StringRef(tree->text).getAsDouble(clip) ||
               !(clip > 0.0 && clip <= 1.0))) {
    return tree->expected("a number above 0 and at most 1");
  }
  return Error::success();
}

/// The size of a group of `per: group`, which has to be there then and only then.
static Error parseGroupSize(const YamlTree &mapping, StringRef what, bool isGroup, int64_t &size) {
  const YamlTree *tree = mapping.lookup("group");
  if (!isGroup) {
    return tree ? tree->error("only 'per: group' has a group") : Error::success();
  }
  Expected<const YamlTree *> member = requireMember(mapping, "group", what);
  if (!member) {
    return member.takeError();
  }
  if (StringRef((*member)->text).getAsInteger(10, size) || size < 1 || size > maxGroup) {
    return (*member)->expected("a group size from 1 to 2^30");
  }
  return Error::success();
}

/// The magnitude from which on channels stay float.
static Error parseOutliers(const YamlTree &mapping, ActivationFormat &format) {
  const YamlTree *tree = mapping.lookup("outliers");
  if (!tree) {
    return Error::success();
  }
  if (!format.dynamic) {
    return tree->error("outliers are found at run time, where static scales are known before; "
                       "expected none");
  }
  if (tree->kind != YamlTree::Kind::Scalar || StringRef(tree->text).getAsDouble(format.outliers) ||
      !(format.outliers > 0.0) || !std::isfinite(format.outliers)) {
    return tree->expected("a number above 0");
  }
  return Error::success();
}

static Error parseActivationFormat(const YamlTree &tree, ActivationFormat &format) {
  if (tree.kind == YamlTree::Kind::Scalar) {
    unsigned word = 0;
    if (Error error = parseWord(tree, {"f16", "bf16"}, word)) {
      consumeError(std::move(error));
      return tree.expected("none or f16 or bf16 or a mapping");
    }
    format.element = Encoding::floating(word == 0 ? FloatFormat::F16 : FloatFormat::BF16);
    format.unscaled = true;
    return Error::success();
  }
  constexpr StringLiteral what = "the format of activations";
  if (Error error = tree.checkMapping(what, {"type", "codes", "scale", "per", "group",
                                             "scale_format", "zero_point", "clip", "outliers"})) {
    return error;
  }
  if (Error error = parseElement(tree, what, format.element)) {
    return error;
  }
  Expected<const YamlTree *> scale = requireMember(tree, "scale", what);
  if (!scale) {
    return scale.takeError();
  }
  Expected<const YamlTree *> per = requireMember(tree, "per", what);
  if (!per) {
    return per.takeError();
  }
  static constexpr ActivationBlock blocks[] = {ActivationBlock::Tensor, ActivationBlock::Channel,
                                               ActivationBlock::Token, ActivationBlock::Group};
  unsigned dynamic = 0, block = 0;
  if (Error error = parseWord(**scale, {"static", "dynamic"}, dynamic)) {
    return error;
  }
  if (Error error = parseWord(**per, {"tensor", "channel", "token", "group"}, block)) {
    return error;
  }
  format.dynamic = dynamic == 1;
  format.block = blocks[block];
  bool isOfTokens =
      format.block == ActivationBlock::Token || format.block == ActivationBlock::Group;
  if (!format.dynamic && isOfTokens) {
    return (*per)->error("static scales are known before the tokens are; expected 'per: tensor' or "
                         "'per: channel'");
  }
  if (format.dynamic && format.block == ActivationBlock::Channel) {
    return (*per)->error("scales of channels come from all tokens; expected 'scale: static'");
  }
  if (Error error =
          parseGroupSize(tree, what, format.block == ActivationBlock::Group, format.groupSize)) {
    return error;
  }
  if (const YamlTree *stored = tree.lookup("scale_format")) {
    if (Error error = parseParameters(*stored, "the format of scales", format.scale)) {
      return error;
    }
    if (!format.dynamic && format.scale.nested) {
      return stored->error("static scales are stored in a float type; expected no format of "
                           "their own");
    }
  }
  if (Error error = parseZeroPoint(tree, format.zeroPoint, nullptr)) {
    return error;
  }
  if (Error error = parseClip(tree, format.clip)) {
    return error;
  }
  if (!format.dynamic && format.clip != 1.0) {
    return tree.lookup("clip")->error("the range of static scales is chosen by calibration; "
                                      "expected no clip");
  }
  if (Error error = parseOutliers(tree, format)) {
    return error;
  }
  return checkScheme(tree, format.scheme(/*rank=*/2, /*reductionAxis=*/1));
}

Error quench::recipe::parseActivations(const YamlTree &tree,
                                       std::optional<ActivationFormat> &format) {
  format.reset();
  return isNone(tree) ? Error::success() : parseActivationFormat(tree, format.emplace());
}

static Error parseCacheFormat(const YamlTree &tree, CacheFormat &format) {
  constexpr StringLiteral what = "the format of the cache";
  if (Error error = tree.checkMapping(
          what, {"type", "codes", "per", "group", "scale", "zero_point", "clip"})) {
    return error;
  }
  if (Error error = parseElement(tree, what, format.element)) {
    return error;
  }
  Expected<const YamlTree *> per = requireMember(tree, "per", what);
  if (!per) {
    return per.takeError();
  }
  unsigned block = 0;
  if (Error error = parseWord(**per, {"head", "group"}, block)) {
    return error;
  }
  if (Error error = parseGroupSize(tree, what, block == 1, format.groupSize)) {
    return error;
  }
  if (const YamlTree *scale = tree.lookup("scale")) {
    if (Error error = parseParameters(*scale, "the format of scales", format.scale)) {
      return error;
    }
    if (format.scale.nested) {
      return scale->error("scales of a cache are stored in a float type; expected no format of "
                          "their own");
    }
  }
  if (Error error = parseZeroPoint(tree, format.zeroPoint, nullptr)) {
    return error;
  }
  if (Error error = parseClip(tree, format.clip)) {
    return error;
  }
  return checkScheme(tree, format.scheme());
}

Error quench::recipe::parseCache(const YamlTree &tree, std::optional<CacheFormat> &format) {
  format.reset();
  return isNone(tree) ? Error::success() : parseCacheFormat(tree, format.emplace());
}

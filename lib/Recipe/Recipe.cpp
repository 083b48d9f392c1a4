//===- Recipe.cpp - What to quantize, and how -----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/Recipe.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace quench;
using namespace quench::recipe;

numerics::ScaleSpec ParameterFormat::spec(unsigned rank, unsigned outputAxis,
                                          unsigned reductionAxis) const {
  return nested ? numerics::ScaleSpec(nested->scheme(rank, outputAxis, reductionAxis))
                : numerics::ScaleSpec(type, rule);
}

bool ParameterFormat::operator==(const ParameterFormat &other) const {
  if (nested || other.nested) {
    return nested && other.nested && *nested == *other.nested;
  }
  return type == other.type && rule == other.rule;
}

std::string ParameterFormat::str(StringRef what) const {
  if (nested) {
    return (what + " " + nested->str()).str();
  }
  std::string text = (numerics::name(type) + " " + what).str();
  if (rule != numerics::MxScaleRule::Floor) {
    text += (" (" + numerics::name(rule) + ")").str();
  }
  return text;
}

numerics::Scheme WeightFormat::scheme(unsigned rank, unsigned outputAxis,
                                      unsigned reductionAxis) const {
  numerics::Scheme result;
  result.element = element;
  result.zeroPoint = zeroPoint;
  result.block.assign(rank, numerics::kWhole);
  if (block != WeightBlock::Tensor) {
    result.block[outputAxis] = 1;
  }
  if (block == WeightBlock::Group) {
    // Axes that are neither (the window of a convolution) are not crossed by a group.
    result.block.assign(rank, 1);
    result.block[reductionAxis] = groupSize;
  }
  result.scale = scale.spec(rank, outputAxis, reductionAxis);
  if (realZeroPoint) {
    result.realZeroPoint = realZeroPoint->spec(rank, outputAxis, reductionAxis);
  }
  return result;
}

bool WeightFormat::operator==(const WeightFormat &other) const {
  return element == other.element && block == other.block && groupSize == other.groupSize &&
         scale == other.scale && zeroPoint == other.zeroPoint &&
         realZeroPoint == other.realZeroPoint && range == other.range;
}

std::string WeightFormat::str() const {
  std::string text = element.str();
  switch (block) {
  case WeightBlock::Tensor:
    text += " per tensor";
    break;
  case WeightBlock::Channel:
    text += " per channel";
    break;
  case WeightBlock::Group:
    text += " in groups of " + std::to_string(groupSize);
    break;
  }
  if (zeroPoint) {
    text += " with zero points";
  } else if (realZeroPoint) {
    text += " with " + realZeroPoint->str("zero points");
  }
  text += ", " + scale.str("scales");
  if (range != numerics::RangeRule::Absmax) {
    text += (" by " + numerics::name(range)).str();
  }
  return text;
}

numerics::Scheme ActivationFormat::scheme(unsigned rank, unsigned reductionAxis) const {
  numerics::Scheme result;
  result.element = element;
  result.zeroPoint = zeroPoint;
  bool isOfAllTokens = block == ActivationBlock::Tensor || block == ActivationBlock::Channel;
  result.block.assign(rank, isOfAllTokens ? numerics::kWhole : 1);
  result.block[reductionAxis] = block == ActivationBlock::Group     ? groupSize
                                : block == ActivationBlock::Channel ? 1
                                                                    : numerics::kWhole;
  result.scale = scale.spec(rank, reductionAxis == 0 ? 1 : 0, reductionAxis);
  return result;
}

bool ActivationFormat::operator==(const ActivationFormat &other) const {
  return element == other.element && block == other.block && groupSize == other.groupSize &&
         dynamic == other.dynamic && scale == other.scale && zeroPoint == other.zeroPoint &&
         clip == other.clip && outliers == other.outliers && unscaled == other.unscaled;
}

/// ", clipped at 0.9", or nothing.
static std::string clipText(double clip) {
  std::string text;
  if (clip != 1.0) {
    raw_string_ostream(text) << format(", clipped at %g", clip);
  }
  return text;
}

/// ", f16 scales", or nothing for plain f32.
static std::string storedText(const ParameterFormat &scale) {
  return scale == ParameterFormat() ? std::string() : ", " + scale.str("scales");
}

std::string ActivationFormat::str() const {
  if (unscaled) {
    return element.str();
  }
  std::string text = element.str() + (zeroPoint ? " with a zero point, one " : ", one ") +
                     (dynamic ? "dynamic" : "static") + " scale per ";
  switch (block) {
  case ActivationBlock::Tensor:
    text += "tensor";
    break;
  case ActivationBlock::Channel:
    text += "channel";
    break;
  case ActivationBlock::Token:
    text += "token";
    break;
  case ActivationBlock::Group:
    text += "group of " + std::to_string(groupSize);
    break;
  }
  text += storedText(scale) + clipText(clip);
  if (outliers > 0.0) {
    raw_string_ostream(text) << format(", channels that reach %g in float", outliers);
  }
  return text;
}

numerics::Scheme CacheFormat::scheme() const {
  numerics::Scheme result;
  result.element = element;
  result.zeroPoint = zeroPoint;
  result.block = {1, 1, groupSize > 0 ? groupSize : numerics::kWhole};
  result.scale = scale.spec(/*rank=*/3, /*outputAxis=*/0, /*reductionAxis=*/2);
  return result;
}

std::string CacheFormat::str() const {
  std::string per = groupSize > 0 ? "group of " + std::to_string(groupSize) : std::string("head");
  return element.str() + (zeroPoint ? " with zero points" : "") + ", one dynamic scale per " + per +
         storedText(scale) + clipText(clip);
}

bool RecipePass::readsCalibration() const {
  StringRef name = StringRef(pipeline).take_until([](char c) { return c == '{' || c == ' '; });
  return StringSwitch<bool>(name)
      .Cases({"quench-allocate-bits", "quench-annotate-calibration", "quench-calibrate",
              "quench-clip-weights", "quench-correct-bias", "quench-gptq", "quench-keep-outliers",
              "quench-permute", "quench-scale-salient", "quench-smooth"},
             true)
      .Default(false);
}

bool Recipe::needsCalibration() const {
  auto isStatic = [](const std::optional<ActivationFormat> &format) {
    return format && !format->dynamic;
  };
  return isStatic(activations) ||
         any_of(passes, [](const RecipePass &pass) { return pass.readsCalibration(); }) ||
         any_of(layers, [&](const LayerRule &rule) { return isStatic(rule.activations); });
}

bool LayerRule::matches(StringRef layer) const {
  // A GlobPattern points into the text it was made from, so it is not kept.
  Expected<GlobPattern> pattern = GlobPattern::create(match, maxAlternatives);
  if (!pattern) {
    consumeError(pattern.takeError());
    return false;
  }
  return pattern->match(layer);
}

LayerFormats Recipe::formatsFor(StringRef layer) const {
  LayerFormats result;
  result.weights = weights;
  result.activations = activations;
  for (const LayerRule &rule : layers) {
    if (!rule.matches(layer)) {
      continue;
    }
    if (rule.hasWeights) {
      result.weights = rule.weights;
      result.weightRule = &rule;
    }
    if (rule.hasActivations) {
      result.activations = rule.activations;
    }
  }
  return result;
}

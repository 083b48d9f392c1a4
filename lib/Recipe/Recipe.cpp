//===- Recipe.cpp - What to quantize, and how -----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/Recipe.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/GlobPattern.h"

using namespace llvm;
using namespace quench;
using namespace quench::recipe;

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
  if (nestedScale) {
    result.scale = numerics::ScaleSpec(nestedScale->scheme(rank, outputAxis, reductionAxis));
  } else {
    result.scale = numerics::ScaleSpec(scale);
  }
  return result;
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
  text += zeroPoint ? " with zero points, " : ", ";
  text += nestedScale ? "scales " + nestedScale->str() : numerics::name(scale).str() + " scales";
  return text;
}

numerics::Scheme ActivationFormat::scheme(unsigned rank, unsigned reductionAxis) const {
  numerics::Scheme result;
  result.element = element;
  result.zeroPoint = zeroPoint;
  result.block.assign(rank, block == ActivationBlock::Tensor ? numerics::kWhole : 1);
  result.block[reductionAxis] = numerics::kWhole;
  return result;
}

bool ActivationFormat::operator==(const ActivationFormat &other) const {
  return element == other.element && block == other.block && dynamic == other.dynamic &&
         zeroPoint == other.zeroPoint;
}

std::string ActivationFormat::str() const {
  return element.str() + (zeroPoint ? " with a zero point, one " : ", one ") +
         (dynamic ? "dynamic" : "static") + " scale per " +
         (block == ActivationBlock::Tensor ? "tensor" : "token");
}

bool Recipe::needsCalibration() const {
  auto isStatic = [](const std::optional<ActivationFormat> &format) {
    return format && !format->dynamic;
  };
  return isStatic(activations) ||
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

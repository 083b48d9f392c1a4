//===- Recipe.h - What to quantize, and how ---------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A recipe names the passes that quantize a model, in order, and says how weights and activations
// are stored: by default, and for layers whose names match a pattern. recipes/README.md
// is its manual.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_RECIPE_RECIPE_H
#define QUENCH_RECIPE_RECIPE_H

#include "quench/Numerics/Scheme.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quench::recipe {

struct WeightFormat;

/// Which elements of a weight share a scale.
enum class WeightBlock {
  /// All of them.
  Tensor,
  /// Those of one output channel.
  Channel,
  /// Consecutive ones of an output channel.
  Group,
};

/// How weights are stored. The scales of a weight are a tensor with the same axes, and may have a
/// format themselves.
struct WeightFormat {
  numerics::Encoding element;
  WeightBlock block = WeightBlock::Channel;
  /// Elements of a group; the last group of a channel may be shorter.
  int64_t groupSize = 0;
  numerics::FloatFormat scale = numerics::FloatFormat::F32;
  /// Rules out `scale` when set.
  std::shared_ptr<const WeightFormat> nestedScale;
  bool zeroPoint = false;

  /// The scheme for weights of this rank with these axes for output channels and reduction.
  numerics::Scheme scheme(unsigned rank, unsigned outputAxis, unsigned reductionAxis) const;

  /// "i4 in groups of 32, f16 scales".
  std::string str() const;
};

/// Which elements of an activation share a scale.
enum class ActivationBlock {
  Tensor,
  /// Those that one output element is computed from: a row for a linear layer.
  Token,
};

/// How activations are stored. Scales are f32.
struct ActivationFormat {
  numerics::Encoding element;
  ActivationBlock block = ActivationBlock::Token;
  /// Scales are computed from the data at run time, otherwise from calibration.
  bool dynamic = true;
  bool zeroPoint = false;

  /// The scheme for activations of this rank that are summed over this axis.
  numerics::Scheme scheme(unsigned rank, unsigned reductionAxis) const;

  bool operator==(const ActivationFormat &other) const;

  /// "i8, one dynamic scale per token".
  std::string str() const;
};

/// What a recipe says about the layers whose names match a pattern.
struct LayerRule {
  /// The most alternatives that the braces of a pattern may stand for.
  static constexpr size_t maxAlternatives = 1024;

  /// A valid glob: `*`, `?`, `[a-z]`, `{a,b}`; it has to match the whole name, and `*` also matches
  /// dots.
  std::string match;
  /// A rule leaves alone what it does not mention; what it mentions without a format stays float.
  bool hasWeights = false;
  bool hasActivations = false;
  std::optional<WeightFormat> weights;
  std::optional<ActivationFormat> activations;

  bool matches(llvm::StringRef layer) const;
};

/// What a recipe says about one layer.
struct LayerFormats {
  /// Empty where the layer stays float.
  std::optional<WeightFormat> weights;
  std::optional<ActivationFormat> activations;
  /// The rule that decided about the weights, null when the defaults did.
  const LayerRule *weightRule = nullptr;
};

/// A pass with its options, as the textual pipeline syntax has it.
struct RecipePass {
  std::string pipeline;
  /// "FILE:LINE:COLUMN", for messages.
  std::string place;
};

struct Recipe {
  std::string name;
  /// One line.
  std::string summary;
  /// The file that it was read from, as it is; empty for recipes made in memory.
  std::string text;
  std::vector<RecipePass> passes;
  std::optional<WeightFormat> weights;
  std::optional<ActivationFormat> activations;
  std::vector<LayerRule> layers;

  /// Whether some layer may need ranges from calibration.
  bool needsCalibration() const;

  /// What holds for a layer: of the rules that match, the last one that mentions weights decides
  /// about weights, and the last one that mentions activations about those.
  LayerFormats formatsFor(llvm::StringRef layer) const;
};

} // namespace quench::recipe

#endif // QUENCH_RECIPE_RECIPE_H

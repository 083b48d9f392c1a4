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
#include "quench/Numerics/WeightRange.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quench::recipe {

struct WeightFormat;

/// How numbers that the elements of a block share, scales or real zero points, are stored.
struct ParameterFormat {
  numerics::FloatFormat type = numerics::FloatFormat::F32;
  /// How scales that are powers of two follow from values; used only when `type` is f8E8M0FNU.
  numerics::MxScaleRule rule = numerics::MxScaleRule::Floor;
  /// Rules out `type` when set: the numbers are a tensor with the axes of their weight, and have a
  /// format themselves.
  std::shared_ptr<const WeightFormat> nested;

  numerics::ScaleSpec spec(unsigned rank, unsigned outputAxis, unsigned reductionAxis) const;

  bool operator==(const ParameterFormat &other) const;

  /// "f16 scales", "f8E8M0FNU scales (ceil)", "scales ui8 in groups of 256, f32 scales"; `what` is
  /// "scales".
  std::string str(llvm::StringRef what) const;
};

/// Which elements of a weight share a scale.
enum class WeightBlock {
  /// All of them.
  Tensor,
  /// Those of one output channel.
  Channel,
  /// Consecutive ones of an output channel.
  Group,
};

/// How weights are stored.
struct WeightFormat {
  numerics::Encoding element;
  WeightBlock block = WeightBlock::Channel;
  /// Elements of a group; the last group of a channel may be shorter.
  int64_t groupSize = 0;
  ParameterFormat scale;
  /// Integer zero points.
  bool zeroPoint = false;
  /// How real zero points are stored; rules out `zeroPoint` when set.
  std::optional<ParameterFormat> realZeroPoint;
  /// How scales follow from values.
  numerics::RangeRule range = numerics::RangeRule::Absmax;

  /// The scheme for weights of this rank with these axes for output channels and reduction.
  numerics::Scheme scheme(unsigned rank, unsigned outputAxis, unsigned reductionAxis) const;

  bool operator==(const WeightFormat &other) const;

  /// "i4 in groups of 32, f16 scales by mse".
  std::string str() const;
};

/// Which elements of an activation share a scale.
enum class ActivationBlock {
  Tensor,
  /// Those of one index on the axis that is summed over: a column for a linear layer. Static.
  Channel,
  /// Those that one output element is computed from: a row for a linear layer.
  Token,
  /// Consecutive ones of a token.
  Group,
};

/// How activations are stored.
struct ActivationFormat {
  numerics::Encoding element;
  ActivationBlock block = ActivationBlock::Token;
  /// Elements of a group; the last group of a token may be shorter.
  int64_t groupSize = 0;
  /// Scales are computed from the data at run time, otherwise from calibration.
  bool dynamic = true;
  ParameterFormat scale;
  bool zeroPoint = false;
  /// What the range of a block is multiplied with before dynamic scales follow from it.
  double clip = 1.0;
  /// Channels with values of this magnitude stay float; 0 for none.
  double outliers = 0.0;
  /// Rounded to `element`, f16 or bf16, as they are: nothing else above counts.
  bool unscaled = false;

  /// The scheme for activations of this rank that are summed over this axis.
  numerics::Scheme scheme(unsigned rank, unsigned reductionAxis) const;

  bool operator==(const ActivationFormat &other) const;

  /// "i8, one dynamic scale per token".
  std::string str() const;
};

/// How the keys and values of past tokens are stored.
struct CacheFormat {
  numerics::Encoding element;
  /// Elements of a head of one token that share a scale; 0 when all do.
  int64_t groupSize = 0;
  ParameterFormat scale;
  bool zeroPoint = false;
  double clip = 1.0;

  /// The scheme of caches: tokens x heads x elements of a head.
  numerics::Scheme scheme() const;

  /// "ui4 with zero points, one dynamic scale per head".
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

  /// Whether it is one of the passes that start from samples or statistics.
  bool readsCalibration() const;
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
  /// Empty where keys and values stay float.
  std::optional<CacheFormat> cache;
  std::vector<LayerRule> layers;

  /// Whether some layer may need ranges from calibration, or a pass samples or statistics.
  bool needsCalibration() const;

  /// What holds for a layer: of the rules that match, the last one that mentions weights decides
  /// about weights, and the last one that mentions activations about those.
  LayerFormats formatsFor(llvm::StringRef layer) const;
};

} // namespace quench::recipe

#endif // QUENCH_RECIPE_RECIPE_H

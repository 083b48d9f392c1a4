//===- NNBasis.cpp - Networks under a change of basis ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BasisOpInterface of the nn ops. Each answer is an equation, written above it: with x' for what a
// port becomes, the op computes its primed results from its primed operands.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/NN/IR/NNOps.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Numerics/BasisMap.h"

#include <cmath>

using namespace mlir;
using namespace quench;
using namespace quench::nn;

static BasisUse on(int64_t axis, MapUse map) { return {axis, 1, map}; }

static bool isOn(const BasisUse &use, int64_t axis) {
  return use.firstAxis == axis && use.numAxes == 1;
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

//===----------------------------------------------------------------------===//
// Embedding and linear layers
//===----------------------------------------------------------------------===//

/// result' = result M  ⇔  table' = table M
BasisAnswer EmbeddingOp::propagateBasis(BasisPort port, const BasisUse &use) {
  if (!isa<RankedTensorType>(getTable().getType())) {
    return BasisAnswer::refuse("its table is quantized");
  }
  if (!isOn(use, 1)) {
    return BasisAnswer::refuse("only the width of its table can change its basis");
  }
  return BasisAnswer::of(
      {{port.isResult ? BasisPort::operand(0) : BasisPort::result(0), on(1, use.map)}});
}

void EmbeddingOp::widenToOperands() {
  auto type = cast<RankedTensorType>(getResult().getType());
  getResult().setType(type.clone(getElementTypeOrSelf(getTable().getType())));
}

/// input' = input M         ⇔  weight' = weight M⁻ᵀ
/// result' = result N       ⇔  weight' = Nᵀ weight (N along axis 0), bias' = bias N
BasisAnswer LinearOp::propagateBasis(BasisPort port, const BasisUse &use) {
  constexpr auto input = BasisPort::operand(0), weight = BasisPort::operand(1),
                 bias = BasisPort::operand(2), result = BasisPort::result(0);
  if (use.numAxes != 1) {
    return BasisAnswer::refuse("a map that mixes the two axes of a weight does not pass it");
  }
  if (port == input || (port == weight && use.firstAxis == 1)) {
    if (use.firstAxis != 1) {
      return BasisAnswer::refuse("its tokens cannot change their basis");
    }
    return BasisAnswer::of({{port == input ? weight : input, on(1, contragredient(use.map))}});
  }
  if (port == result && use.firstAxis != 1) {
    return BasisAnswer::refuse("its tokens cannot change their basis");
  }
  BasisAlternative others = {{result, on(1, use.map)}, {weight, on(0, use.map)}};
  if (getBias()) {
    others.push_back({bias, on(0, use.map)});
  }
  llvm::erase_if(others, [&](const auto &other) { return other.first == port; });
  return BasisAnswer::of(others);
}

//===----------------------------------------------------------------------===//
// Norms and activations
//===----------------------------------------------------------------------===//

/// |x M| = |x| for orthogonal M:  input' = input M  ⇔  result' = result M, without a gain
/// permutations reorder the gain; signs commute with it
/// result' = result D           ⇔  gain' = gain D for diagonal D
BasisAnswer RMSNormOp::propagateBasis(BasisPort port, const BasisUse &use) {
  constexpr auto input = BasisPort::operand(0), gain = BasisPort::operand(1),
                 result = BasisPort::result(0);
  int64_t axis = port == gain ? 0 : 1;
  if (!isOn(use, axis)) {
    return BasisAnswer::refuse("its tokens cannot change their basis");
  }
  BasisAnswer answer;
  bool reordersGain = isPermutation(use.map), scalesGain = isDiagonal(use.map);
  if (isOrthogonal(use.map) && (port != gain || reordersGain) &&
      (!getGain() || reordersGain || scalesGain)) {
    BasisAlternative others = {{input, on(1, use.map)}, {result, on(1, use.map)}};
    if (getGain()) {
      others.push_back({gain, reordersGain ? on(0, use.map) : BasisUse()});
    }
    llvm::erase_if(others, [&](const auto &other) { return other.first == port; });
    answer.alternatives.push_back(others);
  }
  if (scalesGain && getGain() && port != input) {
    BasisPort other = port == gain ? result : gain;
    // Absorbing is preferred to passing on.
    answer.alternatives.insert(answer.alternatives.begin(),
                               {{other, on(other.isResult ? 1 : 0, use.map)}, {input, BasisUse()}});
  }
  if (!answer.alternatives.empty()) {
    return answer;
  }
  if (getGain() && isOrthogonal(use.map)) {
    return BasisAnswer::refuse(
        "its gain is not folded into what reads it (quench-fold-norms does)");
  }
  return BasisAnswer::refuse(getGain() ? "only orthogonal maps keep the mean square of its input"
                                       : "only orthogonal maps pass a norm without gain");
}

/// Whether 1 M = 1 for the row of ones, so that an orthogonal map keeps the mean of a row:
/// mean(x M) = x M 1ᵀ / n = x 1ᵀ / n.
static bool keepsMean(MapUse use) {
  if (use.isIdentity() || isPermutation(use)) {
    return true;
  }
  llvm::Expected<numerics::BasisMap> map = use.map.getNumericsMap();
  if (!map) {
    llvm::consumeError(map.takeError());
    return false;
  }
  constexpr double tolerance = 1e-6;
  std::vector<double> ones(use.map.getDimension(), 1.0);
  // Of an orthogonal map M⁻¹ = Mᵀ keeps them when M does.
  if (llvm::Error error = map->apply(ones)) {
    llvm::consumeError(std::move(error));
    return false;
  }
  return llvm::all_of(ones, [](double one) { return std::abs(one - 1.0) <= tolerance; });
}

/// |x M| = |x| and mean(x M) = mean(x) for an orthogonal M that keeps the row of ones:
/// input' = input M             ⇔  result' = result M, without gain and bias
/// permutations reorder gain and bias
/// result' = result D           ⇔  gain' = gain D, bias' = bias D for diagonal D
BasisAnswer LayerNormOp::propagateBasis(BasisPort port, const BasisUse &use) {
  constexpr auto input = BasisPort::operand(0), result = BasisPort::result(0);
  SmallVector<BasisPort, 2> vectors;
  for (unsigned i = 1; i < getNumOperands(); ++i) {
    vectors.push_back(BasisPort::operand(i));
  }
  bool isVector = llvm::is_contained(vectors, port);
  if (!isOn(use, isVector ? 0 : 1)) {
    return BasisAnswer::refuse("its tokens cannot change their basis");
  }
  auto answerWith = [&](const BasisUse &ofInput, bool changesVectors) {
    BasisAlternative others = {{input, ofInput}, {result, on(1, use.map)}};
    for (BasisPort vector : vectors) {
      others.push_back({vector, changesVectors ? on(0, use.map) : BasisUse()});
    }
    llvm::erase_if(others, [&](const auto &other) { return other.first == port; });
    return others;
  };
  BasisAnswer answer;
  if (isDiagonal(use.map) && getGain() && port != input) {
    answer.alternatives.push_back(answerWith(BasisUse(), true));
  }
  bool reorders = isPermutation(use.map);
  bool turns = !isVector && vectors.empty() && isOrthogonal(use.map) && keepsMean(use.map);
  if (reorders || turns) {
    answer.alternatives.push_back(answerWith(on(1, use.map), true));
  }
  if (!answer.alternatives.empty()) {
    return answer;
  }
  if (!isOrthogonal(use.map)) {
    return BasisAnswer::refuse(getGain() ? "only orthogonal maps keep the variance of its input"
                                         : "only orthogonal maps pass a norm without gain");
  }
  return BasisAnswer::refuse(
      keepsMean(use.map)
          ? "its gain and bias are not folded into what reads it (quench-fold-norms does)"
          : "it subtracts the mean of the channels, which the map does not keep");
}

/// Elementwise: input' = input P  ⇔  result' = result P
BasisAnswer SiLUOp::propagateBasis(BasisPort port, const BasisUse &use) {
  if (!isPermutation(use.map)) {
    return BasisAnswer::refuse("only permutations pass an activation that is not homogeneous");
  }
  return BasisAnswer::of({{port.isResult ? BasisPort::operand(0) : BasisPort::result(0), use}});
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Heads are turned alike: any map across heads passes. Along a head, a diagonal passes that is the
/// same on both halves.
BasisAnswer RotaryEmbeddingOp::propagateBasis(BasisPort port, const BasisUse &use) {
  ArrayRef<int64_t> shape = shapeOf(getInput());
  BasisPort other = port.isResult ? BasisPort::operand(0) : BasisPort::result(0);
  if (!port.isResult && port.index != 0) {
    return BasisAnswer::refuse("its tables cannot change their basis");
  }
  if (isOn(use, 1)) {
    return BasisAnswer::of({{other, use}});
  }
  bool passes = use.firstAxis >= 1 && isDiagonal(use.map);
  if (passes) {
    int64_t heads = use.firstAxis == 1 ? shape[1] : 1;
    std::optional<SmallVector<MapUse>> halves = split(use.map, 2 * heads);
    passes = halves.has_value();
    for (int64_t head = 0; passes && head < heads; ++head) {
      passes = (*halves)[2 * head] == (*halves)[2 * head + 1];
    }
  }
  if (!passes) {
    return BasisAnswer::refuse("it turns the halves of each head by its position, only diagonals "
                               "that are equal on both halves pass");
  }
  return BasisAnswer::of({{other, use}});
}

/// input' = input M, cache' = cache M  ⇔  result' = result M, for maps that leave rows alone
BasisAnswer CacheUpdateOp::propagateBasis(BasisPort port, const BasisUse &use) {
  if (use.firstAxis == 0) {
    return BasisAnswer::refuse("its tokens cannot change their basis");
  }
  BasisAlternative others = {
      {BasisPort::operand(0), use}, {BasisPort::operand(1), use}, {BasisPort::result(0), use}};
  llvm::erase_if(others, [&](const auto &other) { return other.first == port; });
  return BasisAnswer::of(others);
}

/// The maps of `heads` heads, or nothing when the use mixes heads or tokens.
static std::optional<SmallVector<MapUse>> mapsOfHeads(const BasisUse &use,
                                                      ArrayRef<int64_t> shape) {
  if (use.firstAxis == 0) {
    return std::nullopt;
  }
  std::optional<MapUse> all = widen(use, shape, 1, 3);
  return all ? split(*all, shape[1]) : std::nullopt;
}

/// With M of a key head and of the query heads that share it:
/// query' = query M   ⇔  keys' = keys M⁻ᵀ
/// values' = values M  ⇔  result' = result M
BasisAnswer AttentionOp::propagateBasis(BasisPort port, const BasisUse &use) {
  constexpr auto query = BasisPort::operand(0), keys = BasisPort::operand(1),
                 values = BasisPort::operand(2), result = BasisPort::result(0);
  ArrayRef<int64_t> queryShape = shapeOf(getQuery()), keyShape = shapeOf(getKeys());
  int64_t keyHeads = keyShape[1], headSize = keyShape[2];
  bool isKeySide = port == keys || port == values;
  if (keyHeads <= 0 || headSize <= 0 || queryShape[1] <= 0) {
    return BasisAnswer::refuse("its heads are not known");
  }
  int64_t group = queryShape[1] / keyHeads;
  std::optional<SmallVector<MapUse>> heads = mapsOfHeads(use, isKeySide ? keyShape : queryShape);
  if (!heads) {
    return BasisAnswer::refuse("only maps within heads pass");
  }
  SmallVector<MapUse> others;
  for (int64_t head = 0; head < keyHeads; ++head) {
    if (isKeySide) {
      others.append(group, (*heads)[head]);
      continue;
    }
    auto sharing = ArrayRef(*heads).slice(head * group, group);
    if (!llvm::all_equal(sharing)) {
      return BasisAnswer::refuse("query heads that share a key head have different maps");
    }
    others.push_back(sharing.front());
  }
  MapUse joined = join(getContext(), others, headSize);
  bool scores = port == query || port == keys;
  BasisPort other = port == query ? keys : port == keys ? query : port == values ? result : values;
  return BasisAnswer::of({{other, BasisUse{1, 2, scores ? contragredient(joined) : joined}}});
}

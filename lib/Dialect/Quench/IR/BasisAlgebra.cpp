//===- BasisAlgebra.cpp - Composing and cancelling maps -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

#include "MapParts.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace quench;
using namespace quench::basis;

//===----------------------------------------------------------------------===//
// Making maps
//===----------------------------------------------------------------------===//

MapUse quench::diagonalOf(MLIRContext *context, ArrayRef<double> entries) {
  if (llvm::all_of(entries, [](double entry) { return entry == 1.0; })) {
    return {};
  }
  auto size = static_cast<int64_t>(entries.size());
  SmallVector<float> narrow;
  for (double entry : entries) {
    narrow.push_back(static_cast<float>(entry));
  }
  ElementsAttr attribute;
  if (llvm::equal(narrow, entries)) {
    auto type = RankedTensorType::get({size}, Float32Type::get(context));
    attribute = DenseElementsAttr::get(type, ArrayRef<float>(narrow));
  } else {
    auto type = RankedTensorType::get({size}, Float64Type::get(context));
    attribute = DenseElementsAttr::get(type, entries);
  }
  return normalize(MapUse{cast<BasisMapAttrInterface>(DiagonalAttr::get(context, attribute))});
}

MapUse basis::permutationOf(MLIRContext *context, ArrayRef<int64_t> sources) {
  for (auto [index, source] : llvm::enumerate(sources)) {
    if (static_cast<int64_t>(index) != source) {
      return {cast<BasisMapAttrInterface>(
          PermutationAttr::get(context, DenseI64ArrayAttr::get(context, sources)))};
    }
  }
  return {};
}

SmallVector<int64_t> basis::identityOrder(int64_t size) {
  return llvm::to_vector(llvm::seq<int64_t>(0, size));
}

ArrayRef<int64_t> basis::sourcesOf(const MapUse &use) {
  return cast<PermutationAttr>(use.map).getSources().asArrayRef();
}

std::optional<std::vector<double>> basis::entriesOf(const MapUse &use) {
  auto diagonal = dyn_cast_or_null<DiagonalAttr>(use.map);
  return diagonal ? diagonal.getValues() : std::nullopt;
}

BasisMapAttrInterface basis::withoutFlags(const MapUse &use) {
  if (!use.inverse && !use.transposed) {
    return use.map;
  }
  return ComposedAttr::get(use.map.getContext(), ArrayRef(use));
}

static SmallVector<MapUse> factorsOf(const MapUse &use) {
  if (use.isIdentity()) {
    return {};
  }
  if (auto composed = dyn_cast<ComposedAttr>(use.map)) {
    return composed.getFactors();
  }
  return {use};
}

//===----------------------------------------------------------------------===//
// Composition
//===----------------------------------------------------------------------===//

/// One normalized use that is `first` and then `second`; nothing when they stay two.
static std::optional<MapUse> merge(const MapUse &first, const MapUse &second) {
  if (invert(first) == second) {
    return MapUse();
  }
  MLIRContext *context = first.map.getContext();
  if (isa<PermutationAttr>(first.map) && isa<PermutationAttr>(second.map)) {
    SmallVector<int64_t> sources;
    for (int64_t middle : sourcesOf(second)) {
      sources.push_back(sourcesOf(first)[middle]);
    }
    return permutationOf(context, sources);
  }
  if (first.inverse != second.inverse) {
    return std::nullopt;
  }
  std::optional<std::vector<double>> lhs = entriesOf(first), rhs = entriesOf(second);
  if (!lhs || !rhs) {
    return std::nullopt;
  }
  for (auto [entry, factor] : llvm::zip_equal(*lhs, *rhs)) {
    entry *= factor;
  }
  if (!llvm::all_of(*lhs, [](double entry) { return std::isfinite(entry); })) {
    return std::nullopt;
  }
  MapUse product = diagonalOf(context, *lhs);
  product.inverse = first.inverse && !product.isIdentity();
  return normalize(product);
}

/// Appends a normalized use that is not a composition.
static void appendFactor(SmallVectorImpl<MapUse> &factors, MapUse factor) {
  while (!factor.isIdentity()) {
    std::optional<MapUse> merged;
    if (!factors.empty()) {
      merged = merge(factors.back(), factor);
    }
    if (!merged) {
      factors.push_back(factor);
      return;
    }
    factors.pop_back();
    factor = *merged;
  }
}

MapUse basis::composeAll(ArrayRef<MapUse> uses) {
  SmallVector<MapUse> factors;
  for (const MapUse &use : uses) {
    for (const MapUse &factor : factorsOf(normalize(use))) {
      appendFactor(factors, factor);
    }
  }
  if (factors.empty()) {
    return {};
  }
  if (factors.size() == 1) {
    return factors.front();
  }
  return {ComposedAttr::get(factors.front().map.getContext(), ArrayRef(factors))};
}

MapUse quench::compose(MapUse first, MapUse second) { return composeAll({first, second}); }

static MapUse normalizeComposed(ComposedAttr composed, bool inverse, bool transposed) {
  SmallVector<MapUse> factors = composed.getFactors();
  for (MapUse &factor : factors) {
    factor.inverse ^= inverse;
    factor.transposed ^= transposed;
  }
  // (A B)⁻¹ = B⁻¹ A⁻¹ and (A B)ᵀ = Bᵀ Aᵀ
  if (inverse != transposed) {
    std::reverse(factors.begin(), factors.end());
  }
  return composeAll(factors);
}

//===----------------------------------------------------------------------===//
// Flags
//===----------------------------------------------------------------------===//

MapUse quench::normalize(MapUse use) {
  if (use.isIdentity()) {
    return {};
  }
  MLIRContext *context = use.map.getContext();
  if (auto composed = dyn_cast<ComposedAttr>(use.map)) {
    return normalizeComposed(composed, use.inverse, use.transposed);
  }
  if (auto blocks = dyn_cast<BlockDiagonalAttr>(use.map)) {
    return normalizeBlocks(blocks, use.inverse, use.transposed);
  }
  if (auto permutation = dyn_cast<PermutationAttr>(use.map)) {
    ArrayRef<int64_t> sources = sourcesOf(use);
    if (use.inverse == use.transposed) {
      return permutationOf(context, sources);
    }
    SmallVector<int64_t> inverse(sources.size());
    for (auto [index, source] : llvm::enumerate(sources)) {
      inverse[source] = static_cast<int64_t>(index);
    }
    return permutationOf(context, inverse);
  }
  if (std::optional<std::vector<double>> entries = entriesOf(use);
      entries && llvm::all_of(*entries, [](double entry) { return entry == 1.0; })) {
    return {};
  }
  if (use.map.isSymmetric()) {
    use.transposed = false;
  }
  if (use.map.isOrthogonal()) {
    use.inverse ^= use.transposed;
    use.transposed = false;
    if (use.map.isSymmetric()) {
      use.inverse = false;
    }
  }
  return use;
}

MapUse quench::invert(MapUse use) {
  use.inverse = !use.inverse;
  return normalize(use);
}

MapUse quench::transpose(MapUse use) {
  use.transposed = !use.transposed;
  return normalize(use);
}

MapUse quench::contragredient(MapUse use) { return transpose(invert(use)); }

bool quench::isOrthogonal(MapUse use) { return use.isIdentity() || use.map.isOrthogonal(); }
bool quench::isDiagonal(MapUse use) { return use.isIdentity() || use.map.isDiagonal(); }
bool quench::isPermutation(MapUse use) { return use.isIdentity() || use.map.isPermutation(); }

bool quench::isPositiveDiagonal(MapUse use) {
  auto diagonal = dyn_cast_or_null<DiagonalAttr>(use.map);
  return use.isIdentity() || (diagonal && diagonal.isPositive());
}

std::string quench::describe(MapUse use) {
  if (use.isIdentity()) {
    return "identity";
  }
  StringRef name = llvm::TypeSwitch<Attribute, StringRef>(use.map)
                       .Case([](DiagonalAttr) { return "diagonal"; })
                       .Case([](PermutationAttr) { return "permutation"; })
                       .Case([](HadamardAttr) { return "hadamard"; })
                       .Case([](HartleyAttr) { return "hartley"; })
                       .Case([](OrthogonalAttr) { return "orthogonal"; })
                       .Case([](BlockDiagonalAttr) { return "block diagonal"; })
                       .Case([](ComposedAttr) { return "composition"; })
                       .Default([](Attribute) { return "map"; });
  return (Twine(use.inverse ? "inverse " : "") + (use.transposed ? "transposed " : "") + name +
          " of " + Twine(use.map.getDimension()))
      .str();
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

BasisUse quench::normalize(BasisUse use, ArrayRef<int64_t> shape) {
  use.map = normalize(use.map);
  while (!use.isIdentity() && use.numAxes > 1) {
    int64_t first = shape[use.firstAxis], last = shape[use.endAxis() - 1];
    std::optional<SmallVector<MapUse>> blocks = split(use.map, first);
    if (blocks && llvm::all_equal(*blocks)) {
      use.map = blocks->front();
      ++use.firstAxis;
    } else if (std::optional<MapUse> outer = gather(use.map, last)) {
      use.map = *outer;
    } else {
      break;
    }
    --use.numAxes;
  }
  return use.isIdentity() ? BasisUse() : use;
}

BasisUse quench::invert(BasisUse use) {
  use.map = invert(use.map);
  return use;
}

BasisUse quench::contragredient(BasisUse use) {
  use.map = contragredient(use.map);
  return use;
}

std::optional<MapUse> quench::widen(const BasisUse &use, ArrayRef<int64_t> shape, int64_t firstAxis,
                                    int64_t endAxis) {
  if (use.isIdentity()) {
    return MapUse();
  }
  auto extent = [&](int64_t begin, int64_t end) {
    int64_t product = 1;
    for (int64_t dim : shape.slice(begin, end - begin)) {
      product = ShapedType::isDynamic(dim) || ShapedType::isDynamic(product) ? ShapedType::kDynamic
                                                                             : product * dim;
    }
    return product;
  };
  int64_t before = extent(firstAxis, use.firstAxis), after = extent(use.endAxis(), endAxis);
  if (ShapedType::isDynamic(before) || ShapedType::isDynamic(after)) {
    return std::nullopt;
  }
  std::optional<MapUse> inner = spread(use.map, after);
  if (!inner) {
    return std::nullopt;
  }
  return repeat(*inner, before);
}

std::optional<BasisUse> quench::compose(const BasisUse &first, const BasisUse &second,
                                        ArrayRef<int64_t> shape) {
  if (first.isIdentity() || second.isIdentity()) {
    return normalize(first.isIdentity() ? second : first, shape);
  }
  int64_t firstAxis = std::min(first.firstAxis, second.firstAxis);
  int64_t endAxis = std::max(first.endAxis(), second.endAxis());
  std::optional<MapUse> lhs = widen(first, shape, firstAxis, endAxis);
  std::optional<MapUse> rhs = widen(second, shape, firstAxis, endAxis);
  if (!lhs || !rhs) {
    return std::nullopt;
  }
  return normalize(BasisUse{firstAxis, endAxis - firstAxis, compose(*lhs, *rhs)}, shape);
}

//===- BasisAlgebraBlocks.cpp - Maps that are made of blocks -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

#include "MapParts.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quench;
using namespace quench::basis;

MapUse basis::normalizeBlocks(BlockDiagonalAttr blocks, bool inverse, bool transposed) {
  SmallVector<MapUse> uses;
  for (BasisMapAttrInterface block : blocks.getBlocks()) {
    uses.push_back(normalize(MapUse{block, inverse, transposed}));
  }
  if (uses.size() == 1) {
    return repeat(uses.front(), blocks.getCopies());
  }
  if (llvm::all_of(uses, [](const MapUse &use) { return use.isIdentity(); })) {
    return {};
  }
  int64_t dimension = blocks.getBlocks().front().getDimension();
  bool sameDimension = llvm::all_of(blocks.getBlocks(), [&](BasisMapAttrInterface block) {
    return block.getDimension() == dimension;
  });
  if (sameDimension) {
    return join(blocks.getContext(), uses, dimension);
  }
  // Only flags move inside; blocks of different dimensions stay listed.
  SmallVector<BasisMapAttrInterface> listed;
  for (auto [block, use] : llvm::zip_equal(blocks.getBlocks(), uses)) {
    listed.push_back(
        use.isIdentity()
            ? BasisMapAttrInterface(PermutationAttr::get(
                  blocks.getContext(),
                  DenseI64ArrayAttr::get(blocks.getContext(), identityOrder(block.getDimension()))))
            : withoutFlags(use));
  }
  return {BlockDiagonalAttr::get(blocks.getContext(), listed, 1)};
}

MapUse quench::repeat(MapUse use, int64_t copies) {
  use = normalize(use);
  if (use.isIdentity() || copies == 1) {
    return use;
  }
  MLIRContext *context = use.map.getContext();
  if (auto composed = dyn_cast<ComposedAttr>(use.map)) {
    SmallVector<MapUse> factors = composed.getFactors();
    for (MapUse &factor : factors) {
      factor = repeat(factor, copies);
    }
    return composeAll(factors);
  }
  if (auto blocks = dyn_cast<BlockDiagonalAttr>(use.map);
      blocks && blocks.getBlocks().size() == 1) {
    use.map = BlockDiagonalAttr::get(context, blocks.getBlocks(), blocks.getCopies() * copies);
    return use;
  }
  if (isa<PermutationAttr>(use.map) || entriesOf(use)) {
    return join(context, SmallVector<MapUse>(copies, use), use.map.getDimension());
  }
  use.map = BlockDiagonalAttr::get(context, ArrayRef(use.map), copies);
  return use;
}

/// All blocks as one diagonal; nothing unless they are diagonals whose flags agree.
static std::optional<MapUse> joinDiagonals(MLIRContext *context, ArrayRef<MapUse> blocks,
                                           int64_t blockDimension) {
  bool inverse = llvm::any_of(blocks, [](const MapUse &block) { return block.inverse; });
  std::vector<double> entries;
  for (const MapUse &block : blocks) {
    if (block.isIdentity()) {
      entries.insert(entries.end(), blockDimension, 1.0);
      continue;
    }
    std::optional<std::vector<double>> own = entriesOf(block);
    // Signs are their own inverse.
    if (!own || (block.inverse != inverse && !isOrthogonal(block))) {
      return std::nullopt;
    }
    llvm::append_range(entries, *own);
  }
  MapUse diagonal = diagonalOf(context, entries);
  diagonal.inverse = inverse;
  return normalize(diagonal);
}

static std::optional<MapUse> joinPermutations(MLIRContext *context, ArrayRef<MapUse> blocks,
                                              int64_t blockDimension) {
  SmallVector<int64_t> sources;
  for (const MapUse &block : blocks) {
    auto start = static_cast<int64_t>(sources.size());
    if (!block.isIdentity() && !isa<PermutationAttr>(block.map)) {
      return std::nullopt;
    }
    SmallVector<int64_t> own =
        block.isIdentity() ? identityOrder(blockDimension) : SmallVector<int64_t>(sourcesOf(block));
    for (int64_t source : own) {
      sources.push_back(start + source);
    }
  }
  return permutationOf(context, sources);
}

MapUse quench::join(MLIRContext *context, ArrayRef<MapUse> blocks, int64_t blockDimension) {
  SmallVector<MapUse> uses = llvm::map_to_vector(blocks, [](MapUse use) { return normalize(use); });
  if (std::optional<MapUse> diagonal = joinDiagonals(context, uses, blockDimension)) {
    return *diagonal;
  }
  if (std::optional<MapUse> permutation = joinPermutations(context, uses, blockDimension)) {
    return *permutation;
  }
  if (llvm::all_equal(uses)) {
    return repeat(uses.front(), static_cast<int64_t>(uses.size()));
  }
  auto identity =
      PermutationAttr::get(context, DenseI64ArrayAttr::get(context, identityOrder(blockDimension)));
  SmallVector<BasisMapAttrInterface> listed;
  for (const MapUse &use : uses) {
    listed.push_back(use.isIdentity() ? BasisMapAttrInterface(identity) : withoutFlags(use));
  }
  return {BlockDiagonalAttr::get(context, listed, 1)};
}

static std::optional<SmallVector<MapUse>> splitPermutation(const MapUse &use, int64_t count) {
  ArrayRef<int64_t> sources = sourcesOf(use);
  auto size = static_cast<int64_t>(sources.size()) / count;
  SmallVector<MapUse> blocks;
  for (int64_t block = 0; block < count; ++block) {
    SmallVector<int64_t> own(sources.slice(block * size, size));
    for (int64_t &source : own) {
      source -= block * size;
      if (source < 0 || source >= size) {
        return std::nullopt;
      }
    }
    blocks.push_back(permutationOf(use.map.getContext(), own));
  }
  return blocks;
}

/// Blocks are cut further, or put together when they are of one dimension, into runs of `size`.
static std::optional<SmallVector<MapUse>> splitBlocks(BlockDiagonalAttr attribute, MapUse flags,
                                                      int64_t size) {
  SmallVector<MapUse> result, open;
  int64_t openDimension = 0;
  for (int64_t copy = 0; copy < attribute.getCopies(); ++copy) {
    for (BasisMapAttrInterface block : attribute.getBlocks()) {
      MapUse use = normalize(MapUse{block, flags.inverse, flags.transposed});
      int64_t dimension = block.getDimension();
      if (open.empty() && dimension % size == 0) {
        std::optional<SmallVector<MapUse>> parts = split(use, dimension / size);
        if (!parts) {
          return std::nullopt;
        }
        llvm::append_range(result, *parts);
        continue;
      }
      if (size % dimension != 0 || (!open.empty() && dimension != openDimension)) {
        return std::nullopt;
      }
      open.push_back(use);
      openDimension = dimension;
      if (static_cast<int64_t>(open.size()) * dimension == size) {
        result.push_back(join(attribute.getContext(), open, dimension));
        open.clear();
      }
    }
  }
  return result;
}

std::optional<SmallVector<MapUse>> quench::split(MapUse use, int64_t count) {
  use = normalize(use);
  if (use.isIdentity() || count == 1) {
    return SmallVector<MapUse>(count, use);
  }
  int64_t size = use.map.getDimension() / count;
  if (size * count != use.map.getDimension()) {
    return std::nullopt;
  }
  if (isa<PermutationAttr>(use.map)) {
    return splitPermutation(use, count);
  }
  if (auto blocks = dyn_cast<BlockDiagonalAttr>(use.map)) {
    return splitBlocks(blocks, use, size);
  }
  SmallVector<MapUse> result(count);
  if (auto composed = dyn_cast<ComposedAttr>(use.map)) {
    for (const MapUse &factor : composed.getFactors()) {
      std::optional<SmallVector<MapUse>> parts = split(factor, count);
      if (!parts) {
        return std::nullopt;
      }
      for (auto [whole, part] : llvm::zip_equal(result, *parts)) {
        whole = compose(whole, part);
      }
    }
    return result;
  }
  std::optional<std::vector<double>> entries = entriesOf(use);
  if (!entries) {
    return std::nullopt;
  }
  for (auto [index, block] : llvm::enumerate(result)) {
    block = diagonalOf(use.map.getContext(), ArrayRef(*entries).slice(index * size, size));
    block.inverse = use.inverse && !block.isIdentity();
    block = normalize(block);
  }
  return result;
}

std::optional<MapUse> quench::spread(MapUse use, int64_t inner) {
  use = normalize(use);
  if (use.isIdentity() || inner == 1) {
    return use;
  }
  MLIRContext *context = use.map.getContext();
  if (auto composed = dyn_cast<ComposedAttr>(use.map)) {
    SmallVector<MapUse> factors = composed.getFactors();
    for (MapUse &factor : factors) {
      std::optional<MapUse> spreaded = spread(factor, inner);
      if (!spreaded) {
        return std::nullopt;
      }
      factor = *spreaded;
    }
    return composeAll(factors);
  }
  if (isa<PermutationAttr>(use.map)) {
    SmallVector<int64_t> sources;
    for (int64_t source : sourcesOf(use)) {
      for (int64_t i = 0; i < inner; ++i) {
        sources.push_back(source * inner + i);
      }
    }
    return permutationOf(context, sources);
  }
  std::optional<std::vector<double>> entries = entriesOf(use);
  if (!entries) {
    return std::nullopt;
  }
  std::vector<double> wide;
  for (double entry : *entries) {
    wide.insert(wide.end(), inner, entry);
  }
  MapUse result = diagonalOf(context, wide);
  result.inverse = use.inverse;
  return normalize(result);
}

std::optional<MapUse> basis::gather(MapUse use, int64_t inner) {
  if (inner == 1) {
    return use;
  }
  MLIRContext *context = use.map.getContext();
  MapUse result;
  if (isa<PermutationAttr>(use.map)) {
    SmallVector<int64_t> sources;
    for (size_t i = 0; i < sourcesOf(use).size(); i += inner) {
      sources.push_back(sourcesOf(use)[i] / inner);
    }
    // Not a permutation when the runs are not kept together.
    SmallVector<int64_t> sorted = sources;
    llvm::sort(sorted);
    if (sorted != identityOrder(static_cast<int64_t>(sorted.size()))) {
      return std::nullopt;
    }
    result = permutationOf(context, sources);
  } else if (std::optional<std::vector<double>> entries = entriesOf(use)) {
    std::vector<double> narrow;
    for (size_t i = 0; i < entries->size(); i += inner) {
      narrow.push_back((*entries)[i]);
    }
    result = diagonalOf(context, narrow);
    result.inverse = use.inverse && !result.isIdentity();
  } else {
    return std::nullopt;
  }
  if (spread(result, inner) != std::optional<MapUse>(use)) {
    return std::nullopt;
  }
  return result;
}

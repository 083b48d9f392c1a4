//===- BasisMapSimplify.cpp - Equal maps of fewer factors -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A map becomes a flat list of factors. Each new factor is merged with the last one of the list as
// long as the two are inverse, diagonal, permutations or blocks of the same sizes; what a merge
// leaves may merge with the factor before it.
//
//===----------------------------------------------------------------------===//

#include "BasisMapNode.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace quench::numerics;

using Factor = BasisMap::Factor;

namespace {

class FactorList {
public:
  /// Appends a use of any map.
  void append(const BasisMap &map, MapFlags flags);

  /// The product as a map.
  BasisMap take(int64_t dimension);

private:
  void appendBlocks(const BlockDiagonalMap &map, MapFlags flags);
  void appendSimple(Factor factor);

  std::vector<Factor> factors;
};

} // namespace

static BasisMap simplifyUse(const BasisMap &map, MapFlags flags) {
  FactorList list;
  list.append(map, flags);
  return list.take(map.dimension());
}

/// The one of equal uses that is compared.
static MapFlags canonicalFlags(const BasisMap &map, MapFlags flags) {
  if (map.isOrthogonal()) {
    flags = {false, flags.inverse != flags.transposed};
  }
  if (map.isSymmetric()) {
    flags.transposed = false;
  }
  return flags;
}

//===----------------------------------------------------------------------===//
// Products of two factors; nothing when there is no simpler form.
//===----------------------------------------------------------------------===//

static bool areInverse(const Factor &lhs, const Factor &rhs) {
  const MapFlags inverse = combine(rhs.flags, {true, false});
  return lhs.map == rhs.map && lhs.flags == canonicalFlags(rhs.map, inverse);
}

static std::optional<BasisMap> multiplyDiagonals(const DiagonalMap &lhs, bool leftInverse,
                                                 const DiagonalMap &rhs, bool rightInverse) {
  std::vector<double> product(lhs.entries.size());
  for (size_t i = 0; i < product.size(); ++i) {
    const double left = leftInverse ? 1.0 / lhs.entries[i] : lhs.entries[i];
    product[i] = rightInverse ? left / rhs.entries[i] : left * rhs.entries[i];
    const bool hasZero = lhs.entries[i] == 0.0 || rhs.entries[i] == 0.0;
    if (!std::isfinite(product[i]) || (product[i] == 0.0 && !hasZero)) {
      return std::nullopt;
    }
  }
  if (llvm::all_of(product, [](double entry) { return entry == 1.0; })) {
    return BasisMap::identity(product.size());
  }
  return llvm::cantFail(BasisMap::diagonal(std::move(product)));
}

/// y[j] = x[sources[j]] of a use.
static std::vector<int64_t> sourcesOf(const PermutationMap &map, MapFlags flags) {
  if (flags.inverse == flags.transposed) {
    return map.sources;
  }
  std::vector<int64_t> result(map.sources.size());
  for (size_t i = 0; i < result.size(); ++i) {
    result[map.sources[i]] = i;
  }
  return result;
}

static BasisMap multiplyPermutations(const std::vector<int64_t> &lhs,
                                     const std::vector<int64_t> &rhs) {
  std::vector<int64_t> product(lhs.size());
  bool isIdentity = true;
  for (size_t i = 0; i < product.size(); ++i) {
    product[i] = lhs[rhs[i]];
    isIdentity &= product[i] == static_cast<int64_t>(i);
  }
  return isIdentity ? BasisMap::identity(product.size())
                    : llvm::cantFail(BasisMap::permutation(std::move(product)));
}

static BasisMap assembleBlocks(std::vector<BasisMap> blocks, int64_t copies) {
  return blocks.size() == 1 ? llvm::cantFail(BasisMap::repeat(std::move(blocks[0]), copies))
                            : llvm::cantFail(BasisMap::blockDiagonal(std::move(blocks)));
}

static std::optional<BasisMap> multiplyBlocks(const BlockDiagonalMap &lhs, MapFlags leftFlags,
                                              const BlockDiagonalMap &rhs, MapFlags rightFlags) {
  if (lhs.copies != rhs.copies || lhs.blocks.size() != rhs.blocks.size()) {
    return std::nullopt;
  }
  std::vector<BasisMap> blocks;
  for (auto [left, right] : llvm::zip_equal(lhs.blocks, rhs.blocks)) {
    if (left.dimension() != right.dimension()) {
      return std::nullopt;
    }
    FactorList list;
    list.append(left, leftFlags);
    list.append(right, rightFlags);
    blocks.push_back(list.take(left.dimension()));
  }
  return assembleBlocks(std::move(blocks), lhs.copies);
}

static std::optional<BasisMap> multiply(const Factor &lhs, const Factor &rhs) {
  if (areInverse(lhs, rhs)) {
    return BasisMap::identity(lhs.map.dimension());
  }
  const auto *leftDiagonal = getAs<DiagonalMap>(lhs.map);
  const auto *rightDiagonal = getAs<DiagonalMap>(rhs.map);
  if (leftDiagonal && rightDiagonal) {
    return multiplyDiagonals(*leftDiagonal, lhs.flags.inverse, *rightDiagonal, rhs.flags.inverse);
  }
  const auto *leftPermutation = getAs<PermutationMap>(lhs.map);
  const auto *rightPermutation = getAs<PermutationMap>(rhs.map);
  if (leftPermutation && rightPermutation) {
    return multiplyPermutations(sourcesOf(*leftPermutation, lhs.flags),
                                sourcesOf(*rightPermutation, rhs.flags));
  }
  const auto *leftBlocks = getAs<BlockDiagonalMap>(lhs.map);
  const auto *rightBlocks = getAs<BlockDiagonalMap>(rhs.map);
  if (leftBlocks && rightBlocks) {
    return multiplyBlocks(*leftBlocks, lhs.flags, *rightBlocks, rhs.flags);
  }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Lists of factors.
//===----------------------------------------------------------------------===//

void FactorList::append(const BasisMap &map, MapFlags flags) {
  if (const auto *composition = getAs<ComposedMap>(map)) {
    const bool backwards = flags.inverse != flags.transposed;
    for (size_t i = 0; i < composition->factors.size(); ++i) {
      const size_t index = backwards ? composition->factors.size() - 1 - i : i;
      const Factor &factor = composition->factors[index];
      append(factor.map, combine(factor.flags, flags));
    }
    return;
  }
  if (const auto *blocks = getAs<BlockDiagonalMap>(map)) {
    return appendBlocks(*blocks, flags);
  }
  appendSimple({map, flags});
}

void FactorList::appendBlocks(const BlockDiagonalMap &map, MapFlags flags) {
  std::vector<BasisMap> blocks;
  for (const BasisMap &block : map.blocks) {
    blocks.push_back(simplifyUse(block, flags));
  }
  if (llvm::all_of(blocks, [](const BasisMap &block) { return block.isIdentity(); })) {
    return;
  }
  if (blocks.size() == 1) {
    if (map.copies == 1) {
      return append(blocks[0], {});
    }
    // Copies of copies are copies; a flag of the only factor is a flag of the copies.
    if (const auto *inner = getAs<BlockDiagonalMap>(blocks[0]);
        inner && inner->blocks.size() == 1) {
      return appendSimple({assembleBlocks(inner->blocks, map.copies * inner->copies), {}});
    }
    if (const auto *inner = getAs<ComposedMap>(blocks[0]); inner && inner->factors.size() == 1) {
      return appendSimple(
          {assembleBlocks({inner->factors[0].map}, map.copies), inner->factors[0].flags});
    }
  }
  appendSimple({assembleBlocks(std::move(blocks), map.copies), {}});
}

void FactorList::appendSimple(Factor factor) {
  factor.flags = canonicalFlags(factor.map, factor.flags);
  // One factor alone may be the identity in disguise.
  if (const auto *diagonal = getAs<DiagonalMap>(factor.map)) {
    if (llvm::all_of(diagonal->entries, [](double entry) { return entry == 1.0; })) {
      return;
    }
  }
  if (const auto *permutation = getAs<PermutationMap>(factor.map)) {
    if (llvm::is_sorted(permutation->sources)) {
      return;
    }
  }
  if (!factors.empty()) {
    if (std::optional<BasisMap> product = multiply(factors.back(), factor)) {
      factors.pop_back();
      return append(*product, {});
    }
  }
  factors.push_back(std::move(factor));
}

BasisMap FactorList::take(int64_t dimension) {
  if (factors.empty()) {
    return BasisMap::identity(dimension);
  }
  if (factors.size() == 1 && factors[0].flags == MapFlags()) {
    return std::move(factors[0].map);
  }
  return llvm::cantFail(BasisMap::composed(std::move(factors)));
}

BasisMap BasisMap::simplified() const { return simplifyUse(*this, {}); }

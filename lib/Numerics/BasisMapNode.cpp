//===- BasisMapNode.cpp - The kinds of maps -------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BasisMapNode.h"
#include "quench/Numerics/MatrixProduct.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace quench::numerics;

using llvm::createStringError;
using llvm::Error;

BasisMap::Node::~Node() = default;

Error BasisMap::Node::checkEvaluable(MapFlags flags) const { return Error::success(); }

/// `other` as the kind of `self`; null when it is another kind.
template <typename MapType>
static const MapType *sameKind(const MapType &self, const BasisMap::Node &other) {
  return other.kind() == self.kind() ? static_cast<const MapType *>(&other) : nullptr;
}

//===----------------------------------------------------------------------===//
// Diagonal.
//===----------------------------------------------------------------------===//

bool DiagonalMap::isOrthogonal() const {
  return llvm::all_of(entries, [](double entry) { return entry == 1.0 || entry == -1.0; });
}

bool DiagonalMap::equals(const Node &other) const {
  const DiagonalMap *same = sameKind(*this, other);
  return same && entries == same->entries;
}

Error DiagonalMap::checkEvaluable(MapFlags flags) const {
  for (size_t i = 0; flags.inverse && i < entries.size(); ++i) {
    if (entries[i] == 0.0) {
      return createStringError("cannot invert a diagonal map: entry %zu of %zu is 0", i,
                               entries.size());
    }
  }
  return Error::success();
}

void DiagonalMap::apply(StridedRows rows, MapFlags flags) const {
  for (int64_t index = 0; index < rows.count; ++index) {
    double *row = rows.data + index * rows.stride;
    for (int64_t i = 0; i < dimension(); ++i) {
      row[i] = flags.inverse ? row[i] / entries[i] : row[i] * entries[i];
    }
  }
}

//===----------------------------------------------------------------------===//
// Permutation.
//===----------------------------------------------------------------------===//

bool PermutationMap::isSymmetric() const {
  for (int64_t i = 0; i < dimension(); ++i) {
    if (sources[sources[i]] != i) {
      return false;
    }
  }
  return true;
}

bool PermutationMap::equals(const Node &other) const {
  const PermutationMap *same = sameKind(*this, other);
  return same && sources == same->sources;
}

void PermutationMap::apply(StridedRows rows, MapFlags flags) const {
  const bool backwards = flags.inverse != flags.transposed;
  std::vector<double> before(dimension());
  for (int64_t index = 0; index < rows.count; ++index) {
    double *row = rows.data + index * rows.stride;
    std::copy(row, row + dimension(), before.begin());
    for (int64_t i = 0; i < dimension(); ++i) {
      (backwards ? row[sources[i]] : row[i]) = backwards ? before[i] : before[sources[i]];
    }
  }
}

//===----------------------------------------------------------------------===//
// Hadamard.
//===----------------------------------------------------------------------===//

bool HadamardMap::equals(const Node &other) const {
  const HadamardMap *same = sameKind(*this, other);
  return same && dimension() == same->dimension() && signs == same->signs &&
         transform.matrix().construction() == same->transform.matrix().construction();
}

void HadamardMap::apply(StridedRows rows, MapFlags flags) const {
  const bool transposed = flags.inverse != flags.transposed;
  auto applySigns = [&](double *row) {
    for (size_t i = 0; i < signs.size(); ++i) {
      row[i] *= signs[i];
    }
  };
  for (int64_t index = 0; index < rows.count; ++index) {
    double *row = rows.data + index * rows.stride;
    if (!transposed) {
      applySigns(row);
    }
    transform.apply(row, 1, dimension(), transposed);
    if (transposed) {
      applySigns(row);
    }
  }
}

//===----------------------------------------------------------------------===//
// Orthogonal.
//===----------------------------------------------------------------------===//

bool OrthogonalMap::equals(const Node &other) const {
  const OrthogonalMap *same = sameKind(*this, other);
  return same && entries == same->entries;
}

void OrthogonalMap::apply(StridedRows rows, MapFlags flags) const {
  const int64_t size = dimension();
  const ConstMatrix matrix = {entries.data(), size, size, size};
  const Matrix result = {rows.data, rows.count, size, rows.stride};
  std::vector<double> before(rows.count * size);
  for (int64_t index = 0; index < rows.count; ++index) {
    double *row = result.row(index);
    std::copy(row, row + size, before.begin() + index * size);
    std::fill(row, row + size, 0.0);
  }
  const bool transposed = flags.inverse != flags.transposed;
  addProduct(result, {before.data(), rows.count, size, size},
             transposed ? matrix.transposed() : matrix, 1.0);
}

//===----------------------------------------------------------------------===//
// Blocks.
//===----------------------------------------------------------------------===//

bool BlockDiagonalMap::isOrthogonal() const {
  return llvm::all_of(blocks, [](const BasisMap &block) { return block.isOrthogonal(); });
}

bool BlockDiagonalMap::isSymmetric() const {
  return llvm::all_of(blocks, [](const BasisMap &block) { return block.isSymmetric(); });
}

bool BlockDiagonalMap::equals(const Node &other) const {
  const BlockDiagonalMap *same = sameKind(*this, other);
  return same && copies == same->copies && blocks == same->blocks;
}

Error BlockDiagonalMap::checkEvaluable(MapFlags flags) const {
  for (const BasisMap &block : blocks) {
    if (Error error = block.checkEvaluable(flags)) {
      return error;
    }
  }
  return Error::success();
}

void BlockDiagonalMap::apply(StridedRows rows, MapFlags flags) const {
  int64_t offset = 0;
  for (int64_t copy = 0; copy < copies; ++copy) {
    for (const BasisMap &block : blocks) {
      const int64_t size = block.dimension();
      // Copies of one block that fill whole rows are rows of their own.
      if (size * copies == rows.stride) {
        return block.getNode().apply({rows.data, rows.count * copies, size}, flags);
      }
      block.getNode().apply({rows.data + offset, rows.count, rows.stride}, flags);
      offset += size;
    }
  }
}

//===----------------------------------------------------------------------===//
// Compositions.
//===----------------------------------------------------------------------===//

bool ComposedMap::isOrthogonal() const {
  return llvm::all_of(factors,
                      [](const BasisMap::Factor &factor) { return factor.map.isOrthogonal(); });
}

bool ComposedMap::equals(const Node &other) const {
  const ComposedMap *same = sameKind(*this, other);
  if (!same || dimension() != same->dimension() || factors.size() != same->factors.size()) {
    return false;
  }
  return llvm::all_of(llvm::zip_equal(factors, same->factors), [](auto pair) {
    return std::get<0>(pair).flags == std::get<1>(pair).flags &&
           std::get<0>(pair).map == std::get<1>(pair).map;
  });
}

Error ComposedMap::checkEvaluable(MapFlags flags) const {
  for (const BasisMap::Factor &factor : factors) {
    if (Error error = factor.map.checkEvaluable(combine(factor.flags, flags))) {
      return error;
    }
  }
  return Error::success();
}

void ComposedMap::apply(StridedRows rows, MapFlags flags) const {
  // (A B)⁻¹ and (A B)ᵀ have their factors in reverse; both together do not.
  const bool backwards = flags.inverse != flags.transposed;
  for (size_t i = 0; i < factors.size(); ++i) {
    const BasisMap::Factor &factor = factors[backwards ? factors.size() - 1 - i : i];
    factor.map.getNode().apply(rows, combine(factor.flags, flags));
  }
}

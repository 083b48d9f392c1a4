//===- BasisMap.cpp - Invertible matrices by their structure --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BasisMap.h"
#include "BasisMapNode.h"
#include "quench/Numerics/MatrixProduct.h"
#include "quench/Numerics/RandomSigns.h"

#include <algorithm>
#include <cassert>
#include <cmath>

using namespace quench::numerics;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Construction.
//===----------------------------------------------------------------------===//

template <typename MapType, typename... Arguments>
static BasisMap makeMap(Arguments &&...arguments) {
  return BasisMap(std::make_shared<const MapType>(std::forward<Arguments>(arguments)...));
}

BasisMap BasisMap::identity(int64_t dimension) {
  return makeMap<ComposedMap>(std::vector<Factor>(), dimension);
}

Expected<BasisMap> BasisMap::diagonal(std::vector<double> entries) {
  if (entries.empty()) {
    return createStringError("expected a diagonal map of at least one entry");
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!std::isfinite(entries[i])) {
      return createStringError("expected finite entries of a diagonal map, found %f at %zu",
                               entries[i], i);
    }
  }
  return makeMap<DiagonalMap>(std::move(entries));
}

Expected<BasisMap> BasisMap::permutation(std::vector<int64_t> sources) {
  if (sources.empty()) {
    return createStringError("expected a permutation of at least one index");
  }
  const int64_t size = sources.size();
  std::vector<bool> seen(size, false);
  for (int64_t i = 0; i < size; ++i) {
    const int64_t source = sources[i];
    if (source < 0 || source >= size || seen[source]) {
      return createStringError(
          "expected each index below %lld once in a permutation, found %lld %s at %lld",
          static_cast<long long>(size), static_cast<long long>(source),
          source >= 0 && source < size ? "again" : "out of range", static_cast<long long>(i));
    }
    seen[source] = true;
  }
  return makeMap<PermutationMap>(std::move(sources));
}

Expected<BasisMap> BasisMap::hadamard(int64_t order, std::optional<uint64_t> seed, uint64_t skip,
                                      HadamardFallback fallback) {
  Expected<HadamardMatrix> matrix = HadamardMatrix::create(order, fallback);
  if (!matrix) {
    return matrix.takeError();
  }
  std::vector<double> signs;
  if (seed) {
    signs = randomSigns(*seed, skip, order);
  }
  return makeMap<HadamardMap>(std::move(*matrix), std::move(signs));
}

Expected<BasisMap> BasisMap::hartley(int64_t order) {
  Expected<HadamardMatrix> matrix = HadamardMatrix::createHartley(order);
  if (!matrix) {
    return matrix.takeError();
  }
  return makeMap<HadamardMap>(std::move(*matrix), std::vector<double>());
}

Expected<BasisMap> BasisMap::orthogonal(std::vector<double> entries) {
  const int64_t size = std::llround(std::sqrt(static_cast<double>(entries.size())));
  if (entries.empty() || size * size != static_cast<int64_t>(entries.size())) {
    return createStringError("expected a square matrix, found %zu entries", entries.size());
  }
  std::vector<double> product(entries.size(), 0.0);
  const ConstMatrix matrix = {entries.data(), size, size, size};
  addProduct({product.data(), size, size, size}, matrix, matrix.transposed(), 1.0);
  double deviation = 0.0;
  for (int64_t i = 0; i < size * size; ++i) {
    const double difference = std::fabs(product[i] - (i / size == i % size ? 1.0 : 0.0));
    // Comparisons with NaN are false; it comes through and stays.
    if (!std::isnan(deviation) && !(difference <= deviation)) {
      deviation = difference;
    }
  }
  if (!(deviation <= orthogonalityTolerance)) {
    return createStringError("expected an orthogonal matrix, found a product with its transpose "
                             "that differs from the identity by %g",
                             deviation);
  }
  return makeMap<OrthogonalMap>(size, std::move(entries));
}

Expected<BasisMap> BasisMap::repeat(BasisMap block, int64_t copies) {
  int64_t size = 0;
  if (copies < 1 || __builtin_mul_overflow(copies, block.dimension(), &size)) {
    return createStringError("expected at least one copy of a block, found %lld",
                             static_cast<long long>(copies));
  }
  return makeMap<BlockDiagonalMap>(std::vector<BasisMap>{std::move(block)}, copies, size);
}

Expected<BasisMap> BasisMap::blockDiagonal(std::vector<BasisMap> blocks) {
  if (blocks.empty()) {
    return createStringError("expected at least one block");
  }
  int64_t size = 0;
  for (const BasisMap &block : blocks) {
    size += block.dimension();
  }
  return makeMap<BlockDiagonalMap>(std::move(blocks), int64_t(1), size);
}

Expected<BasisMap> BasisMap::composed(std::vector<Factor> factors) {
  if (factors.empty()) {
    return createStringError("expected at least one factor");
  }
  const int64_t size = factors[0].map.dimension();
  for (const Factor &factor : factors) {
    if (factor.map.dimension() != size) {
      return createStringError("expected factors of dimension %lld, found one of %lld",
                               static_cast<long long>(size),
                               static_cast<long long>(factor.map.dimension()));
    }
  }
  return makeMap<ComposedMap>(std::move(factors), size);
}

//===----------------------------------------------------------------------===//
// Questions.
//===----------------------------------------------------------------------===//

BasisMap::Kind BasisMap::kind() const { return node->kind(); }

int64_t BasisMap::dimension() const { return node->dimension(); }

bool BasisMap::isIdentity() const {
  const auto *composition = getAs<ComposedMap>(*this);
  return composition && composition->factors.empty();
}

bool BasisMap::isOrthogonal() const { return node->isOrthogonal(); }

bool BasisMap::isSymmetric() const { return node->isSymmetric(); }

template <typename MapType> static const MapType &getNodeAs(const BasisMap &map) {
  assert(map.kind() == MapType::staticKind && "a map of another kind");
  return static_cast<const MapType &>(map.getNode());
}

llvm::ArrayRef<double> BasisMap::diagonalEntries() const {
  return getNodeAs<DiagonalMap>(*this).entries;
}

llvm::ArrayRef<int64_t> BasisMap::permutationSources() const {
  return getNodeAs<PermutationMap>(*this).sources;
}

const HadamardMatrix &BasisMap::hadamardMatrix() const {
  return getNodeAs<HadamardMap>(*this).transform.matrix();
}

llvm::ArrayRef<double> BasisMap::hadamardSigns() const {
  return getNodeAs<HadamardMap>(*this).signs;
}

llvm::ArrayRef<double> BasisMap::orthogonalEntries() const {
  return getNodeAs<OrthogonalMap>(*this).entries;
}

llvm::ArrayRef<BasisMap> BasisMap::blocks() const {
  return getNodeAs<BlockDiagonalMap>(*this).blocks;
}

int64_t BasisMap::copies() const { return getNodeAs<BlockDiagonalMap>(*this).copies; }

llvm::ArrayRef<BasisMap::Factor> BasisMap::factors() const {
  return getNodeAs<ComposedMap>(*this).factors;
}

bool quench::numerics::operator==(const BasisMap &lhs, const BasisMap &rhs) {
  return lhs.node == rhs.node || lhs.node->equals(*rhs.node);
}

//===----------------------------------------------------------------------===//
// Evaluation.
//===----------------------------------------------------------------------===//

/// Numbers in the transposed tile of `applyAlong`, 8 MiB.
static constexpr int64_t tileNumbers = 1 << 20;

/// Writes `rows` x `columns` numbers to the transposed place, in squares that stay in the cache.
static void transpose(const double *from, int64_t fromStride, int64_t rows, int64_t columns,
                      double *to, int64_t toStride) {
  constexpr int64_t square = 32;
  for (int64_t row = 0; row < rows; row += square) {
    for (int64_t column = 0; column < columns; column += square) {
      for (int64_t i = row; i < std::min(row + square, rows); ++i) {
        for (int64_t j = column; j < std::min(column + square, columns); ++j) {
          to[j * toStride + i] = from[i * fromStride + j];
        }
      }
    }
  }
}

Error BasisMap::checkEvaluable(MapFlags flags) const { return node->checkEvaluable(flags); }

Error BasisMap::apply(llvm::MutableArrayRef<double> rows, MapFlags flags) const {
  return applyAlong(rows, 1, flags);
}

Error BasisMap::applyAlong(llvm::MutableArrayRef<double> values, int64_t inner,
                           MapFlags flags) const {
  const int64_t size = dimension();
  const int64_t count = values.size();
  if (inner < 1 || count % inner != 0 || count / inner % size != 0) {
    return createStringError("expected a multiple of %lld numbers for a map of that dimension with "
                             "%lld numbers inside, found %lld",
                             static_cast<long long>(size), static_cast<long long>(inner),
                             static_cast<long long>(count));
  }
  if (Error error = checkEvaluable(flags)) {
    return error;
  }
  if (inner == 1) {
    node->apply({values.data(), count / size, size}, flags);
    return Error::success();
  }
  const int64_t width = std::min(inner, std::max<int64_t>(16, tileNumbers / size));
  std::vector<double> tile(width * size);
  for (int64_t outer = 0; outer < count; outer += size * inner) {
    for (int64_t first = 0; first < inner; first += width) {
      const int64_t used = std::min(width, inner - first);
      double *corner = values.data() + outer + first;
      transpose(corner, inner, size, used, tile.data(), size);
      node->apply({tile.data(), used, size}, flags);
      transpose(tile.data(), size, used, size, corner, inner);
    }
  }
  return Error::success();
}

Expected<std::vector<double>> BasisMap::toDense(MapFlags flags) const {
  const int64_t size = dimension();
  std::vector<double> matrix(size * size, 0.0);
  for (int64_t i = 0; i < size; ++i) {
    matrix[i * size + i] = 1.0;
  }
  if (Error error = apply(matrix, flags)) {
    return error;
  }
  return matrix;
}

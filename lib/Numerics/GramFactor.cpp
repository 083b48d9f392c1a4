//===- GramFactor.cpp - The inverse of a Gram matrix, factored -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ladder around factorization, inverse and packing.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/GramFactor.h"

#include "quench/Numerics/MatrixProduct.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

using namespace quench::numerics;
using quench::numerics::detail::kTileRows;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static Error verifyGram(ArrayRef<double> gram, int64_t size, double damping) {
  if (size < 0 || gram.size() != static_cast<size_t>(size) * static_cast<size_t>(size)) {
    return createStringError("expected a Gram matrix of %lld x %lld, found %zu elements",
                             static_cast<long long>(size), static_cast<long long>(size),
                             gram.size());
  }
  for (int64_t row = 0; row < size; ++row) {
    for (int64_t column = row; column < size; ++column) {
      const double element = gram[row * size + column];
      if (!std::isfinite(element) || (row == column && element < 0.0)) {
        return createStringError("expected a Gram matrix that is finite and has no negative "
                                 "diagonal element, found %g at [%lld, %lld]",
                                 element, static_cast<long long>(row),
                                 static_cast<long long>(column));
      }
    }
  }
  if (!(damping >= 0.0) || std::isinf(damping)) {
    return createStringError("expected a damping that is not negative, found %g", damping);
  }
  return Error::success();
}

Expected<GramFactor> GramFactor::compute(ArrayRef<double> gram, int64_t size,
                                         const GramFactorOptions &options) {
  if (Error error = verifyGram(gram, size, options.damping)) {
    return std::move(error);
  }
  GramFactor result;
  result.inputs.resize(size);
  std::iota(result.inputs.begin(), result.inputs.end(), 0);
  auto diagonal = [&](int64_t input) {
    const double element = gram[input * size + input];
    return element == 0.0 ? 1.0 : element;
  };
  if (options.activationOrder) {
    llvm::sort(result.inputs, [&](int64_t a, int64_t b) {
      return std::make_pair(-diagonal(a), a) < std::make_pair(-diagonal(b), b);
    });
  }
  for (int64_t input : result.inputs) {
    result.dead.push_back(gram[input * size + input] == 0.0);
  }
  double damping = options.damping;
  while (!result.factorize(gram, damping, options.threads)) {
    if (damping >= 1.0) {
      result.ladderNote = "the Gram matrix is not positive definite, even with damping 1";
      return result;
    }
    damping = damping == 0.0 ? 0.01 : std::min(damping * 10.0, 1.0);
  }
  result.usedDamping = damping;
  if (damping != options.damping) {
    llvm::raw_string_ostream(result.ladderNote)
        << llvm::format("the Gram matrix is not positive definite with damping %g, used %g",
                        options.damping, damping);
  }
  return result;
}

/// U from `damping`, or false when the matrix is not positive definite.
bool GramFactor::factorize(ArrayRef<double> gram, double damping, unsigned threads) {
  const int64_t size = this->size();
  double mean = 0.0;
  double largest = 0.0;
  for (int64_t position = 0; position < size; ++position) {
    const double element = dead[position] ? 1.0 : gram[inputs[position] * size + inputs[position]];
    mean += element / static_cast<double>(size);
    largest = std::max(largest, element);
  }
  // With the order reversed; everything below the diagonal stays as it comes.
  std::unique_ptr<double[]> storage(new double[size * size]);
  Matrix work = {storage.get(), size, size, size};
  for (int64_t i = 0; i < size; ++i) {
    const int64_t row = inputs[size - 1 - i];
    for (int64_t j = i; j < size; ++j) {
      const int64_t column = inputs[size - 1 - j];
      work(i, j) = gram[std::min(row, column) * size + std::max(row, column)];
    }
    work(i, i) = (dead[size - 1 - i] ? 1.0 : work(i, i)) + damping * mean;
  }
  // What rounding leaves of a pivot that is 0.
  const double leastPivot =
      static_cast<double>(size) * std::numeric_limits<double>::epsilon() * largest;
  if (!factorizeCholesky(work, leastPivot, threads)) {
    return false;
  }
  invertUpperTriangle(work, threads);

  // U[i][j] = T⁻¹[size - 1 - j][size - 1 - i].
  const int64_t tileCount = (size + kTileRows - 1) / kTileRows;
  tiles.assign(32 * tileCount * (tileCount + 1), 0.0);
  double *to = tiles.data();
  bool isFinite = true;
  for (int64_t first = 0; first < size; first += kTileRows) {
    for (int64_t row = 0; row < first + kTileRows; ++row, to += kTileRows) {
      for (int64_t column = std::max(first, row); column < std::min(first + kTileRows, size);
           ++column) {
        const double element = work(size - 1 - column, size - 1 - row);
        isFinite &= std::isfinite(element);
        to[column - first] = -element;
      }
    }
  }
  diagonals.resize(size);
  for (int64_t position = 0; position < size; ++position) {
    diagonals[position] = work(size - 1 - position, size - 1 - position);
  }
  return isFinite;
}

std::vector<double> GramFactor::inverseDiagonal() const {
  std::vector<double> result(size());
  for (int64_t column = 0; column < size(); ++column) {
    const double *elements = negatedTile(column / kTileRows) + column % kTileRows;
    double sum = 0.0;
    for (int64_t row = 0; row <= column; ++row) {
      sum += elements[row * kTileRows] * elements[row * kTileRows];
    }
    result[inputs[column]] = sum;
  }
  return result;
}

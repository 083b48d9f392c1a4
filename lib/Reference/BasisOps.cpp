//===- BasisOps.cpp - Changes of basis ------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the matrix of a map out entry by entry, as its definition says, and multiplies rows by it
// in double. Inverses are those of the definitions too: 1 / d of a diagonal, the transpose of an
// orthogonal map, block by block, factor by factor in reverse.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/HadamardMatrix.h"
#include "quench/Numerics/RandomSigns.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

namespace {

/// A dense square matrix.
struct Matrix {
  explicit Matrix(int64_t size) : size(size), entries(size * size, 0.0) {}
  double &at(int64_t row, int64_t column) { return entries[row * size + column]; }

  int64_t size;
  std::vector<double> entries;
};

} // namespace

/// Rows and columns of matrices beyond this are refused: they are written out.
static constexpr int64_t maxSize = 1 << 13;

static Expected<Matrix> matrixOf(MapUse use);

static Matrix transposed(Matrix matrix) {
  Matrix result(matrix.size);
  for (int64_t i = 0; i < matrix.size; ++i) {
    for (int64_t j = 0; j < matrix.size; ++j) {
      result.at(j, i) = matrix.at(i, j);
    }
  }
  return result;
}

static Expected<Matrix> diagonalMatrix(DiagonalAttr attribute, bool inverse) {
  std::optional<std::vector<double>> entries = attribute.getValues();
  if (!entries) {
    return failure("expected the entries of a diagonal, found a resource without data");
  }
  Matrix result(static_cast<int64_t>(entries->size()));
  for (int64_t i = 0; i < result.size; ++i) {
    if (inverse && (*entries)[i] == 0.0) {
      return failure("expected a diagonal with an inverse, entry %lld is 0",
                     static_cast<long long>(i));
    }
    result.at(i, i) = inverse ? 1.0 / (*entries)[i] : (*entries)[i];
  }
  return result;
}

/// y[j] = x[sources[j]]
static Matrix permutationMatrix(PermutationAttr attribute) {
  Matrix result(attribute.getDimension());
  for (auto [column, source] : enumerate(attribute.getSources().asArrayRef())) {
    result.at(source, static_cast<int64_t>(column)) = 1.0;
  }
  return result;
}

/// diag(signs) (core ⊗ Sylvester), orthonormal
static Expected<Matrix> hadamardMatrix(Expected<numerics::HadamardMatrix> matrix,
                                       ArrayRef<double> signs) {
  if (!matrix) {
    return matrix.takeError();
  }
  const int64_t order = matrix->order();
  Matrix result(order);
  const int64_t inner = matrix->sylvesterOrder();
  for (int64_t i = 0; i < order; ++i) {
    for (int64_t j = 0; j < order; ++j) {
      const bool minus = popcount(static_cast<uint64_t>(i % inner) & (j % inner)) % 2 != 0;
      const double entry = matrix->coreEntry(i / inner, j / inner) * matrix->normalization();
      result.at(i, j) = (signs.empty() ? 1.0 : signs[i]) * (minus ? -entry : entry);
    }
  }
  return result;
}

static Expected<Matrix> blockMatrix(BlockDiagonalAttr attribute, MapUse flags) {
  Matrix result(attribute.getDimension());
  int64_t start = 0;
  for (int64_t copy = 0; copy < attribute.getCopies(); ++copy) {
    for (BasisMapAttrInterface map : attribute.getBlocks()) {
      Expected<Matrix> block = matrixOf({map, flags.inverse, flags.transposed});
      if (!block) {
        return block.takeError();
      }
      for (int64_t i = 0; i < block->size; ++i) {
        for (int64_t j = 0; j < block->size; ++j) {
          result.at(start + i, start + j) = block->at(i, j);
        }
      }
      start += block->size;
    }
  }
  return result;
}

static Matrix product(Matrix &lhs, Matrix &rhs) {
  Matrix result(lhs.size);
  for (int64_t i = 0; i < lhs.size; ++i) {
    for (int64_t j = 0; j < lhs.size; ++j) {
      for (int64_t k = 0; k < lhs.size; ++k) {
        result.at(i, j) += lhs.at(i, k) * rhs.at(k, j);
      }
    }
  }
  return result;
}

/// (A B)⁻¹ = B⁻¹ A⁻¹, (A B)ᵀ = Bᵀ Aᵀ
static Expected<Matrix> composedMatrix(ComposedAttr attribute, MapUse flags) {
  SmallVector<MapUse> factors = attribute.getFactors();
  if (flags.inverse != flags.transposed) {
    std::reverse(factors.begin(), factors.end());
  }
  Matrix result(attribute.getDimension());
  for (int64_t i = 0; i < result.size; ++i) {
    result.at(i, i) = 1.0;
  }
  for (MapUse factor : factors) {
    factor.inverse = factor.inverse != flags.inverse;
    factor.transposed = factor.transposed != flags.transposed;
    Expected<Matrix> matrix = matrixOf(factor);
    if (!matrix) {
      return matrix.takeError();
    }
    result = product(result, *matrix);
  }
  return result;
}

static Expected<Matrix> matrixOf(MapUse use) {
  if (use.map.getDimension() > maxSize) {
    return failure("expected a map of dimension at most %lld, found %lld",
                   static_cast<long long>(maxSize), static_cast<long long>(use.map.getDimension()));
  }
  if (auto diagonal = dyn_cast<DiagonalAttr>(use.map)) {
    return diagonalMatrix(diagonal, use.inverse);
  }
  if (auto blocks = dyn_cast<BlockDiagonalAttr>(use.map)) {
    return blockMatrix(blocks, use);
  }
  if (auto composed = dyn_cast<ComposedAttr>(use.map)) {
    return composedMatrix(composed, use);
  }
  // The others are orthogonal.
  Expected<Matrix> matrix =
      llvm::TypeSwitch<Attribute, Expected<Matrix>>(use.map)
          .Case([](PermutationAttr map) { return permutationMatrix(map); })
          .Case([](HadamardAttr map) {
            std::vector<double> signs;
            if (map.getSeed()) {
              signs = numerics::randomSigns(*map.getSeed(), map.getSkip(), map.getOrder());
            }
            return hadamardMatrix(numerics::HadamardMatrix::create(map.getOrder()), signs);
          })
          .Case([](HartleyAttr map) {
            return hadamardMatrix(numerics::HadamardMatrix::createHartley(map.getOrder()), {});
          })
          .Case([](OrthogonalAttr map) -> Expected<Matrix> {
            std::optional<std::vector<double>> entries = map.getValues();
            if (!entries) {
              return failure("expected the entries of a matrix, found a resource without data");
            }
            Matrix result(map.getDimension());
            result.entries = *entries;
            return result;
          })
          .Default([](Attribute) -> Expected<Matrix> {
            return failure("expected a map that is known to the reference evaluator");
          });
  return matrix && use.inverse != use.transposed ? transposed(std::move(*matrix))
                                                 : std::move(matrix);
}

/// result[.., j, ..] = sum_i input[.., i, ..] M[i, j], i and j along the axes in row-major order
static Expected<Value> evaluateChangeBasis(ChangeBasisOp op, const Frame &frame) {
  Value result = frame[op.getInput()];
  const BasisUse use = op.getUse();
  Expected<Matrix> matrix = matrixOf(use.map);
  if (!matrix) {
    return matrix.takeError();
  }
  const int64_t size = matrix->size;
  int64_t inner = 1;
  for (int64_t dim : result.shape().drop_front(use.endAxis())) {
    inner *= dim;
  }
  std::vector<float> input = result.floats;
  for (int64_t i = 0; i < result.size(); ++i) {
    // Where the row of this element starts, and which of its elements it is.
    const int64_t column = i / inner % size, start = i - column * inner;
    double sum = 0.0;
    for (int64_t k = 0; k < size; ++k) {
      sum += static_cast<double>(input[start + k * inner]) * matrix->at(k, column);
    }
    result.floats[i] = roundToType(result.elementType(), static_cast<float>(sum));
  }
  return result;
}

void addBasisOps(OpTable &table) { table.add<ChangeBasisOp>(evaluateChangeBasis); }

} // namespace quench::reference

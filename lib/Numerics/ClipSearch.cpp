//===- ClipSearch.cpp - Clipping that the outputs do not notice ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A piece of work is some rows of one column of blocks. For each candidate the errors D of a piece
// are a matrix, and the losses of its rows the diagonal of D H_gg Dᵀ.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/ClipSearch.h"

#include "BlockRuns.h"
#include "quench/Numerics/MatrixProduct.h"
#include "quench/Numerics/WeightRange.h"
#include "quench/Support/ParallelFor.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static constexpr int candidates = 10;

static float candidateFactor(int candidate) { return static_cast<float>(1.0 - candidate / 20.0); }

namespace {
/// Rows [firstRow, lastRow) and the columns [firstColumn, lastColumn) of one column of blocks.
class ClipPiece {
public:
  ClipPiece(ArrayRef<float> weights, ArrayRef<int64_t> shape, const ScaleStorage &storage,
            ArrayRef<double> gram, int64_t blockRows)
      : weights(weights), shape(shape), storage(storage), scheme(storage.scheme()), gram(gram),
        blockRows(blockRows) {}

  int64_t firstRow = 0, lastRow = 0, firstColumn = 0, lastColumn = 0;
  /// The index of the first block, and of the one below it minus that.
  int64_t firstBlock = 0, blockStride = 0;

  /// Writes the limits of the blocks of the piece.
  Error search(std::vector<float> &limits) {
    const int64_t blocks = (lastRow - firstRow + blockRows - 1) / blockRows;
    std::vector<double> least(blocks, std::numeric_limits<double>::infinity());
    for (int candidate = 0; candidate < candidates; ++candidate) {
      if (Error error = roundCandidate(candidate)) {
        return error;
      }
      const std::vector<double> losses = lossesOfBlocks(blocks);
      for (int64_t block = 0; block < blocks; ++block) {
        if (losses[block] < least[block]) {
          least[block] = losses[block];
          limits[firstBlock + block * blockStride] = candidateLimits[block];
        }
      }
    }
    return Error::success();
  }

private:
  float weight(int64_t row, int64_t column) const { return weights[row * shape[1] + column]; }

  /// The errors of all values under a candidate.
  Error roundCandidate(int candidate) {
    const int64_t columns = lastColumn - firstColumn;
    errors.resize((lastRow - firstRow) * columns);
    candidateLimits.clear();
    for (int64_t row = firstRow; row < lastRow; row += blockRows) {
      const int64_t end = std::min(row + blockRows, lastRow);
      float absmax = 0.0f;
      for (int64_t i = row; i < end; ++i) {
        for (int64_t j = firstColumn; j < lastColumn; ++j) {
          absmax = std::max(absmax, std::fabs(weight(i, j)));
        }
      }
      const float limit = candidateFactor(candidate) * absmax;
      const size_t block = firstBlock + (row - firstRow) / blockRows * blockStride;
      candidateLimits.push_back(limit);
      if (Error error = roundBlock(block, limit, row, end)) {
        return error;
      }
    }
    return Error::success();
  }

  Error roundBlock(size_t block, float limit, int64_t begin, int64_t end) {
    const int64_t columns = lastColumn - firstColumn;
    BlockFit fit;
    fit.range = {limit, -limit};
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = firstColumn; j < lastColumn; ++j) {
        const float value = std::clamp(weight(i, j), -limit, limit);
        fit.range = {std::min(fit.range.min, value), std::max(fit.range.max, value)};
      }
    }
    Expected<float> ideal = idealScale(fit.range, scheme.element, scheme.isAsymmetric());
    if (!ideal) {
      return createStringError("block %zu: %s", block, llvm::toString(ideal.takeError()).c_str());
    }
    fit.scale = *ideal;
    Expected<BlockCoding> coding = storage.store(block, fit);
    if (!coding) {
      return coding.takeError();
    }
    for (int64_t i = begin; i < end; ++i) {
      double *to = errors.data() + (i - firstRow) * columns;
      for (int64_t j = firstColumn; j < lastColumn; ++j) {
        const float value = std::clamp(weight(i, j), -limit, limit);
        const int32_t code = quantizeElement(value, *coding, scheme.element);
        const float back = dequantizeElement(code, *coding, scheme.element);
        *to++ = static_cast<double>(weight(i, j)) - back;
      }
    }
    return Error::success();
  }

  std::vector<double> lossesOfBlocks(int64_t blocks) {
    const int64_t rows = lastRow - firstRow;
    const int64_t columns = lastColumn - firstColumn;
    products.assign(errors.size(), 0.0);
    const ConstMatrix part = {gram.data() + firstColumn * shape[1] + firstColumn, columns, columns,
                              shape[1]};
    addProduct({products.data(), rows, columns, columns}, {errors.data(), rows, columns, columns},
               part, 1.0);
    std::vector<double> losses(blocks);
    for (int64_t row = 0; row < rows; ++row) {
      double loss = 0.0;
      for (int64_t i = row * columns; i < (row + 1) * columns; ++i) {
        loss += errors[i] * products[i];
      }
      losses[row / blockRows] += loss;
    }
    return losses;
  }

  ArrayRef<float> weights;
  ArrayRef<int64_t> shape;
  const ScaleStorage &storage;
  const Scheme &scheme;
  ArrayRef<double> gram;
  const int64_t blockRows;
  std::vector<float> candidateLimits;
  std::vector<double> errors, products;
};
} // namespace

static Error verifyArguments(ArrayRef<float> weights, ArrayRef<int64_t> shape, const Scheme &scheme,
                             ArrayRef<double> gram) {
  if (shape.size() != 2) {
    return createStringError("expected weights of rank 2, found rank %zu", shape.size());
  }
  if (Error error = verifyValues(weights, shape, scheme)) {
    return error;
  }
  if (static_cast<int64_t>(gram.size()) != shape[1] * shape[1]) {
    return createStringError("expected a Gram matrix of %lld x %lld, found %zu elements",
                             static_cast<long long>(shape[1]), static_cast<long long>(shape[1]),
                             gram.size());
  }
  const auto *bad = llvm::find_if(gram, [](double element) { return !std::isfinite(element); });
  if (bad != gram.end()) {
    return createStringError("expected a finite Gram matrix, found %g at [%lld, %lld]", *bad,
                             static_cast<long long>((bad - gram.begin()) / shape[1]),
                             static_cast<long long>((bad - gram.begin()) % shape[1]));
  }
  return Error::success();
}

Expected<std::vector<float>>
quench::numerics::searchClipLimits(ArrayRef<float> weights, ArrayRef<int64_t> shape,
                                   const Scheme &scheme, ArrayRef<double> gram, unsigned threads) {
  if (Error error = verifyArguments(weights, shape, scheme, gram)) {
    return std::move(error);
  }
  Expected<std::vector<BlockFit>> fits = initialFits(weights, shape, scheme, RangeOptions());
  if (!fits) {
    return fits.takeError();
  }
  Expected<ScaleStorage> storage = ScaleStorage::create(*fits, shape, scheme);
  if (!storage) {
    return storage.takeError();
  }
  std::vector<float> limits(fits->size());
  if (weights.empty()) {
    return limits;
  }
  auto blockSize = [&](size_t axis) {
    return scheme.block[axis] == kWhole ? shape[axis] : std::min(scheme.block[axis], shape[axis]);
  };
  const int64_t blockRows = blockSize(0);
  const int64_t blockColumns = blockSize(1);
  const int64_t blocksInRow = (shape[1] + blockColumns - 1) / blockColumns;
  const int64_t pieceRows = std::max<int64_t>(blockRows, 192 / blockRows * blockRows);
  const int64_t pieces = (shape[0] + pieceRows - 1) / pieceRows * blocksInRow;
  std::vector<std::string> errors(pieces);
  quench::parallelFor(threads, pieces, [&](size_t index) {
    ClipPiece piece(weights, shape, *storage, gram, blockRows);
    piece.firstRow = static_cast<int64_t>(index) / blocksInRow * pieceRows;
    piece.lastRow = std::min(piece.firstRow + pieceRows, shape[0]);
    piece.firstColumn = static_cast<int64_t>(index) % blocksInRow * blockColumns;
    piece.lastColumn = std::min(piece.firstColumn + blockColumns, shape[1]);
    piece.firstBlock =
        piece.firstRow / blockRows * blocksInRow + static_cast<int64_t>(index) % blocksInRow;
    piece.blockStride = blocksInRow;
    if (Error error = piece.search(limits)) {
      errors[index] = llvm::toString(std::move(error));
    }
  });
  for (const std::string &error : errors) {
    if (!error.empty()) {
      return createStringError("%s", error.c_str());
    }
  }
  return limits;
}

std::vector<float> quench::numerics::clampBlocks(ArrayRef<float> values, ArrayRef<int64_t> shape,
                                                 const Scheme &scheme, ArrayRef<float> limits) {
  std::vector<float> result(values);
  forEachRun(shape, scheme, [&](int64_t begin, int64_t length, int64_t block) {
    for (int64_t i = begin; i < begin + length; ++i) {
      result[i] = std::clamp(result[i], -limits[block], limits[block]);
    }
  });
  return result;
}
